import { nodeDeadlines } from "../../../infra/services/drain.ts";
import { waits } from "../../cloud/durations.ts";
import { labelsOfGroup } from "../world/node-labels.ts";
import {
  joinProblem,
  nodeGroups,
  nodesOf,
  roomOfGroup,
  scaleTo,
  scalingGroupOf,
} from "../world/rules/node-rules.ts";
import type { CloudResource } from "../world/world.ts";
import type { Fleet } from "./fleet.ts";
import { place, reasonsOf, type Slot, type Strictness, slotsOf } from "./placement.ts";
import { type FleetNode, type FleetPod, unlimited } from "./pods.ts";

const controller = "cluster-autoscaler";
/**
 * Cluster Autoscaler, FAQ, "What are the parameters to CA?": its defaults in seconds, and the share of a
 * node's room that pods ask for. Empty nodes go ten at a time, others one after another.
 */
const parameters = {
  ...{ scan: 10, delayAfterAdd: 600, unneeded: 600, evictionMost: 120 },
  ...{ utilization: 0.5, emptyAtOnce: 10, unreadyAtMost: { nodes: 3, share: 0.45 } },
};

const lastAdded = new WeakMap<Fleet, number>();

/** Seconds after which EKS ends a node of a group, whatever budgets say. */
const nodeDeadline = nodeDeadlines.nodeUpdate;

/**
 * What Amazon EC2 Auto Scaling does with each group, and the Cluster Autoscaler each ten seconds, where its
 * chart is.
 */
export function scaleGroups(fleet: Fleet): void {
  for (const group of nodeGroups(fleet.world, fleet.cluster)) rebalance(fleet, group);
  const runs = fleet.workloads.some(({ name }) => name === controller);
  if (!runs || fleet.now % parameters.scan !== 0 || !fleet.works(controller)) return;
  const unready = fleet.nodes.filter(({ ready }) => !ready).length;
  const { nodes, share } = parameters.unreadyAtMost;
  if (unready > nodes && unready > share * fleet.nodes.length) {
    fleet.say("ClusterUnhealthy", controller, "Cluster is not ready for autoscaling");
    return;
  }
  if (!addNodes(fleet)) removeNodes(fleet);
}

/**
 * A group starts a node in the zone with the fewest, and then ends one where the most are; the Cluster
 * Autoscaler looks at no zone (containers-roadmap issue 1453, autoscaler issue 3693). EKS drains the node
 * for 15 minutes at most (Amazon EKS User Guide, managed node groups: AZRebalance).
 */
function rebalance(fleet: Fleet, group: CloudResource): void {
  const own = fleet.nodes.filter((node) => node.group?.id === group.id);
  const moves =
    (fleet.starting.get(group.id) ?? 0) > 0 || own.some((one) => one.cordoned || one.lostAt);
  if (moves || fleet.now % parameters.scan !== 0) return;
  const zones = fleet.world
    .subnetsLeft(group.inputs.subnetIds)
    .map((id) => own.filter(({ subnetId }) => subnetId === id))
    .toSorted((a, b) => b.length - a.length);
  const [node] = zones[0] ?? [];
  if (!node || (zones[0]?.length ?? 0) - (zones.at(-1)?.length ?? 0) < 2) return;
  fleet.say("AZRebalance", node.name, "instances were launched to balance instances in zones");
  startNode(fleet, group, () =>
    fleet.drain(node, {
      forceAfter: nodeDeadline,
      done: () => fleet.forget(node, () => removeInstance(fleet, node)),
    }),
  );
}

/** The nodes that a group has, those to come included. */
const sizeOf = (fleet: Fleet, group: CloudResource): number =>
  (scalingGroupOf(fleet.world, group)?.inputs.desiredCapacity ?? 0) +
  (fleet.starting.get(group.id) ?? 0);

const sizesOf = (fleet: Fleet, group: CloudResource) =>
  scalingGroupOf(fleet.world, group)?.inputs ?? { minSize: 0, maxSize: 0 };

