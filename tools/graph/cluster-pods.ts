import { clusterPods, filesAddon, type Pods } from "../../infra/cluster/capacity.ts";
import { startedNodesOf } from "./node-pool.ts";
import type { Resource } from "./resource.ts";

/** The pods that are once in the cluster, by its add-ons and charts. */
export function clusterPodsOf(resources: Resource[]): Pods[] {
  const runs = (chart: string) => resources.some(({ inputs }) => inputs.chart === chart);
  const by = startedNodesOf(resources)?.by;
  return clusterPods({
    autoscaler: runs("cluster-autoscaler"),
    karpenter: by === "Karpenter",
    auto: by === "EKS Auto Mode",
    keda: runs("keda"),
    files: resources.some(({ inputs }) => inputs.addonName === filesAddon),
  });
}
