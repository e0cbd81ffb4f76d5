import type { Pods } from "../../infra/cluster/capacity.ts";
import { capacityTypeLabel } from "../../infra/cluster/node-groups.ts";
import { surgeOf } from "../../infra/services/rollout.ts";
import { type Manifest, podSpecOf, requestsOf, scaleOf } from "./manifests.ts";
import type { Properties } from "./resource.ts";

/** The max., or min., pods of each Deployment with the surge of a rollout or without, the largest first. */
export function servicePods(
  manifests: Manifest[],
  { bound = "most", rollout = true }: { bound?: "most" | "least"; rollout?: boolean } = {},
): (Pods & { graceSeconds: number })[] {
  return manifests
    .filter(({ kind }) => kind === "Deployment")
    .map((deployment) => {
      const { metadata, spec } = deployment;
      const pod = podSpecOf(deployment) ?? {};
      const pods = scaleOf(deployment, manifests)?.[bound] ?? spec.replicas ?? 1;
      const { maxSurge } = spec.strategy?.rollingUpdate ?? {};
      const surge = rollout && maxSurge !== undefined ? surgeOf(maxSurge, pods) : 0;
      return {
        ...podsOf(pod, pods + surge),
        name: metadata.namespace ?? metadata.name,
        graceSeconds: pod.terminationGracePeriodSeconds ?? 30,
      };
    })
    .sort(bySize);
}

/** So many pods of a pod template, with what each asks for. */
export function podsOf(pod: Properties, count: number): Omit<Pods, "name"> {
  const spreads: Properties[] = pod.topologySpreadConstraints ?? [];
  return {
    ...requestsOf(pod),
    count,
    spread: spreads.some(({ whenUnsatisfiable }) => whenUnsatisfiable === "DoNotSchedule"),
    ...(pod.nodeSelector?.[capacityTypeLabel] === "ON_DEMAND" && { onDemand: true }),
  };
}

/** The largest first. */
export const bySize = (a: Pods, b: Pods) => b.cpuMillicores - a.cpuMillicores;
