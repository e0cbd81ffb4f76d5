import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { nodeGroupPlans, runningOf } from "../../../infra/cluster/node-groups.ts";
import { load, problems, type Slices, web } from "../../support/setting-problems.ts";

const spot = {
  instanceTypes: ["m7g.large", "m6g.large"],
  capacityType: "SPOT",
  minSize: 1,
  maxSize: 4,
};
const groups = (changes: object = {}, more: object = {}): Slices => ({
  autoscaler: { enabled: true },
  nodes: { groups: { spot: { ...spot, ...changes } }, ...more },
});
const production: Slices = {
  environment: "production",
  cluster: { deletionProtection: true },
  ingress: { deletionProtection: true },
  logs: { retentionDays: 30 },
};

describe("settings of further node groups", () => {
  it("are those of the first group, each with its own defaults", () => {
    assert.deepEqual(problems(groups()), []);
    const { cluster, services } = load(groups({ capacityType: undefined }));
    assert.equal(cluster.nodes.groups.spot?.capacityType, "ON_DEMAND");
    assert.equal(services.nodes.spotFirst, false);
    assert.equal(load(groups()).services.nodes.spotFirst, true);
  });

  it("give room: what the first group does not hold, they hold", () => {
    const many = web({ maxReplicas: 20, cpuMillicores: 500 });
    assert.match(
      problems({ ...many, autoscaler: { enabled: true } }).join(),
      /^nodes\.maxSize: 4 is too few for all pods at their most/,
    );
    assert.deepEqual(problems({ ...many, ...groups({ maxSize: 8 }) }), []);
    // A pod that is larger than a node of the first group runs on one of another.
    const large = web({ memoryMiB: 4000, maxReplicas: 2 });
    assert.match(problems({ ...large, autoscaler: { enabled: true } }).join(), /more than a node/);
    assert.deepEqual(problems({ ...large, ...groups({ maxSize: 8 }) }), []);
  });

  it("give none on Spot to what may not be there", () => {
    const many = web({ maxReplicas: 20, cpuMillicores: 500, onDemandOnly: true });
    assert.match(
      problems({ ...many, ...groups({ maxSize: 40 }) }).join(),
      /^nodes\.maxSize: 4 is too few for all pods at their most: no room for \d+ of 21 web; allowed: at least \d+$/,
    );
    assert.deepEqual(problems({ ...many, ...groups({}, { maxSize: 40 }) }), []);
  });

  it("let a service that ends slowly run beside Spot nodes, on on-demand ones", () => {
    const slow = { drainSeconds: 200 };
    assert.match(
      problems({ ...groups(), ...web(slow) }).join(),
      /but nodes\.groups\.spot\.capacityType SPOT at most 120; allowed: shorter times, or nodes\.groups\.spot\.capacityType ON_DEMAND, or services\.web\.onDemandOnly true$/,
    );
    assert.deepEqual(problems({ ...groups(), ...web({ ...slow, onDemandOnly: true }) }), []);
  });

  const refusals: [why: string, changes: Slices, message: RegExp][] = [
    [
      "sizes in no order",
      groups({ minSize: 5 }),
      /^nodes\.groups\.spot\.minSize: 5 is above nodes\.groups\.spot\.maxSize 4$/,
    ],
    [
      "a desired size outside them",
      groups({ desiredSize: 9 }),
      /^nodes\.groups\.spot\.desiredSize: 9 is not between/,
    ],
    [
      "another architecture",
      groups({ instanceTypes: ["m7i.large", "m6i.large"] }),
      /^nodes\.groups\.spot\.instanceTypes: m7i\.large is amd64, but nodes\.architecture is arm64/,
    ],
    [
      "Spot of a single type",
      groups({ instanceTypes: ["m7g.large"] }),
      /^nodes\.groups\.spot\.instanceTypes: m7g\.large is not enough/,
    ],
    [
      "types of two sizes on demand",
      groups({ capacityType: "ON_DEMAND", instanceTypes: ["m7g.large", "m7g.xlarge"] }),
      /^nodes\.groups\.spot\.instanceTypes: m7g\.xlarge has not the vCPUs and memory of m7g\.large/,
    ],
    [
      "no node, from which the autoscaler would know its label",
      groups({ minSize: 0 }),
      /^nodes\.groups\.spot\.minSize: 0 is not allowed: at least 1$/,
    ],
    [
      "Karpenter",
      {
        nodes: {
          ...{ kind: "karpenter", release: "1.36.1-20261101", groups: { spot } },
          karpenter: { instanceTypes: ["m7g.large"], cpuLimit: 32, memoryLimitGiB: 128 },
        },
      },
      /^nodes\.groups\.spot: is not allowed with nodes\.kind karpenter/,
    ],
    [
      "Spot alone for a service that may not be there",
      {
        ...groups({}, { capacityType: "SPOT", instanceTypes: ["t4g.medium", "m7g.medium"] }),
        ...web({ onDemandOnly: true }),
      },
      /services\.web\.onDemandOnly: true finds no node: all are Spot instances/,
    ],
    [
      "a zone without a node",
      groups({}, { groupPerZone: true }),
      /^nodes\.groups\.spot\.minSize: 1 is too few with nodes\.groupPerZone in 2 zones/,
    ],
    [
      "instances that wait on Spot",
      groups({ warmPool: { size: 1 } }),
      /^nodes\.groups\.spot\.warmPool: is not allowed with nodes\.groups\.spot\.capacityType SPOT/,
    ],
    [
      "instances that wait for nothing",
      { nodes: { warmPool: { size: 1 } } },
      /^nodes\.warmPool: needs autoscaler\.enabled/,
    ],
    [
      "addresses for fewer nodes",
      { ...groups({ maxSize: 60 }), network: { cidrBlock: "10.0.0.0/19" } },
      /^nodes\.maxSize: 4 needs \d+ addresses in a private subnet/,
    ],
    [
      "Spot in production that on-demand nodes cannot stand in for",
      {
        ...production,
        ...groups({ maxSize: 20 }),
        ...web({ cpuMillicores: 500, minReplicas: 12, maxReplicas: 12 }),
      },
      /^nodes\.groups\.spot\.capacityType: SPOT is not allowed in production where on-demand nodes do not hold all pods at their fewest: no room for \d+ web/,
    ],
  ];
  for (const [why, changes, message] of refusals) {
    it(`are refused with ${why}`, () => assert.match(problems(changes).join("\n"), message));
  }

  it("share the sizes of one group out over the zones, and keep the sum", () => {
    const perZone = {
      groupPerZone: true,
      minSize: 3,
      desiredSize: 3,
      maxSize: 5,
      warmPool: { size: 1 },
    };
    const { cluster, services } = load(groups({ minSize: 2 }, perZone));
    assert.equal(services.nodes.hardSpread, true);
    assert.deepEqual(
      nodeGroupPlans(cluster.nodes, 2).map(
        ({ key, zones, minSize, desiredSize, maxSize, warmPool }) =>
          [key, zones, minSize, desiredSize, maxSize, warmPool?.size].join(" "),
      ),
      ["1 0 2 2 3 1", "2 1 1 1 2 ", "spot-1 0 1 1 2 ", "spot-2 1 1 1 2 "],
    );
  });

  it("begin a group with what ran of its settings before, in one group or in one a zone", () => {
    const { nodes } = load(groups({ minSize: 2 }, { minSize: 2, desiredSize: 2 })).cluster;
    const run = (desiredSize: number) => ({ minSize: 1, desiredSize, maxSize: 9, replaced: false });
    const began = (perZone: boolean, running: Record<string, ReturnType<typeof run>>) =>
      nodeGroupPlans({ ...nodes, groupPerZone: perZone }, 2).map(
        (plan) => runningOf(plan, running, 2)?.desiredSize,
      );
    assert.deepEqual(began(true, { "": run(5), spot: run(2) }), [3, 2, 1, 1]);
    assert.deepEqual(began(false, { 1: run(3), 2: run(2), "spot-2": run(1) }), [5, 1]);
    assert.deepEqual(began(false, {}), [undefined, undefined]);
  });

  it("prove room zone by zone where pods are spread hard", () => {
    // Three nodes hold three such pods each, but the second zone has one of them.
    const many = web({ cpuMillicores: 2400, cpuLimitMillicores: 2400, maxSurge: 4 });
    const sizes = { instanceTypes: ["m7g.2xlarge"], minSize: 2, maxSize: 3 };
    const autoscaler = { enabled: true };
    assert.deepEqual(problems({ ...many, autoscaler, nodes: sizes }), []);
    const perZone = { ...many, autoscaler, nodes: { ...sizes, groupPerZone: true } };
    assert.deepEqual(problems(perZone), [
      "nodes.maxSize: 3 is too few for all pods at their most: no room for 1 of 8 web; allowed: at least 4",
    ]);
  });

  it("let production mix Spot with on-demand nodes that hold its pods at their fewest", () =>
    assert.deepEqual(problems({ ...production, ...groups({ maxSize: 20 }) }), []));
});
