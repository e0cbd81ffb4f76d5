import assert from "node:assert/strict";
import { describe, it } from "mocha";
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
    assert.equal(services.spotFirst, false);
    assert.equal(load(groups()).services.spotFirst, true);
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

  it("let production mix Spot with on-demand nodes that hold its pods at their fewest", () =>
    assert.deepEqual(problems({ ...production, ...groups({ maxSize: 20 }) }), []));
});