const nodeOf = (fleet: Fleet, group: CloudResource): Slot => ({
  ...{ zone: undefined, labels: labelsOfGroup(group), pods: [] },
  room: { ...(roomOfGroup(fleet.world, group) ?? unlimited) },
});

/** Adds the nodes that pods without one need. Returns whether pods wait for a node. */
function addNodes(fleet: Fleet): boolean {
  const groups = nodeGroups(fleet.world, fleet.cluster);
  const slots = [
    ...slotsOf(fleet.nodes, fleet.pods),
    ...groups.flatMap((group) =>
      Array.from({ length: fleet.starting.get(group.id) ?? 0 }, () => nodeOf(fleet, group)),
    ),
  ];
  const added = new Map<CloudResource, number>();
  let waits = false;
  for (const pod of fleet.pending()) {
    if (place(pod, slots)) continue;
    const fitting = groups.filter((group) => place(pod, [nodeOf(fleet, group)]));
    const size = (group: CloudResource) => sizeOf(fleet, group) + (added.get(group) ?? 0);
    const [group] = fitting
      .filter((one) => size(one) < sizesOf(fleet, one).maxSize)
      .toSorted((a, b) => size(a) - size(b));
    if (!group) {
      const others = groups.filter((one) => !fitting.includes(one));
      const nodes = others.map((one) => nodeOf(fleet, one));
      const reasons = [
        ...reasonsOf(pod, nodes),
        ...(fitting.length > 0 ? [`${fitting.length} max node group size reached`] : []),
      ];
      const message = `pod didn't trigger scale-up: ${reasons.join(", ")}`;
      fleet.say("NotTriggerScaleUp", pod.workload.name, message);
      continue;
    }
    waits = true;
    added.set(group, (added.get(group) ?? 0) + 1);
    const slot = nodeOf(fleet, group);
    place(pod, [slot]);
    slots.push(slot);
  }
  for (const [group, count] of added) grow(fleet, group, count);
  return waits;
}

function grow(fleet: Fleet, group: CloudResource, count: number): void {
  const from = sizeOf(fleet, group);
  const { maxSize } = sizesOf(fleet, group);
  const change = `[{${group.id} ${from}->${from + count} (max: ${maxSize})}]`;
  fleet.say("TriggeredScaleUp", controller, `pod triggered scale-up: ${change}`);
  lastAdded.set(fleet, fleet.now);
  for (let at = 0; at < count; at++) startNode(fleet, group);
}

/** A node of a group that joins a while later, where AWS still has a zone of the group. */
function startNode(fleet: Fleet, group: CloudResource, then?: () => void): void {
  const { world, starting } = fleet;
  const count = (change: number) => starting.set(group.id, (starting.get(group.id) ?? 0) + change);
  count(1);
  world.clock.later(waits.nodeStart, () => {
    count(-1);
    const lost = world.subnetsLeft(group.inputs.subnetIds).length === 0;
    const problem = lost
      ? "Could not launch On-Demand Instances. InsufficientInstanceCapacity"
      : joinProblem(world, group.inputs);
    if (problem) fleet.say("NodeCreationFailure", group.id, problem);
    else {
      const { desiredCapacity = 0 } = scalingGroupOf(world, group)?.inputs ?? {};
      scaleTo(world, group, { desiredCapacity: desiredCapacity + 1 });
      then?.();
    }
  });
}

/** Amazon EC2 Auto Scaling ends an instance that fails its status checks, and starts another one. */
export function replaceInstance(fleet: Fleet, node: FleetNode): void {
  const { group } = node;
  if (!group) return;
  startNode(fleet, group);
  fleet.world.clock.later(waits.instanceTerminated, () => removeInstance(fleet, node));
}

