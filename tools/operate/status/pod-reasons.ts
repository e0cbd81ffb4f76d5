import type { CoreV1Event, V1ContainerStateTerminated, V1Pod } from "@kubernetes/client-node";
import { conditionOf, containersOf, isReady, timeOf } from "../cluster-objects.ts";

/** Why a pod is not ready, in words. */
export interface NotReady {
  pod: string;
  reason: string;
  /** It does not become ready by itself: a container fails, or it has not been ready for long. */
  broken: boolean;
}

/** A pod that has not been ready for so long is broken: a new one may need a node. */
export const patienceSeconds = 300;

/** Waiting reasons of a container that is only beginning. */
const beginning = ["ContainerCreating", "PodInitializing"];

/** What the pod waits for or fails at; undefined of a pod that is ready. */
export function notReadyOf(pod: V1Pod, events: CoreV1Event[], now: Date): NotReady | undefined {
  if (isReady(pod)) return undefined;
  const failing = failureOf(pod);
  const since =
    conditionOf(pod, "Ready")?.lastTransitionTime ?? pod.metadata?.creationTimestamp ?? now;
  return {
    pod: pod.metadata?.name ?? "",
    reason: failing ?? waitingFor(pod, events),
    broken: failing !== undefined || now.getTime() - since.getTime() > patienceSeconds * 1000,
  };
}

/** Of a pod that has ended, or with a container that fails. */
function failureOf(pod: V1Pod): string | undefined {
  const { status } = pod;
  if (status?.phase === "Failed" && status.reason) return said(status.reason, status.message);
  for (const container of containersOf(pod)) {
    const { waiting, terminated } = container.state ?? {};
    if (waiting?.reason && !beginning.includes(waiting.reason)) {
      const last = container.lastState?.terminated;
      const ended = last && `the container ${container.name} ended: ${endOf(last)}`;
      return said(waiting.reason, ended ?? waiting.message);
    }
    if (terminated && terminated.exitCode !== 0) {
      return `the container ${container.name} ended: ${endOf(terminated)}`;
    }
  }
  return undefined;
}

function waitingFor(pod: V1Pod, events: CoreV1Event[]): string {
  const scheduled = conditionOf(pod, "PodScheduled");
  if (scheduled?.status === "False") return said("Pending", scheduled.message);
  const event = latestOf(pod, events);
  if (event) return said(event.reason ?? "", event.message);
  const gate = pod.status?.conditions?.find(
    ({ type, status }) => type.startsWith("target-health.") && status === "False",
  );
  if (gate) return said(`load balancer: ${gate.reason}`, gate.message);
  const waiting = containersOf(pod).flatMap(({ state }) => state?.waiting?.reason ?? []);
  return waiting[0] ?? conditionOf(pod, "Ready")?.message ?? pod.status?.phase ?? "unknown";
}

/** The newest warning about this pod. */
function latestOf({ metadata }: V1Pod, events: CoreV1Event[]): CoreV1Event | undefined {
  return events
    .filter(
      ({ type, involvedObject }) => type === "Warning" && involvedObject.uid === metadata?.uid,
    )
    .sort((one, other) => timeOf(other) - timeOf(one))[0];
}

/** The container's end that came last, of all pods, as words with its time. */
export function lastEndOf(pods: V1Pod[]): { reason: string; at?: Date } | undefined {
  const [last] = pods
    .flatMap(containersOf)
    .flatMap(({ lastState }) => lastState?.terminated ?? [])
    .sort((one, other) => (other.finishedAt?.getTime() ?? 0) - (one.finishedAt?.getTime() ?? 0));
  return last && { reason: endOf(last), at: last.finishedAt };
}

export const restartsOf = (pods: V1Pod[]): number =>
  pods.flatMap(containersOf).reduce((sum, { restartCount }) => sum + restartCount, 0);

/** `OOMKilled (exit code 137)`, `exit code 1`; what the container wrote to its termination log, if anything. */
export function endOf({ reason, exitCode, message }: V1ContainerStateTerminated): string {
  const code = `exit code ${exitCode}`;
  const words = !reason || ["Error", "Completed"].includes(reason) ? code : `${reason} (${code})`;
  return said(words, message);
}

const said = (reason: string, message?: string): string =>
  message ? `${reason}: ${message.replace(/\s+/g, " ").trim()}` : reason;
