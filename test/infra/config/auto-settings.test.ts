import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { load, problems, type Slices, valid, web } from "../../support/setting-problems.ts";

const started = { instanceTypes: ["m7g.large"], cpuLimit: 32, memoryLimitGiB: 128 };
/** Without what a managed group has: JSON leaves out what is undefined. */
const none = Object.fromEntries(Object.keys(valid.nodes).map((key) => [key, undefined]));
const auto = (ofStarted: object = {}, ofNodes: object = {}) =>
  ({
    nodes: { ...none, kind: "auto", auto: { ...started, ...ofStarted }, ...ofNodes },
  }) as Slices;

describe("settings of EKS Auto Mode", () => {
  it("go with its kind, without those of a managed group, and have defaults", () => {
    assert.deepEqual(problems(auto()), []);
    const { cluster, autoscaler, services } = load(auto());
    assert.deepEqual(cluster.nodes.auto?.capacityTypes, ["on-demand"]);
    assert.equal(cluster.nodes.auto?.expireAfterHours, 336);
    assert.equal(cluster.nodes.operatingSystem, "bottlerocket");
    assert.deepEqual([autoscaler.karpenter, autoscaler.auto], [undefined, true]);
    assert.equal(services.nodes.startedBy, "EKS Auto Mode");
  });

  it("let a rollout add what the limits hold beside the pods of add-ons", () => {
    const { maxReplicas, maxSurge } = load(auto()).services.services.web ?? {};
    assert.equal(maxSurge, maxReplicas);
    // Two nodes have 2,940 millicores, of which add-ons ask for 500: 23 pods fit, but not 27.
    const tight = { ...auto({ cpuLimit: 4 }), ...web({ maxReplicas: 18, cpuMillicores: 100 }) };
    assert.equal(load(tight as Slices).services.services.web?.maxSurge, 5);
  });

  it("keep room free by spare capacity", () => {
    const autoscaler = { spareCapacity: { replicas: 1 } };
    assert.deepEqual(problems({ ...auto(), autoscaler }), []);
  });

  const group = /is not allowed: nothing of a managed node group with nodes\.kind auto/;
  const refusals: [why: string, changes: Slices, message: RegExp][] = [
    ["its kind alone", auto({}, { auto: undefined }), /^nodes\.auto: is missing; nodes\.kind auto/],
    [
      "its block with another kind",
      { nodes: { auto: started } } as Slices,
      /^nodes\.auto: is not allowed with nodes\.kind managed; allowed: with auto$/,
    ],
    ...(
      [
        ["instanceTypes", ["t4g.medium"]],
        ["minSize", 2],
        ["desiredSize", 2],
        ["maxSize", 4],
        ["capacityType", "SPOT"],
        ["release", "1.36.1-20261101"],
        ["operatingSystem", "al2023"],
        ["schedule", { sleep: "0 19 * * 1-5", wake: "0 7 * * 1-5" }],
      ] as const
    ).map(([key, value]): [string, Slices, RegExp] => [
      `${key} of a managed group`,
      auto({}, { [key]: value }),
      new RegExp(`^nodes\\.${key}: .*${group.source}`),
    ]),
    [
      "more hours than AWS lets an instance live",
      auto({ expireAfterHours: 505 }),
      /^nodes\.auto\.expireAfterHours: 505 is not allowed: at most 504$/,
    ],
    [
      "types of another architecture",
      auto({ instanceTypes: ["m7i.large"] }),
      /^nodes\.auto\.instanceTypes: m7i\.large is amd64, but nodes\.architecture is arm64$/,
    ],
    [
      "another autoscaler",
      { ...auto(), autoscaler: { enabled: true } },
      /^autoscaler\.enabled: true is not allowed with nodes\.kind auto: both/,
    ],
    [
      "a network without a way out",
      { ...auto(), network: { egress: "none" } } as Slices,
      /^network\.egress: none is not allowed with nodes\.kind auto/,
    ],
    [
      "a tag that it sets",
      { ...auto(), tags: { "eks:eks-cluster-name": "x" } } as Slices,
      /^tags\.eks:eks-cluster-name: is not allowed with nodes\.kind auto/,
    ],
    [
      "a pin of an add-on that it has built in",
      { ...auto(), cluster: { addonVersions: { coredns: "v1.12.4-eksbuild.1" } } } as Slices,
      /^cluster\.addonVersions\.coredns: v1\.12\.4-eksbuild\.1 is not allowed with nodes\.kind auto/,
    ],
    [
      "a pin of the agent of EKS Pod Identity, which it has built in too",
      {
        ...auto(),
        cluster: {
          identity: "podIdentity",
          addonVersions: { "eks-pod-identity-agent": "v1.3.10-eksbuild.1" },
        },
      } as Slices,
      /^cluster\.addonVersions\.eks-pod-identity-agent: v1\.3\.10-eksbuild\.1 is not allowed with nodes\.kind auto/,
    ],
    [
      "prefixes of the VPC CNI",
      { ...auto(), cluster: { podAddresses: { prefixDelegation: true } } } as Slices,
      /^cluster\.podAddresses\.prefixDelegation: true is not allowed with nodes\.kind auto/,
    ],
    [
      "limits below its pods",
      auto({ cpuLimit: 1 }),
      /^nodes\.auto\.cpuLimit: 1 vCPUs and nodes\.auto\.memoryLimitGiB 128 are too little for all pods at their most; allowed: at least \d+ and \d+/,
    ],
    [
      "a pod larger than all its types",
      { ...auto(), ...web({ cpuMillicores: 3000, cpuLimitMillicores: 3000 }) } as Slices,
      /services\.web: 3000 millicores .* with nodes\.auto\.instanceTypes m7g\.large$/,
    ],
    [
      "pods that end later than Spot",
      { ...auto({ capacityTypes: ["spot", "on-demand"] }), ...web({ drainSeconds: 40 }) },
      /but nodes\.auto\.capacityTypes spot at most 120; allowed: shorter times, or nodes\.auto\.capacityTypes on-demand, or services\.web\.onDemandOnly true$/,
    ],
    [
      "Spot alone in production",
      { ...auto({ capacityTypes: ["spot"] }), environment: "production" },
      /^nodes\.auto\.capacityTypes: spot alone is not allowed in production/,
    ],
    [
      "more nodes than addresses, which it takes in prefixes of 16",
      {
        ...auto({ cpuLimit: 160, memoryLimitGiB: 640 }),
        network: { cidrBlock: "10.0.0.0/19" },
      } as Slices,
      /^nodes\.auto\.cpuLimit: 160 vCPUs and nodes\.auto\.memoryLimitGiB 640 need \d+ addresses in a private subnet, but with network\.cidrBlock 10\.0\.0\.0\/19 it has 507/,
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

  for (const key of ["instanceTypes", "minSize", "maxSize"]) {
    it(`do not make ${key} optional for a managed group`, () => {
      const found = problems({ nodes: { [key]: undefined } } as Slices);
      assert.ok(
        found.some((line) => line.startsWith(`nodes.${key}: is missing; allowed: `)),
        found.join("\n"),
      );
    });
  }
});
