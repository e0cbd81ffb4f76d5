import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { load, problems, type Slices, web } from "../../support/setting-problems.ts";

const started = { instanceTypes: ["m7g.large"], cpuLimit: 32, memoryLimitGiB: 128 };
const nodes = { kind: "karpenter", release: "1.36.1-20261101", karpenter: started };
const karpenter = (changes: object = {}, ofStarted: object = {}) =>
  ({ nodes: { ...nodes, ...changes, karpenter: { ...started, ...ofStarted } } }) as Slices;

describe("settings of Karpenter", () => {
  it("go with its kind, and have defaults", () => {
    assert.deepEqual(problems(karpenter()), []);
    const { autoscaler } = load(karpenter());
    assert.deepEqual(autoscaler.karpenter?.capacityTypes, ["on-demand"]);
    assert.equal(autoscaler.karpenter?.expireAfterHours, 720);
  });

  it("keep its own nodes on demand, and let a rollout add what the limits hold", () => {
    const types = { instanceTypes: ["m7g.large", "m6g.large"] };
    const { cluster, services } = load(karpenter(types));
    assert.equal(cluster.nodes.capacityType, "ON_DEMAND");
    const { maxReplicas, maxSurge } = services.services.web ?? {};
    assert.equal(maxSurge, maxReplicas);
    const tight = karpenter(types, { cpuLimit: 2 });
    const fewer = load(tight).services.services.web?.maxSurge;
    assert.ok(typeof fewer === "number" && fewer < Number(maxReplicas), `${fewer}`);
    assert.match(
      problems({ ...tight, ...web({ maxSurge: maxReplicas }) } as Slices).join(),
      /too little for all pods at their most/,
    );
  });

  it("keep room free by spare capacity too", () => {
    const autoscaler = { spareCapacity: { replicas: 1 } };
    assert.deepEqual(problems({ ...karpenter(), autoscaler }), []);
  });

  const refusals: [why: string, changes: Slices, message: RegExp][] = [
    [
      "its kind alone",
      { nodes: { kind: "karpenter", release: nodes.release } } as Slices,
      /^nodes\.karpenter: is missing; nodes\.kind karpenter needs it$/,
    ],
    [
      "its block with another kind",
      { nodes: { karpenter: started } } as Slices,
      /^nodes\.karpenter: is not allowed with nodes\.kind managed; allowed: with karpenter$/,
    ],
    [
      "one node for its two pods",
      karpenter({ minSize: 1, desiredSize: 2 }),
      /^nodes\.minSize: 1 is too few with nodes\.kind karpenter/,
    ],
    [
      "Spot for its own nodes",
      karpenter({ capacityType: "SPOT", instanceTypes: ["t4g.medium", "m7g.large"] }),
      /^nodes\.capacityType: SPOT is not allowed with nodes\.kind karpenter/,
    ],
    [
      "no release",
      karpenter({ release: undefined }),
      /^nodes\.release: is missing; nodes\.kind karpenter needs it/,
    ],
    [
      "types of another architecture",
      karpenter({}, { instanceTypes: ["m7i.large"] }),
      /^nodes\.karpenter\.instanceTypes: m7i\.large is amd64, but nodes\.architecture is arm64$/,
    ],
    [
      "another autoscaler",
      { ...karpenter(), autoscaler: { enabled: true } },
      /^autoscaler\.enabled: true is not allowed with nodes\.kind karpenter/,
    ],
    [
      "hours of sleep",
      karpenter({ schedule: { sleep: "0 19 * * 1-5", wake: "0 7 * * 1-5" } }),
      /^nodes\.schedule: is not allowed with nodes\.kind karpenter, whose controller sleeps too/,
    ],
    [
      "a network without a way out",
      { ...karpenter(), network: { egress: "none" } } as Slices,
      /^network\.egress: none is not allowed with nodes\.kind karpenter/,
    ],
    [
      "a tag that it sets",
      { ...karpenter(), tags: { "karpenter.sh/nodepool": "x" } } as Slices,
      /^tags\.karpenter\.sh\/nodepool: is not allowed with nodes\.kind karpenter/,
    ],
    [
      "limits below its pods",
      karpenter({}, { cpuLimit: 1 }),
      /^nodes\.karpenter\.cpuLimit: 1 vCPUs and nodes\.karpenter\.memoryLimitGiB 128 are too little for all pods at their most; allowed: at least \d+ and \d+/,
    ],
    [
      "a group too small for the pods of add-ons",
      karpenter({ instanceTypes: ["t4g.micro"] }),
      /^nodes\.desiredSize: 2 .* is too few for all pods of add-ons at their most: /,
    ],
    [
      "a pod larger than all its types",
      { ...karpenter(), ...web({ cpuMillicores: 3000, cpuLimitMillicores: 3000 }) } as Slices,
      /services\.web: 3000 millicores .* with nodes\.karpenter\.instanceTypes m7g\.large$/,
    ],
    [
      "pods that end later than Spot",
      { ...karpenter({}, { capacityTypes: ["spot", "on-demand"] }), ...web({ drainSeconds: 40 }) },
      /but nodes\.karpenter\.capacityTypes spot at most 120; allowed: shorter times, or nodes\.karpenter\.capacityTypes on-demand, or services\.web\.onDemandOnly true$/,
    ],
    [
      "more nodes than addresses",
      {
        ...karpenter({}, { cpuLimit: 9000, memoryLimitGiB: 36_000 }),
        network: { cidrBlock: "10.0.0.0/19" },
      } as Slices,
      /for AWS and for Karpenter's nodes/,
    ],
  ];
  for (const [why, changes, message] of refusals) {
    it(`are refused with ${why}`, () => {
      const found = problems(changes);
      assert.ok(
        found.some((line) => message.test(line)),
        found.join("\n") || "nothing is refused",
      );
    });
  }

  it("are refused in production with Spot alone", () => {
    const found = problems({
      ...karpenter({}, { capacityTypes: ["spot"] }),
      environment: "production",
    });
    assert.ok(found.some((line) => /^nodes\.karpenter\.capacityTypes: spot alone/.test(line)));
  });

  it("let a pod be on the largest of its types", () => {
    const types = karpenter({}, { instanceTypes: ["m7g.large", "m7g.xlarge"] });
    assert.deepEqual(
      problems({ ...types, ...web({ cpuMillicores: 3000, cpuLimitMillicores: 3000 }) }).filter(
        (line) => line.startsWith("services.web"),
      ),
      [],
    );
  });
});
