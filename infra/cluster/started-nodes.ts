import {
  addressesOf,
  mostNodes,
  nodesFor,
  type OptionalAddons,
  type Pods,
  smallestRoom,
} from "./capacity.ts";
import { type InstanceType, instanceType } from "./instance-types.ts";

/** The name of Karpenter's NodePool, and of its EC2NodeClass. */
export const nodePool = "default";

/**
 * Selects nodes that Karpenter starts. Pods of services and jobs take no room of the managed group, which is
 * sized for add-ons; and where the kind of nodes changes, a rollout moves them to the new nodes.
 */
export const startedNodes = { "karpenter.sh/nodepool": nodePool };

/** Limits of what Karpenter starts, by what its nodes have and not by what pods ask for. */
export interface Limits {
  cpuLimit: number;
  memoryLimitGiB: number;
}

/** Nodes of one type that the limits allow. */
function mostOf({ vcpus, memoryMiB }: InstanceType, { cpuLimit, memoryLimitGiB }: Limits): number {
  return Math.floor(Math.min(cpuLimit / vcpus, (memoryLimitGiB * 1024) / memoryMiB));
}

/** Addresses of one subnet that these nodes take at most, evenly over the zones. */
export function addressesOfStarted(
  limits: (Limits & { instanceTypes: string[] }) | undefined,
  zones: number,
): number {
  if (!limits) return 0;
  const types = limits.instanceTypes.map(instanceType).filter((type) => type !== undefined);
  return Math.max(
    0,
    ...types.map((type) => Math.ceil(mostOf(type, limits) / zones) * addressesOf(type)),
  );
}

/**
 * For each type whose nodes hold all pods, the least limits that allow so many, those with the fewest
 * vCPUs first. Empty where no type is known, or none holds them. Karpenter also mixes types, so they are
 * an upper bound.
 */
export function limitsFor(
  pods: Pods[],
  of: { instanceTypes: string[]; zones: number; addons: OptionalAddons },
): Limits[] {
  return of.instanceTypes
    .flatMap((name) => {
      const [type, room] = [instanceType(name), smallestRoom([name], of.addons)];
      const bounds = { zones: of.zones, atLeast: 1, atMost: mostNodes };
      const nodes = room && nodesFor(pods, { room, ...bounds });
      return type && nodes
        ? [
            {
              cpuLimit: nodes * type.vcpus,
              memoryLimitGiB: Math.ceil((nodes * type.memoryMiB) / 1024),
            },
          ]
        : [];
    })
    .sort((a, b) => a.cpuLimit - b.cpuLimit);
}
