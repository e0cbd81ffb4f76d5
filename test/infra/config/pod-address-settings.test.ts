import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { load, problems } from "../../support/setting-problems.ts";

const cluster = (podAddresses: object) => ({ cluster: { podAddresses } });

describe("addresses of pods by the settings", () => {
  it("are single ones, unless the stack says otherwise", () => {
    assert.deepEqual(load({}).cluster.podAddresses, { prefixDelegation: false });
    assert.equal(load({}).preflight.prefixes, undefined);
    const on = cluster({ prefixDelegation: true });
    assert.equal(load(on).preflight.prefixes, "few");
    assert.equal(
      load({ ...on, nodes: { operatingSystem: "bottlerocket" } }).preflight.prefixes,
      "all",
    );
  });

  it("have targets that go together", () => {
    assert.deepEqual(problems(cluster({ warmPrefixTarget: 2 })), [
      "cluster.podAddresses.warmPrefixTarget: 2 goes with cluster.podAddresses.prefixDelegation true; without it there are no prefixes",
    ]);
    const both = { prefixDelegation: true, warmPrefixTarget: 2, warmIpTarget: 5 };
    assert.deepEqual(problems(cluster(both)), [
      "cluster.podAddresses.warmPrefixTarget: 2 goes without cluster.podAddresses.warmIpTarget, which takes its place",
    ]);
    assert.deepEqual(problems(cluster({ minimumIpTarget: 5 })), [
      "cluster.podAddresses.minimumIpTarget: 5 needs cluster.podAddresses.warmIpTarget, or a node never takes more; allowed: with at least 1",
    ]);
    assert.deepEqual(problems(cluster({ prefixDelegation: true, warmIpTarget: 5 })), []);
  });

  it("fit into the subnets, at worst each single one in a /28 of its own", () => {
    const large = { instanceTypes: ["m7g.large"], maxSize: 20 };
    const inNetwork = (cidrBlock: string, podAddresses: object) =>
      problems({ network: { cidrBlock }, nodes: large, ...cluster(podAddresses) });
    assert.deepEqual(inNetwork("10.0.0.0/16", { prefixDelegation: true }), []);
    assert.deepEqual(inNetwork("10.0.0.0/19", {}), []);
    const [line = ""] = inNetwork("10.0.0.0/19", { prefixDelegation: true });
    assert.match(
      line,
      /^nodes\.maxSize: 20 needs \d+ addresses in a private subnet \(144 a node, 352 for AWS, in prefixes of 16\), but with network\.cidrBlock 10\.0\.0\.0\/19 it has 480; allowed: a larger network$/,
    );
  });

  it("fit into the subnets with Karpenter's nodes too", () => {
    const nodes = {
      kind: "karpenter",
      release: "1.36.2-20261112",
      karpenter: { instanceTypes: ["m7g.large"], cpuLimit: 100, memoryLimitGiB: 400 },
    };
    const of = (prefixDelegation: boolean) =>
      problems({
        network: { cidrBlock: "10.0.0.0/17" },
        nodes,
        autoscaler: { enabled: false },
        ...cluster({ prefixDelegation }),
      }).filter((line) => line.startsWith("nodes.maxSize"));
    assert.deepEqual(of(false), []);
    assert.match(of(true).join("\n"), /for AWS and for Karpenter's nodes, in prefixes of 16/);
  });
});
