import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { clockOf } from "../../../infra/services/clock.ts";
import { servicePod } from "../../../infra/services/pod-spec.ts";
import type { ServiceArgs } from "../../../infra/services/service-args.ts";
import { serviceSettings, surroundings } from "../../support/service-args.ts";

const podWith = (changes: Partial<ServiceArgs>) => {
  const args = {
    ...{ ...serviceSettings, ...surroundings, name: "web", image: "web@sha256:0" },
    ...{ callers: [], edge: {}, ...changes },
  } as unknown as ServiceArgs;
  const parts = { serviceAccountName: "web", secretProviderClasses: {}, claims: {} };
  const pod = servicePod(args, clockOf(args, args.ingress), { name: "web" }, parts);
  // biome-ignore lint/suspicious/noExplicitAny: a pod's fields, which are inputs of outputs
  return pod as any;
};
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

  for (const startedBy of ["Karpenter", "EKS Auto Mode"] as const) {
    it(`are spread over zones alone where ${startedBy} starts one for each pod that prefers another host`, () => {
      const spread = podWith({ nodes: { startedBy } }).topologySpreadConstraints;
      assert.deepEqual(
        spread.map(({ topologyKey }: { topologyKey: string }) => topologyKey),
        ["topology.kubernetes.io/zone"],
      );
    });
  }
});
