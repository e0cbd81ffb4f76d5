import type { Room } from "../../../infra/cluster/capacity.ts";
import { matches } from "../world/node-labels.ts";
import type { Props } from "../world/world.ts";
import type { FleetNode, FleetPod } from "./pods.ts";
import type { Workload } from "./workloads.ts";

/** A node, or one to come, with what is left of it. */
export interface Slot {
  /** Undefined for a node that does not run yet. */
  node?: FleetNode;
  /** Undefined where AWS picks it later. */
  zone: string | undefined;
  labels: Props;
  room: Room;
  /** Why it takes no pod, in the words of kube-scheduler; undefined if it does. */
  closed?: string | undefined;
  pods: FleetPod[];
}

/** The nodes with the pods on them; those that end keep their room. */
export function slotsOf(nodes: FleetNode[], pods: FleetPod[]): Slot[] {
  const slots = new Map<FleetNode | undefined, Slot>(
    nodes.map((node) => [
      node,
      {
        ...{ node, zone: node.zone, labels: node.labels },
        ...{ room: { ...node.room }, pods: [], closed: closedBy(node) },
      },
    ]),
  );
  for (const pod of pods) {
    const slot = slots.get(pod.node);
    if (slot) take(pod, slot);
  }
  return [...slots.values()];
}

function closedBy(node: FleetNode): string | undefined {
  if (!node.ready) return "node(s) had untolerated taint(s)";
  return node.cordoned ? "node(s) were unschedulable" : undefined;
}

function take(pod: FleetPod, slot: Slot): void {
  slot.room.cpuMillicores -= pod.workload.cpuMillicores;
  slot.room.memoryMiB -= pod.workload.memoryMiB;
  slot.room.pods -= 1;
  slot.pods.push(pod);
}

/** How Karpenter places a pod. */
export interface Strictness {
  /** The zones in which it may start nodes. With these, preferences of pods are musts. @default they are not */
  strictIn?: string[];
}

/**
 * Takes the room of the slot that kube-scheduler scores best: one with the labels that the pod prefers, the
 * fewest pods of the workload in the zone and on the node (PodTopologySpread), then the least allocated.
 * Returns undefined if none has room.
 */
export function place(
  pod: FleetPod,
  slots: Slot[],
  { strictIn }: Strictness = {},
): Slot | undefined {
  const { workload } = pod;
  const zones = countByZone(slots, workload);
  const scores = slots
    .filter((slot) => refusalsOf(pod, slot, zones).length === 0)
    .filter((slot) => !strictIn || isPreferred(workload, slot, domainsOf(zones, strictIn)))
    .map((slot) => ({
      slot,
      preferred: matches(workload.preferred, slot.labels),
      zone: zones.get(slot.zone) ?? 0,
      host: workload.prefers.hostSkew === undefined ? 0 : countOf(slot, workload),
    }));
  const [best] = scores.toSorted(
    (a, b) =>
      Number(b.preferred) - Number(a.preferred) ||
      a.zone - b.zone ||
      a.host - b.host ||
      b.slot.room.cpuMillicores - a.slot.room.cpuMillicores,
  );
  if (best) take(pod, best.slot);
  return best?.slot;
}

const countOf = ({ pods }: Slot, workload: Workload): number =>
  pods.filter((pod) => pod.workload === workload && pod.endsAt === undefined).length;

type Counts = Map<string | undefined, number>;

/** Nodes with taints count as zones too (topologySpreadConstraints, nodeTaintsPolicy: Ignore). */
function countByZone(slots: Slot[], workload: Workload): Counts {
  const counts: Counts = new Map();
  for (const slot of slots) {
    counts.set(slot.zone, (counts.get(slot.zone) ?? 0) + countOf(slot, workload));
  }
  return counts;
}

/**
 * Karpenter counts zones without a node too (pkg/controllers/provisioning/scheduling/topology.go,
 * buildDomainGroups).
 */
const domainsOf = (zones: Counts, all: string[]): Counts =>
  new Map([...all.map((zone): [string, number] => [zone, 0]), ...zones]);

/** Why a node does not take a pod, in the words of kube-scheduler. Empty if it does. */
function refusalsOf({ workload }: FleetPod, slot: Slot, zones: Counts): string[] {
  if (slot.closed) return [slot.closed];
  const elsewhere = workload.zone !== undefined && slot.zone !== workload.zone;
  if (elsewhere || !matches(workload.selector, slot.labels)) {
    return ["node(s) didn't match Pod's node affinity/selector"];
  }
  if (workload.alone && countOf(slot, workload) > 0) {
    return ["node(s) didn't match pod anti-affinity rules"];
  }
  const { cpuMillicores, memoryMiB, pods } = slot.room;
  const short = [
    ...(cpuMillicores < workload.cpuMillicores ? ["Insufficient cpu"] : []),
    ...(memoryMiB < workload.memoryMiB ? ["Insufficient memory"] : []),
    ...(pods < 1 ? ["Too many pods"] : []),
  ];
  if (short.length > 0) return short;
  return isSkewed(slot, zones, workload.zoneSkew, workload.minZones)
    ? ["node(s) didn't match pod topology spread constraints"]
    : [];
}

/** Of hosts the fewest pods are none: another one can always be started. */
function isPreferred(workload: Workload, slot: Slot, zones: Counts): boolean {
  const { zoneSkew, hostSkew = Number.POSITIVE_INFINITY } = workload.prefers;
  return countOf(slot, workload) < hostSkew && !isSkewed(slot, zones, zoneSkew);
}

/** Whether a pod more makes a zone differ from the emptiest by more than that. A node to come has no zone yet. */
function isSkewed({ zone }: Slot, zones: Counts, maxSkew?: number, minZones = 1): boolean {
  if (maxSkew === undefined || zone === undefined) return false;
  const counts = [...zones].flatMap(([one, count]) => (one === undefined ? [] : count));
  const fewest = counts.length < minZones ? 0 : Math.min(...counts);
  return (zones.get(zone) ?? 0) + 1 - fewest > maxSkew;
}

/** A pod of the lowest priority that leaves enough room to one of a higher; undefined if no single one does. */
export function victimOf({ workload }: FleetPod, slots: Slot[]): FleetPod | undefined {
  const zones = countByZone(slots, workload);
  const victims = slots
    .filter(({ closed, labels }) => !closed && matches(workload.selector, labels))
    // To end a pod of another kind changes no spread.
    .filter((slot) => !isSkewed(slot, zones, workload.zoneSkew, workload.minZones))
    .flatMap(({ room, pods }) =>
      pods
        .filter((pod) => pod.endsAt === undefined && pod.workload.priority < workload.priority)
        .filter(
          ({ workload: lower }) =>
            room.cpuMillicores + lower.cpuMillicores >= workload.cpuMillicores &&
            room.memoryMiB + lower.memoryMiB >= workload.memoryMiB,
        ),
    );
  return victims.toSorted((a, b) => a.workload.priority - b.workload.priority)[0];
}

/** How many of the slots take no pod, by why, in the words of kube-scheduler. */
export function reasonsOf(pod: FleetPod, slots: Slot[]): string[] {
  const counts = new Map<string, number>();
  const zones = countByZone(slots, pod.workload);
  for (const slot of slots) {
    for (const reason of refusalsOf(pod, slot, zones)) {
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
  }
  return [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
}

/** The message of kube-scheduler's event FailedScheduling. */
export const unschedulable = (pod: FleetPod, slots: Slot[]): string =>
  `0/${slots.length} nodes are available: ${reasonsOf(pod, slots).join(", ")}.`;
