import {
  clusterPods,
  filesAddon,
  identityAddon,
  type OptionalAddons,
  type Pods,
  secretsAddon,
} from "../../infra/cluster/capacity.ts";
import { type PodAddresses, podAddressesOf } from "../../infra/cluster/pod-addresses.ts";
import { startedNodesOf } from "./node-pool.ts";
import type { Resource } from "./resource.ts";

const hasAddon = (resources: Resource[], name: string) =>
  resources.some(({ inputs }) => inputs.addonName === name);

/** The pods that are once in the cluster, by its add-ons and charts. */
export function clusterPodsOf(resources: Resource[]): Pods[] {
  const runs = (chart: string) => resources.some(({ inputs }) => inputs.chart === chart);
  const by = startedNodesOf(resources)?.by;
  return clusterPods({
    autoscaler: runs("cluster-autoscaler"),
    karpenter: by === "Karpenter",
    auto: by === "EKS Auto Mode",
    keda: runs("keda"),
    files: hasAddon(resources, filesAddon),
  });
}

/** The add-ons of a plan that have pods on each node, and the addresses of these. */
export function addonsOnNodes(resources: Resource[]): OptionalAddons {
  const { prefixDelegation } = podAddressesIn(resources);
  return {
    secrets: hasAddon(resources, secretsAddon),
    files: hasAddon(resources, filesAddon),
    podIdentity: hasAddon(resources, identityAddon),
    ...(prefixDelegation && { prefixes: hasBottlerocket(resources) ? "all" : "few" }),
  };
}

const hasBottlerocket = (resources: Resource[]) =>
  resources.some(({ inputs }) => String(inputs.amiType).startsWith("BOTTLEROCKET"));

/** How the nodes of a plan get the addresses of their pods. */
export const podAddressesIn = (resources: Resource[]): PodAddresses =>
  podAddressesOf(
    resources.find(({ inputs }) => inputs.addonName === "vpc-cni")?.inputs.configurationValues,
  );
