import {
  filesAddon,
  identityAddon,
  type OptionalAddons,
  secretsAddon,
} from "../../../../infra/cluster/capacity.ts";
import type { CloudResource, World } from "../world.ts";

export const clusterType = "aws:eks/cluster:Cluster";
export const addonType = "aws:eks/addon:Addon";

export function addon(world: World, cluster: string, name: string): CloudResource | undefined {
  const resource = world.get(addonType, `${cluster}:${name}`);
  return resource && resource.status !== "creating" && resource.status !== "deleting"
    ? resource
    : undefined;
}

/** The add-ons that bring more pods to every node of the cluster. */
export function driversOf(world: World, cluster: string): OptionalAddons {
  const has = (name: string) => addon(world, cluster, name) !== undefined;
  return {
    secrets: has(secretsAddon),
    files: has(filesAddon),
    podIdentity: has(identityAddon),
  };
}

/** Whether EKS installs CNI, kube-proxy and CoreDNS itself, its default. */
export function selfManaged(world: World, cluster: string): boolean {
  return world.get(clusterType, cluster)?.inputs.bootstrapSelfManagedAddons !== false;
}

/** Whether EKS Auto Mode starts the nodes of the cluster. */
export function isAuto(world: World, cluster: string): boolean {
  return world.get(clusterType, cluster)?.inputs.computeConfig?.enabled === true;
}

/** The nodes that Karpenter, or that of EKS Auto Mode, has asked AWS for. */
export const nodeClaimType = "kubernetes:karpenter.sh/v1:NodeClaim";
export const autoClassType = "kubernetes:eks.amazonaws.com/v1:NodeClass";

export function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

export function minor(version: unknown): number {
  return Number(String(version).split(".")[1]);
}
