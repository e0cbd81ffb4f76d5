import type { AutoNodesConfig, NodesConfig } from "../config/schema.ts";
import {
  mostNodes,
  nodesFor,
  type OptionalAddons,
  type Pods,
  type Room,
  smallestRoom,
} from "./capacity.ts";
import { type InstanceType, instanceType } from "./instance-types.ts";
import { addressesOf, mostPods, type PodAddresses, prefixSize } from "./pod-addresses.ts";

/** The name of Karpenter's NodePool, and of its EC2NodeClass. */
export const nodePool = "default";

/**
 * Selects nodes that Karpenter starts. Pods of services and jobs take no room of the managed group, which is
 * sized for add-ons; and where the kind of nodes changes, a rollout moves them to the new nodes.
 */
export const startedNodes = { "karpenter.sh/nodepool": nodePool };

/** What starts nodes for pods, the key of its settings, and those. */
export interface Started extends AutoNodesConfig {
  by: "Karpenter" | "EKS Auto Mode";
  at: "nodes.karpenter" | "nodes.auto";
}

/** Which nodes pods take. */
export interface NodeChoice {
  /** What starts nodes, and ends those that it can do without. @default nothing: managed groups have all */
  startedBy?: Started["by"] | undefined;
  /** Whether pods take Spot nodes first, where the stack has such nodes and others. @default false */
  spotFirst?: boolean;
  /** Whether each zone can get a node, so that a service need not leave one out. @default false */
  hardSpread?: boolean;
}

/** @returns undefined where the managed group has all nodes */
export function startedBy({
  kind,
  karpenter,
  auto,
}: Partial<Pick<NodesConfig, "kind" | "karpenter" | "auto">>): Started | undefined {
  if (kind === "karpenter" && karpenter) {
    return { by: "Karpenter", at: "nodes.karpenter", ...karpenter };
  }
  return kind === "auto" && auto ? { by: "EKS Auto Mode", at: "nodes.auto", ...auto } : undefined;
}

/** Limits of what Karpenter or EKS Auto Mode starts, by what its nodes have and not by what pods ask for. */
export interface Limits {
  cpuLimit: number;
  memoryLimitGiB: number;
}

/** Nodes of one type that the limits allow. */
function mostOf({ vcpus, memoryMiB }: InstanceType, { cpuLimit, memoryLimitGiB }: Limits): number {
  return Math.floor(Math.min(cpuLimit / vcpus, (memoryLimitGiB * 1024) / memoryMiB));
}

/** What decides how many addresses nodes take. */
export type StartedAddresses = Limits & Pick<Started, "by" | "instanceTypes">;

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
  limits: StartedAddresses | undefined,
  zones: number,
  addresses: PodAddresses,
): number {
  if (!limits) return 0;
  const types = limits.instanceTypes.map(instanceType).filter((type) => type !== undefined);
  const each = (type: InstanceType) =>
    limits.by === "EKS Auto Mode" ? addressesInPrefixes(type) : addressesOf(type, addresses);
  return Math.max(0, ...types.map((type) => Math.ceil(mostOf(type, limits) / zones) * each(type)));
}

/**
 * Addresses of a node of EKS Auto Mode, which gives pods addresses of /28 prefixes: one for each interface,
 * the prefixes of all pods, and one prefix in reserve (Amazon EKS User Guide, create a NodeClass).
 */
function addressesInPrefixes(type: InstanceType): number {
  const prefixes = Math.ceil(mostPods(type, false) / prefixSize) + 1;
  return type.interfaces + prefixes * prefixSize;
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
