import { surgeOf } from "../../../infra/services/rollout.ts";
import { waits } from "../../cloud/durations.ts";
import type { Call } from "./rule.ts";
import { annotation, ingressType, loadBalancerOf } from "./rules/load-balancer-rules.ts";
import { waitingPods } from "./scheduler.ts";
import { type CloudResource, NotReady, type Phase, type World } from "./world.ts";

type Part = Pick<Phase, "what" | "least"> & { seconds: number };

/** The Ingress whose load balancer must find a namespace's new pods healthy before they are ready. */
export function readinessGate(
  world: World,
  cluster: string,
  namespace: string,
): CloudResource | undefined {
  const inCluster = (type: string) => world.all(type).filter((one) => one.cluster === cluster);
  const gated = inCluster("kubernetes:core/v1:Namespace").some(
    ({ id, inputs: { metadata } }) =>
      id === namespace &&
      metadata.labels?.["elbv2.k8s.aws/pod-readiness-gate-inject"] === "enabled",
  );
  const ingress = inCluster(ingressType).find(
    ({ outputs }) => outputs.metadata?.namespace === namespace,
  );
  return gated && ingress && loadBalancerOf(world, ingress) ? ingress : undefined;
}

/**
 * What a pod that has a node goes through until Kubernetes counts it as available. A new target is healthy
 * after one check, which comes within an interval (Elastic Load Balancing, target group health checks:
 * "it must pass one health check to be considered healthy"). The controller registers it, and asks again
 * after each requeue duration (aws-load-balancer-controller v3.5.0,
 * pkg/targetgroupbinding/resource_manager.go), by default 15 s.
 */
function partsOf(world: World, cluster: string, namespace: string): Part[] {
  const ingress = readinessGate(world, cluster, namespace);
  const always = (what: string, seconds: number) => ({ what, seconds, least: seconds });
  const started = [
    always("image pull", waits.imagePull),
    always("start and first probe", waits.containerStart),
  ];
  if (!ingress) return started;
  const interval = Number(annotation(ingress.inputs, "healthcheck-interval-seconds") ?? 15);
  const poll = pollOf(world, cluster);
  const late = Math.ceil(interval / poll) * poll - interval;
  return [
    ...started,
    always("registration as a target", waits.reconcile),
    always("health check of the load balancer", interval),
    ...(late > 0 ? [{ what: "until the controller asks for it", seconds: late, least: 0 }] : []),
  ];
}

/** Seconds until a pod's container answers, and from then until it is ready. */
export function waitsBeforeReady(
  world: World,
  cluster: string,
  namespace: string,
): { start: number; balancer: number } {
  const seconds = partsOf(world, cluster, namespace).map((part) => part.seconds);
  const sum = (some: number[]) => some.reduce((total, one) => total + one, 0);
  return { start: sum(seconds.slice(0, 2)), balancer: sum(seconds.slice(2)) };
}

/** The controller's requeue duration in seconds, as the values of its chart say it. */
function pollOf(world: World, cluster: string): number {
  const controller = world
    .live("kubernetes:helm.sh/v3:Release")
    .find((one) => one.cluster === cluster && one.inputs.chart === "aws-load-balancer-controller");
  const given: string | undefined = controller?.inputs.values?.targetgroupbindingRequeueDuration;
  const [, count, unit] = /^(\d+)(s|m)$/.exec(given ?? "15s") ?? [];
  return Number(count) * (unit === "m" ? 60 : 1);
}

/** A share of maxUnavailable is rounded down. */
function unavailableOf(maxUnavailable: number | string, replicas: number): number {
  if (typeof maxUnavailable === "number") return maxUnavailable;
  return Math.floor((replicas * Number.parseInt(maxUnavailable, 10)) / 100);
}

/**
 * A rolling update as Kubernetes' controller makes it (pkg/controller/deployment/rolling.go): new pods up
 * to `maxSurge` above the replicas, old ones told to end as new ones become available. Pods that end count
 * no more, but keep their room until they have drained. It is over, as pulumi-kubernetes waits for it
 * (provider/pkg/await/deployment.go: NewReplicaSetAvailable), when all new pods are available and no old
 * one runs that was not told to end.
 *
 * @throws {NotReady} ProgressDeadlineExceeded, when no pod becomes available for that long
 */
export async function rollOut({ world, resource, inputs, caller }: Call): Promise<void> {
  const { clock } = world;
  const { strategy, progressDeadlineSeconds = 600, replicas = 1 } = inputs.spec;
  const { maxSurge = "25%", maxUnavailable = "25%" } = strategy?.rollingUpdate ?? {};
  const most = replicas + surgeOf(maxSurge, replicas);
  const fewest = replicas - unavailableOf(maxUnavailable, replicas);
  const parts = partsOf(world, caller.cluster ?? "", inputs.metadata.namespace ?? "default");
  const urn = resource.urn ?? "";
  const starting: { at: number; pods: number }[] = [];
  let [old, made, pending, available, step] = [replicas, 0, 0, 0, 0];
  let [progress, pendingSince] = [clock.now, clock.now];

  while (available < replicas || old > 0) {
    const ending = Math.min(old, old + available - fewest);
    if (ending > 0) {
      old -= ending;
      drain(world, resource, { urn, step, pods: ending });
    }
    const added = Math.min(most - old - made, replicas - made);
    if (added > 0) {
      if (pending === 0) pendingSince = clock.now;
      made += added;
      pending += added;
      resource.extraPods = (resource.extraPods ?? 0) + added;
    }
    const placed = pending - Math.min(pending, waitingPods(world, resource));
    if (placed > 0) {
      step += 1;
      starting.push({
        at: record(world, parts, { urn, step, pods: placed }, pendingSince),
        pods: placed,
      });
      pending -= placed;
      pendingSince = clock.now;
    }
    if (available === replicas && old === 0) break;
    const next = Math.min(progress + progressDeadlineSeconds, ...starting.map(({ at }) => at));
    if (pending === 0) await clock.sleep(next - clock.now);
    else await clock.until(() => waitingPods(world, resource) < pending, next - clock.now);
    for (const batch of starting.splice(0)) {
      if (batch.at > clock.now) starting.push(batch);
      else {
        available += batch.pods;
        progress = clock.now;
      }
    }
    if (clock.now >= progress + progressDeadlineSeconds) {
      const why = `${pending} of ${replicas} new pods are Pending`;
      throw new NotReady("ProgressDeadlineExceeded", why, resource);
    }
  }
}

/** Adds the phases of a step that begins now. Returns when its pods are available. */
function record(
  world: World,
  parts: Part[],
  pods: Pick<Phase, "urn" | "step" | "pods">,
  pendingSince: number,
): number {
  let start = world.clock.now;
  if (start > pendingSince) {
    world.phases.push({
      ...pods,
      what: "until a node has room",
      start: pendingSince,
      end: start,
      least: 0,
    });
  }
  for (const { what, seconds, least } of parts) {
    world.phases.push({ ...pods, what, start, end: start + seconds, least });
    start += seconds;
  }
  return start;
}

/** Pods that were told to end keep their room until they have drained. */
function drain(
  world: World,
  resource: CloudResource,
  pods: Pick<Phase, "urn" | "step" | "pods">,
): void {
  const start = world.clock.now;
  const end = start + waits.podDrain;
  world.phases.push({ ...pods, what: "drain of the old pods", start, end, least: 0, beside: true });
  world.clock.later(waits.podDrain, () => {
    resource.extraPods = (resource.extraPods ?? 0) - pods.pods;
  });
}