function removeInstance({ world }: Fleet, { group, resource }: FleetNode): void {
  const scaling = group && scalingGroupOf(world, group);
  if (!scaling || !nodesOf(world, group).includes(resource)) return;
  scaling.inputs.desiredCapacity -= 1;
  world.remove(resource);
}

/** Drains nodes that were not needed for ten minutes, and ends them. */
function removeNodes(fleet: Fleet): void {
  const unneeded = findUnneeded(fleet);
  for (const node of fleet.nodes) {
    if (unneeded.includes(node)) node.unneededSince ??= fleet.now;
    else delete node.unneededSince;
  }
  if (fleet.now < (lastAdded.get(fleet) ?? -Infinity) + parameters.delayAfterAdd) return;
  const due = unneeded.filter(
    ({ unneededSince = fleet.now }) => fleet.now - unneededSince >= parameters.unneeded,
  );
  const isEmpty = (node: FleetNode) => fleet.pods.every((pod) => pod.node !== node);
  const leaving = fleet.drains.filter(({ node }) => node.group);
  const chosen = [
    ...due.filter(isEmpty).slice(0, Math.max(0, parameters.emptyAtOnce - leaving.length)),
    ...due.filter((node) => !isEmpty(node)).slice(0, leaving.length > 0 ? 0 : 1),
  ];
  for (const node of chosen) {
    fleet.say("ScaleDown", node.name, "node removed by cluster autoscaler");
    fleet.drain(node, {
      giveUpAfter: parameters.evictionMost,
      done: () => fleet.forget(node, () => removeInstance(fleet, node)),
    });
  }
}

/** Nodes that can go together: little used, and their pods have room on those that stay. */
function findUnneeded(fleet: Fleet): FleetNode[] {
  let slots = slotsOf(fleet.nodes, fleet.pods);
  const used = ({ node, pods }: Slot) => {
    const { cpuMillicores = 1, memoryMiB = 1 } = node?.room ?? {};
    const sum = (of: "cpuMillicores" | "memoryMiB") =>
      pods.reduce((total, { workload }) => total + workload[of], 0);
    return Math.max(sum("cpuMillicores") / cpuMillicores, sum("memoryMiB") / memoryMiB);
  };
  const going = new Map<CloudResource, number>();
  const found: FleetNode[] = [];
  const candidates = slots
    .filter(({ node }) => node?.group && node.ready && !node.cordoned)
    .toSorted((a, b) => used(a) - used(b));
  for (const { node } of candidates) {
    const group = node?.group;
    const slot = slots.find((one) => one.node === node);
    if (!node || !group || !slot || used(slot) >= parameters.utilization) continue;
    const left = sizeOf(fleet, group) - (going.get(group) ?? 0) - leavingOf(fleet, group);
    if (left <= sizesOf(fleet, group).minSize) continue;
    const others = moved(fleet, node, slots);
    if (!others) continue;
    slots = others;
    going.set(group, (going.get(group) ?? 0) + 1);
    found.push(node);
  }
  return found;
}

const leavingOf = (fleet: Fleet, group: CloudResource) =>
  nodesOf(fleet.world, group).filter(
    (resource) =>
      !fleet.nodes.some((node) => node.resource === resource) ||
      fleet.drains.some(({ node }) => node.resource === resource),
  ).length;

/** The other slots with the pods of this node. Returns undefined if a pod has no room there, or must stay. */
export function moved(
  fleet: Fleet,
  node: FleetNode,
  slots: Slot[],
  how: Strictness = {},
): Slot[] | undefined {
  const others = slots
    .filter((one) => one.node !== node)
    .map((one) => ({ ...one, room: { ...one.room }, pods: [...one.pods] }));
  const going: FleetPod[] = slots
    .filter((one) => one.node === node)
    .flatMap(({ pods }) => pods)
    .filter(({ endsAt }) => endsAt === undefined);
  const free = going.every(({ workload }) => !workload.stays && fleet.mayEvict(workload));
  return free && going.every((pod) => place(pod, others, how)) ? others : undefined;
}
