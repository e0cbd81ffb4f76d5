import type { CoreV1Event, KubernetesObject, V1Pod } from "@kubernetes/client-node";
import { nameOf, timeOf } from "../cluster-objects.ts";
import type { Snapshot } from "./snapshot.ts";

/** The events of an object, the newest first; optionally of some reasons only. */
export function eventsOf(
  { kubernetes: { events = [] } }: Snapshot,
  kind: string,
  { metadata }: KubernetesObject,
  reasons?: RegExp,
): CoreV1Event[] {
  return events
    .filter(({ involvedObject: of, reason = "" }) => {
      const same = of.kind === kind && of.name === metadata?.name;
      return (
        same &&
        (of.namespace ?? "") === (metadata?.namespace ?? "") &&
        (reasons?.test(reason) ?? true)
      );
    })
    .sort((one, other) => timeOf(other) - timeOf(one));
}

/** An event as evidence. */
export const quoted = ({ reason = "", message = "", involvedObject: of }: CoreV1Event) =>
  `event ${reason} of ${of.kind} ${[of.namespace, of.name].filter(Boolean).join("/")}: ${message}`;

export const secondsSince = ({ at }: Snapshot, time: Date | string | undefined): number =>
  time === undefined ? 0 : (at.getTime() - new Date(time).getTime()) / 1000;

/** The seconds since an event's last repetition. */
export const ageOf = (snapshot: Snapshot, event: CoreV1Event) =>
  secondsSince(snapshot, new Date(timeOf(event)));

/** What made a pod, by kind and name: the Deployment rather than its ReplicaSet. */
export function ownerOf(pod: V1Pod): string {
  const { namespace, ownerReferences } = pod.metadata ?? {};
  const [owner] = ownerReferences ?? [];
  if (!owner) return `Pod ${nameOf(pod)}`;
  return owner.kind === "ReplicaSet"
    ? `Deployment ${namespace}/${owner.name.replace(/-[^-]+$/, "")}`
    : `${owner.kind} ${namespace}/${owner.name}`;
}

/** Pods that have not ended. */
export const livePods = ({ kubernetes: { pods = [] } }: Snapshot): V1Pod[] =>
  pods.filter(
    ({ metadata, status }) =>
      metadata?.deletionTimestamp === undefined &&
      status?.phase !== "Succeeded" &&
      status?.phase !== "Failed",
  );
