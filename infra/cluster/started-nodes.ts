import {
  mostNodes,
  nodesFor,
  type OptionalAddons,
  type Pods,
  type Room,
  smallestRoom,
} from "./capacity.ts";
import { type InstanceType, instanceType } from "./instance-types.ts";
import { addressesOf, mostPods, type PodAddresses } from "./pod-addresses.ts";

/** Limits of what Karpenter starts, by what its nodes have and not by what pods ask for. */
export interface Limits {
  cpuLimit: number;
  memoryLimitGiB: number;
}

/** Nodes of one type that the limits allow. */
function mostOf({ vcpus, memoryMiB }: InstanceType, { cpuLimit, memoryLimitGiB }: Limits): number {
  return Math.floor(Math.min(cpuLimit / vcpus, (memoryLimitGiB * 1024) / memoryMiB));
}

/**
 * Pods that each node of these types may have with prefixes: one number for all of them, as Karpenter takes it. 110
 * for a type that is not known. Without it Karpenter counts single addresses (pkg/providers/instancetype/types.go).
 */
export function podsOfStarted(instanceTypes: string[]): number {
  const numbers = instanceTypes.map((name) => {
    const type = instanceType(name);
    return type ? mostPods(type, true) : 110;
  });
  return Math.min(...numbers);
}

/** The room of each of the types; `undefined` where it is not known. */
export function roomsOfStarted(
  instanceTypes: string[],
  addons: OptionalAddons,
): (Room | undefined)[] {
  const prefixes = addons.prefixes && "all";
  return instanceTypes.map((name) => {
    const [type, room] = [instanceType(name), smallestRoom([name], { ...addons, prefixes })];
    const fewer = type && prefixes ? mostPods(type, true) - podsOfStarted(instanceTypes) : 0;
    return room && { ...room, pods: room.pods - fewer };
  });
}

/** Addresses of one subnet that these nodes take at most, evenly over the zones. */
export function addressesOfStarted(
  limits: (Limits & { instanceTypes: string[] }) | undefined,
  zones: number,
  addresses: PodAddresses,
): number {
  if (!limits) return 0;
  const types = limits.instanceTypes.map(instanceType).filter((type) => type !== undefined);
  return Math.max(
    0,
    ...types.map((type) => Math.ceil(mostOf(type, limits) / zones) * addressesOf(type, addresses)),
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
  const rooms = roomsOfStarted(of.instanceTypes, of.addons);
  return of.instanceTypes
    .flatMap((name, at) => {
      const [type, room] = [instanceType(name), rooms[at]];
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
