import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Manifest } from "../../../tools/graph/manifests.ts";
import { podsOf, servicePods } from "../../../tools/graph/workload-pods.ts";

const container = (cpu: string) => ({
  name: "main",
  resources: { requests: { cpu, memory: "256Mi" } },
});
const object = (kind: string, namespace: string, spec: object): Manifest => ({
  apiVersion: "v1",
  kind,
  metadata: { name: "main", namespace },
  spec,
});
const deployment = (namespace: string, cpu: string, more: object = {}, pod: object = {}) =>
  object("Deployment", namespace, {
    template: { spec: { containers: [container(cpu)], ...pod } },
    ...more,
  });
const surge = (maxSurge: number | string) => ({ strategy: { rollingUpdate: { maxSurge } } });

describe("the pods of Deployments", () => {
  const scaled = [
    deployment("web", "100m", { replicas: 3, ...surge("25%") }),
    object("HorizontalPodAutoscaler", "web", {
      scaleTargetRef: { kind: "Deployment", name: "main" },
      minReplicas: 2,
      maxReplicas: 10,
    }),
  ];
  const count = (...of: Parameters<typeof servicePods>) => servicePods(...of)[0]?.count;

  it("are counted at their most or their fewest, with a rollout's or at rest", () => {
    assert.equal(count(scaled), 13);
    assert.equal(count(scaled, { rollout: false }), 10);
    assert.equal(count(scaled, { bound: "least" }), 3);
    assert.equal(count(scaled, { bound: "least", rollout: false }), 2);
  });

  it("are the replicas where nothing scales them, and one where nothing is said", () => {
    assert.equal(count([deployment("web", "100m", { replicas: 3, ...surge(2) })]), 5);
    assert.equal(count([deployment("web", "100m", { replicas: 0 })]), 0);
    assert.equal(count([deployment("web", "100m")]), 1);
  });

  it("come with their namespace, requests and grace, the largest first", () => {
    const pods = servicePods([
      deployment("small", "100m"),
      object("CronJob", "jobs", {}),
      deployment("large", "900m", { replicas: 2 }, { terminationGracePeriodSeconds: 95 }),
    ]);
    const memoryMiB = 256;
    assert.deepEqual(pods, [
      {
        ...{ name: "large", count: 2, cpuMillicores: 900, memoryMiB },
        ...{ spread: false, graceSeconds: 95 },
      },
      {
        ...{ name: "small", count: 1, cpuMillicores: 100, memoryMiB },
        // Kubernetes' default.
        ...{ spread: false, graceSeconds: 30 },
      },
    ]);
  });

  it("are spread where a constraint must hold", () => {
    const spread = (...constraints: string[]) =>
      podsOf(
        {
          containers: [container("1")],
          topologySpreadConstraints: constraints.map((whenUnsatisfiable) => ({
            whenUnsatisfiable,
          })),
        },
        1,
      ).spread;
    assert.equal(spread("ScheduleAnyway", "DoNotSchedule"), true);
    assert.equal(spread("ScheduleAnyway"), false);
    assert.equal(spread(), false);
  });
});
