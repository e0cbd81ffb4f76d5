import type { CloudResource, World } from "../world.ts";

export const clusterType = "aws:eks/cluster:Cluster";
export const addonType = "aws:eks/addon:Addon";

export function addon(world: World, cluster: string, name: string): CloudResource | undefined {
  const resource = world.get(addonType, `${cluster}:${name}`);
  return resource && resource.status !== "creating" && resource.status !== "deleting"
    ? resource
    : undefined;
}

/** Whether EKS installs CNI, kube-proxy and CoreDNS itself, its default. */
export function selfManaged(world: World, cluster: string): boolean {
  return world.get(clusterType, cluster)?.inputs.bootstrapSelfManagedAddons !== false;
}

export function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

export function minor(version: unknown): number {
  return Number(String(version).split(".")[1]);
}
