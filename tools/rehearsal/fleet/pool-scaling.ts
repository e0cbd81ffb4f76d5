import type { Room } from "../../../infra/cluster/capacity.ts";
import {
  capacityTypeFor,
  claimsOf,
  nodePoolType,
  roomOfClaim,
  startClaims,
  terminate,
  typesOf,
  zonesLeft,
  zonesOfStarted,
} from "../world/node-claims.ts";
import { labelsOfStarted, matches, startedLabel } from "../world/node-labels.ts";
import type { CloudResource, Props } from "../world/world.ts";
import type { Fleet } from "./fleet.ts";
import { moved } from "./group-scaling.ts";
import { place, type Slot, slotsOf } from "./placement.ts";
import type { FleetNode, FleetPod } from "./pods.ts";

const controller = "karpenter";
/**
 * Karpenter 1.14, in seconds: pods are batched until none comes for one, at most ten
 * (pkg/operator/options); it looks for nodes to end each ten, and again 15 s after it found one
 * (pkg/controllers/disruption, pollingPeriod and commandValidationDelay).
 */
const parameters = { batch: 10, retry: 10, polling: 10, validation: 15 };

interface Batch {
  since: number;
  pods: number;
}

const batches = new WeakMap<Fleet, Batch>();

/** What Karpenter does, where a NodePool is. */
export function scalePools(fleet: Fleet): void {
  const [pool] = fleet.world.live(nodePoolType).filter(({ cluster }) => cluster === fleet.cluster);
  if (!pool || !fleet.works(controller)) return;
  addNodes(fleet, pool);
  if (fleet.now % parameters.polling === 0) removeNodes(fleet, pool);
}

/** Starts nodes for a batch of pods that neither a node has room for nor one that is on its way. */
function addNodes(fleet: Fleet, pool: CloudResource): void {
  const pending = fleet
    .pending()
    .filter(({ workload: { selector } }) => matches(selector, labelsFor(fleet, pool, selector)));
  const batch = batches.get(fleet);
  if (pending.length === 0) batches.delete(fleet);
  else if (!batch) batches.set(fleet, { since: fleet.now, pods: pending.length });
  else if (batch.since > fleet.now) return;
  else if (batch.pods === pending.length || fleet.now - batch.since >= parameters.batch) {
    batches.delete(fleet);
    if (!startNodes(fleet, pool, pending)) {
      batches.set(fleet, { since: fleet.now + parameters.retry, pods: Number.NaN });
    }
  } else batch.pods = pending.length;
}

/** The labels of a node that Karpenter starts for pods with this selector. */
function labelsFor({ world }: Fleet, pool: CloudResource, selector: Props): Props {
  const capacityType = capacityTypeFor(world, pool, selector) ?? selector[startedLabel];
  return labelsOfStarted({ capacityType, pool: pool.id });
}

/** Returns whether it starts all that are needed. */
function startNodes(fleet: Fleet, pool: CloudResource, pending: FleetPod[]): boolean {
  const problems = planNodes(fleet, pool, pending).flatMap(({ zone, labels, pods }) => {
    // Pods that ask for less share the node.
    const requests = pods.map(({ workload }) => ({ ...workload, selector: labels }));
    const why = startClaims(fleet.world, fleet.cluster, requests, zone);
    if (why) fleet.say("FailedScheduling", pods[0]?.workload.name ?? "", why);
    return why ?? [];
  });
  return problems.length === 0;
}

/**
 * The nodes that pods need beside those that run and those on their way. What pods prefer is a must as long
 * as a node can be started for it (karpenter issue 667).
 */
function planNodes(fleet: Fleet, pool: CloudResource, pending: FleetPod[]): Slot[] {
  const { world, cluster } = fleet;
  const largest = typesOf(world, cluster).at(-1)?.room;
  if (!largest) return [];
  const empty = (zone: string | undefined, labels: Props, room: Room): Slot => ({
    ...{ zone, labels, pods: [], room: { ...room } },
  });
  const there = [
    ...slotsOf(fleet.nodes, fleet.pods),
    ...claimsOf(world, cluster)
      .filter(({ status }) => status === "creating")
      .map((claim) =>
        empty(
          claim.inputs.zone,
          labelsOfStarted(claim.inputs),
          roomOfClaim(world, claim) ?? largest,
        ),
      ),
  ];
  const strictIn = zonesLeft(world, cluster);
  const planned: Slot[] = [];
  for (const pod of pending) {
    if (place(pod, [...there, ...planned], { strictIn })) continue;
    const labels = labelsFor(fleet, pool, pod.workload.selector);
    const fresh = strictIn.map((zone) => empty(zone, labels, largest));
    const slots = [...there, ...planned, ...fresh];
    const slot = place(pod, slots, { strictIn }) ?? place(pod, slots);
    if (slot && fresh.includes(slot)) planned.push(slot);
  }
  return planned;
}

/**
 * Ends nodes whose pods have room on others, as the first budget allows: a share is rounded up, and nodes
 * that are not ready use it too (pkg/controllers/disruption/helpers.go, BuildDisruptionBudgetMapping).
 */
function removeNodes(fleet: Fleet, pool: CloudResource): void {
  const { consolidateAfter = "0s", budgets = [] } = pool.inputs.spec.disruption ?? {};
  const own = fleet.nodes.filter(({ group }) => !group);
  const used = own.filter(({ ready, cordoned }) => !ready || cordoned).length;
  const share = Number.parseInt(budgets[0]?.nodes ?? "10%", 10);
  let allowed = Math.ceil((own.length * share) / 100) - used;
  let slots = slotsOf(fleet.nodes, fleet.pods);
  const strictIn = zonesOfStarted(fleet.world, fleet.cluster);
  const candidates = own
    .filter(({ cordoned }) => !cordoned)
    .filter(
      ({ lastPodEvent }) =>
        fleet.now - lastPodEvent >= secondsOf(consolidateAfter) + parameters.validation,
    )
    .flatMap((node) => slots.find((slot) => slot.node === node) ?? [])
    .toSorted((a, b) => a.pods.length - b.pods.length);
  for (const slot of candidates) {
    if (allowed <= 0) {
      fleet.say("DisruptionBlocked", pool.id, "No allowed disruptions due to blocking budget");
      return;
    }
    const others = slot.node && moved(fleet, slot.node, slots, { strictIn });
    if (!slot.node || !others) continue;
    slots = others;
    allowed -= 1;
    end(fleet, slot.node, pool);
  }
}

function end(fleet: Fleet, node: FleetNode, pool: CloudResource): void {
  fleet.say("DisruptionTerminating", node.name, "Disrupting Node: Underutilized");
  node.resource.status = "deleting";
  fleet.drain(node, {
    forceAfter: secondsOf(pool.inputs.spec.template.spec.terminationGracePeriod ?? "0s"),
    done: () => fleet.forget(node, () => terminate(fleet.world, node.resource)),
  });
}

const unit: Record<string, number> = { s: 1, m: 60, h: 3600 };

/** `1m` as 60. */
function secondsOf(duration: string): number {
  const [, count, of = "s"] = /^(\d+)([smh])$/.exec(duration) ?? [];
  return Number(count ?? 0) * (unit[of] ?? 1);
}
