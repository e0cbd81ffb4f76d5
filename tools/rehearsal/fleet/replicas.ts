import { waits } from "../../cloud/durations.ts";
import type { Fleet } from "./fleet.ts";
import { type FleetPod, isReady } from "./pods.ts";
import type { Workload } from "./workloads.ts";

/** Kubernetes, Horizontal Pod Autoscaling: the defaults of kube-controller-manager and of `behavior`. */
const autoscaler = {
  period: 15,
  tolerance: 0.1,
  stabilization: 300,
  atOnce: { pods: 4, share: 1 },
};

interface Load {
  /** As much work as so many pods do at the target. */
  pods: number;
  since: number;
  before: number;
}

const loads = new WeakMap<Workload, Load>();
const recommended = new WeakMap<Workload, { at: number; replicas: number }[]>();

/** Gives a workload as much work as so many pods do at the target of its autoscaler. */
export function setLoad(fleet: Fleet, workload: Workload, pods: number): void {
  const before = loads.get(workload)?.pods ?? workload.replicas;
  loads.set(workload, { pods, since: fleet.now, before });
}

/** What a HorizontalPodAutoscaler does each 15 seconds. */
export function scalePods(fleet: Fleet): void {
  if (fleet.now % autoscaler.period !== 0) return;
  for (const workload of fleet.workloads) {
    const load = loads.get(workload);
    if (!workload.scale || !load) continue;
    const seen = fleet.now >= load.since + waits.podMetrics ? load.pods : load.before;
    workload.replicas = next(fleet, workload, seen);
  }
}

function next(fleet: Fleet, workload: Workload, load: number): number {
  const { scale, replicas } = workload;
  if (!scale) return replicas;
  // KEDA starts the first pod, and its HorizontalPodAutoscaler the others.
  if (replicas === 0) return load > 0 ? 1 : 0;
  const wanted = Math.min(scale.most, Math.max(scale.least, recommend(fleet, workload, load)));
  const recent = (recommended.get(workload) ?? []).filter(
    ({ at }) => at > fleet.now - autoscaler.stabilization,
  );
  recommended.set(workload, [...recent, { at: fleet.now, replicas: wanted }]);
  if (wanted > replicas) {
    const { pods, share } = autoscaler.atOnce;
    return Math.min(wanted, replicas + Math.max(pods, replicas * share));
  }
  return Math.min(replicas, Math.max(wanted, ...recent.map((one) => one.replicas)));
}

/**
 * What the metric recommends, before limits (pkg/controller/podautoscaler/replica_calculator.go): pods that
 * are not ready count as idle when it would scale up, and not at all when it would scale down.
 */
function recommend(fleet: Fleet, workload: Workload, load: number): number {
  const { scale, replicas } = workload;
  const ready = fleet.podsOf(workload).filter(isReady).length;
  if (!scale || ready === 0) return replicas;
  const used = Math.min(load, ready * scale.mostLoad);
  const ratio = used / ready;
  if (Math.abs(ratio - 1) <= autoscaler.tolerance) return replicas;
  if (ratio < 1) return ready < replicas ? replicas : Math.ceil(used);
  const diluted = used / replicas;
  return diluted <= 1 + autoscaler.tolerance ? replicas : Math.ceil(used);
}

/** What a ReplicaSet does: pods that end, and those on dead nodes that were evicted, count no more. */
export function keepReplicas(fleet: Fleet): void {
  for (const workload of fleet.workloads) {
    const pods = fleet.podsOf(workload);
    for (let count = pods.length; count < workload.replicas; count++) {
      fleet.pods.push({ workload, createdAt: fleet.now });
    }
    const surplus = pods.length - workload.replicas;
    if (surplus > 0) for (const pod of firstToGo(pods).slice(0, surplus)) fleet.end(pod);
  }
}

/**
 * The order in which a ReplicaSet ends pods (pkg/controller/controller_utils.go, ActivePodsWithRanks): those
 * without a node, those that are not ready, those with others of it on their node, the newest. It looks at no
 * zone.
 */
function firstToGo(pods: FleetPod[]): FleetPod[] {
  const beside = (pod: FleetPod) => pods.filter(({ node }) => node === pod.node).length;
  const ranked = pods.map((pod) => ({ pod, beside: beside(pod) }));
  return ranked
    .toSorted(
      (a, b) =>
        Number(a.pod.node !== undefined) - Number(b.pod.node !== undefined) ||
        Number(isReady(a.pod)) - Number(isReady(b.pod)) ||
        b.beside - a.beside ||
        (b.pod.readyAt ?? 0) - (a.pod.readyAt ?? 0),
    )
    .map(({ pod }) => pod);
}
