import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { podWith } from "../../support/pod-with.ts";

const platform = { "kubernetes.io/os": "linux", "kubernetes.io/arch": "arm64" };

describe("the nodes of a pod", () => {
  it("are all of its platform, and its zones as evenly as there is room", () => {
    const { nodeSelector, affinity, topologySpreadConstraints } = podWith({});
    assert.deepEqual(nodeSelector, platform);
    assert.equal(affinity, undefined);
    assert.deepEqual(
      topologySpreadConstraints.map((one: { whenUnsatisfiable: string }) => one.whenUnsatisfiable),
      ["ScheduleAnyway", "ScheduleAnyway"],
    );
  });

  it("are on demand alone where it may not be interrupted, by the label of who starts them", () => {
    const onDemandOnly = { onDemandOnly: true, nodes: { spotFirst: true } };
    const startedBy = (by: "Karpenter" | "EKS Auto Mode") =>
      podWith({ onDemandOnly: true, nodes: { startedBy: by } });
    assert.deepEqual(podWith(onDemandOnly).nodeSelector, {
      ...platform,
      "eks.amazonaws.com/capacityType": "ON_DEMAND",
    });
    assert.equal(podWith(onDemandOnly).affinity, undefined);
    assert.deepEqual(startedBy("Karpenter").nodeSelector, {
      ...platform,
      "karpenter.sh/capacity-type": "on-demand",
      "karpenter.sh/nodepool": "default",
    });
    assert.deepEqual(startedBy("EKS Auto Mode").nodeSelector, {
      ...platform,
      "karpenter.sh/capacity-type": "on-demand",
    });
  });

  it("are in different zones, and never on hosts of their own, where nodes are started for them", () => {
    for (const startedBy of ["Karpenter", "EKS Auto Mode"] as const) {
      const spread = podWith({ nodes: { startedBy } }).topologySpreadConstraints;
      assert.deepEqual(
        spread.map(({ topologyKey, whenUnsatisfiable, maxSkew }: Record<string, unknown>) => [
          ...[topologyKey, whenUnsatisfiable, maxSkew],
        ]),
        [["topology.kubernetes.io/zone", "ScheduleAnyway", 1]],
      );
    }
  });

  it("are Spot first, and no Spot at need, where a stack has both", () => {
    const { nodeSelector, affinity } = podWith({ nodes: { spotFirst: true } });
    assert.deepEqual(nodeSelector, platform);
    const { requiredDuringSchedulingIgnoredDuringExecution: required, ...soft } =
      affinity.nodeAffinity;
    assert.equal(required, undefined);
    assert.deepEqual(
      soft.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions,
      [{ key: "eks.amazonaws.com/capacityType", operator: "In", values: ["SPOT"] }],
    );
  });

  it("are in no zone more than in another where each zone can grow, on hosts as there is room", () => {
    const spread = podWith({ nodes: { hardSpread: true } }).topologySpreadConstraints;
    assert.deepEqual(
      spread.map((one: { topologyKey: string; whenUnsatisfiable: string }) => [
        one.topologyKey,
        one.whenUnsatisfiable,
      ]),
      [
        ["topology.kubernetes.io/zone", "DoNotSchedule"],
        ["kubernetes.io/hostname", "ScheduleAnyway"],
      ],
    );
  });
});
