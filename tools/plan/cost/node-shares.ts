import { type Pods, type Room, smallestRoom } from "../../../infra/cluster/capacity.ts";
import { instanceType } from "../../../infra/cluster/instance-types.ts";
import type { Resource } from "../../graph/resource.ts";
import { placementOf } from "../capacity-section.ts";

/** Who asks for the room of the nodes at rest, and what that costs, in US dollars a month. */
export interface NodeShare {
  name: string;
  monthly: number;
}

/** The shares that are of no service. */
export const clusterShare = "the cluster's own pods";
export const freeShare = "free";

/**
 * How AWS splits the cost of a node: a vCPU counts as much as nine GiB (AWS Cost and Usage Reports,
 * understanding split cost allocation data).
 */
const weightOf = ({ cpuMillicores, memoryMiB }: Pick<Room, "cpuMillicores" | "memoryMiB">) =>
  (9 * cpuMillicores) / 1000 + memoryMiB / 1024;

const weightOfAll = (pods: Pods[]) => pods.reduce((sum, one) => sum + one.count * weightOf(one), 0);

/**
 * The cost of the nodes by the requests of the pods at rest. The shares add up to `monthly`. What every node
 * keeps for itself and for its agents is the cluster's.
 *
 * @returns nothing without a node group, of types without numbers, and with Karpenter, whose nodes come by pods
 */
export function nodeShares(resources: Resource[], monthly: number): NodeShare[] {
  const placement = placementOf(resources);
  if (!placement || placement.started) return [];
  const nodes = [placement, ...placement.others].flatMap(({ types, sizes }) => {
    const [type, room] = [instanceType(types[0] ?? ""), smallestRoom(types, placement.addons)];
    if (!type || !room) return [];
    const whole = weightOf({ cpuMillicores: type.vcpus * 1000, memoryMiB: type.memoryMiB });
    return [{ count: sizes.desiredSize, whole, kept: whole - weightOf(room) }];
  });
  if (nodes.length <= placement.others.length) return [];
  const { rest, services } = placement;
  const sumOf = (of: "whole" | "kept") =>
    nodes.reduce((sum, node) => sum + node.count * node[of], 0);
  const taken = weightOfAll(rest) + sumOf("kept");
  const all = Math.max(taken, sumOf("whole"));
  const share = (weight: number) => (monthly * weight) / all;
  const own = services.map((one) => ({ name: one.name, monthly: share(weightOfAll([one])) }));
  return [
    ...own,
    { name: clusterShare, monthly: share(taken - weightOfAll(services)) },
    { name: freeShare, monthly: share(all - taken) },
  ];
}
