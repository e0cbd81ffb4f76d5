import type { CoreV1Event, V1Pod } from "@kubernetes/client-node";
import { conditionOf, nameOf } from "../../cluster-objects.ts";
import type { Check, Finding } from "../finding.ts";
import { ageOf, eventsOf, livePods, ownerOf, quoted, secondsSince } from "../objects.ts";
import type { Snapshot } from "../snapshot.ts";
import { failedLaunch } from "./launch-failed.ts";

/** A pod of a rollout may wait so long for its place. */
const patienceSeconds = 60;
/** A node is there within so much time after the autoscaler asked for it. */
const nodeSeconds = 600;

type Said = Pick<Finding, "cause" | "remedy" | "silent"> & { evidence?: string };

/** Messages of the scheduler of Kubernetes 1.36 and of the Cluster Autoscaler 1.36. */
export const podUnscheduled: Check = {
  name: "pod-unscheduled",
  finds:
    "pods without a node: no room (and why no node comes), zone spread, volume, node selection, priority",
  find: (snapshot) =>
    livePods(snapshot).flatMap((pod) => {
      const condition = conditionOf(pod, "PodScheduled");
      if (condition?.reason !== "Unschedulable") return [];
      if (secondsSince(snapshot, condition.lastTransitionTime) < patienceSeconds) return [];
      // Where the node or the launch has a finding, or a node is on its way, there is nothing more to say.
      const said = reasonOf(snapshot, pod, condition.message ?? "") ?? {
        ...{ cause: "", remedy: "", silent: true },
      };
      return [
        {
          object: ownerOf(pod),
          ...said,
          evidence: [
            `condition PodScheduled of Pod ${nameOf(pod)}: ${condition.message}`,
            ...(said.evidence ? [said.evidence] : []),
          ].join("; "),
          namespace: pod.metadata?.namespace,
        },
      ];
    }),
};

/** Nothing where a node or a launch has a finding of its own, or a node is on its way. */
function reasonOf(snapshot: Snapshot, pod: V1Pod, message: string): Said | undefined {
  if (/persistentvolumeclaim "([^"]+)" not found/.test(message)) {
    return {
      cause: `its volume claim does not exist: ${message}`,
      remedy: "Run pulumi up --refresh, which makes the claim again.",
    };
  }
  if (
    /unbound immediate PersistentVolumeClaims|didn't find available persistent volumes/.test(
      message,
    )
  ) {
    return {
      cause: "its volume is not there: a PersistentVolumeClaim is not bound",
      remedy:
        "kubectl describe pvc says why: a storage class that does not exist, or a driver that is not installed.",
    };
  }
  if (/volume node affinity conflict/.test(message)) {
    return {
      cause: "its volume lies in a zone where no node has room",
      remedy:
        "Raise nodes.maxSize, so that a node comes in the volume's zone, or delete the claim.",
    };
  }
  if (/untolerated taint \{node\.kubernetes\.io\/(not-ready|unreachable)/.test(message)) {
    return undefined;
  }
  if (/topology spread constraints/.test(message)) {
    return {
      cause: "the spread over zones leaves it no node: a zone has none with room",
      remedy:
        "Raise nodes.maxSize, so that each of network.zones has a node, and look whether AWS has instances in that zone.",
    };
  }
  if (/Insufficient (\S+?)[.,;]|Too many pods/.test(`${message}.`))
    return noRoom(snapshot, pod, message);
  if (/node affinity\/selector|untolerated taint/.test(message)) {
    return {
      cause: "no node has what it asks for: its node selector or a taint leaves none",
      remedy: "Compare its architecture and selector with nodes.instanceTypes, and run up.",
    };
  }
  return { cause: "the scheduler finds no node", remedy: "See docs/runbooks.md#pending-pods." };
}

function noRoom(snapshot: Snapshot, pod: V1Pod, message: string): Said | undefined {
  const [, short] = /Insufficient (\S+?)[.,;]/.exec(`${message}.`) ?? [undefined, "place for pods"];
  const preempted = preemptionOf(snapshot, pod);
  if (preempted) {
    return {
      cause: "pods of a higher priority took its place",
      evidence: quoted(preempted),
      remedy: "Raise nodes.maxSize, or lower the requests of the pods with the higher priority.",
    };
  }
  const [said] = eventsOf(snapshot, "Pod", pod, /^(NotTriggerScaleUp|TriggeredScaleUp|Nominated)$/);
  if (failedLaunch(snapshot)) return undefined;
  const comes = said?.reason === "TriggeredScaleUp" || said?.reason === "Nominated";
  if (comes && ageOf(snapshot, said) < nodeSeconds) return undefined;
  const evidence = said && quoted(said);
  const text = said?.reason === "NotTriggerScaleUp" ? (said.message ?? "") : "";
  if (/max node group size reached|max cluster \w+ limit reached|max total nodes/.test(text)) {
    return {
      ...{ evidence },
      cause: `no ${short} is free, and the node group has as many nodes as it may`,
      remedy:
        "Raise nodes.maxSize, or lower what the pods ask for. docs/runbooks.md#autoscaler-ceiling",
    };
  }
  if (/Insufficient|Too many pods/.test(text)) {
    return {
      ...{ evidence },
      cause: `it asks for more ${short} than an empty node has`,
      remedy: "Lower its requests, or set a larger nodes.instanceTypes.",
    };
  }
  if (/in backoff after failed scale-up/.test(text)) {
    return {
      ...{ evidence },
      cause: `no ${short} is free, and the last attempt to add a node failed`,
      remedy:
        "Look at aws autoscaling describe-scaling-activities for the reason; the autoscaler tries again within 30 minutes.",
    };
  }
  return {
    ...{ evidence },
    cause: `no node has enough free ${short}`,
    remedy:
      "Raise nodes.desiredSize, or set autoscaler.enabled: true; with it, look at the autoscaler's log: kubectl logs -n kube-system -l app.kubernetes.io/name=aws-cluster-autoscaler.",
  };
}

/** The newest preemption of a pod of the same owner, within the time that events are kept. */
function preemptionOf(snapshot: Snapshot, pod: V1Pod): CoreV1Event | undefined {
  const { namespace, ownerReferences } = pod.metadata ?? {};
  const owner = ownerReferences?.[0]?.name;
  return (snapshot.kubernetes.events ?? []).find(
    ({ reason, involvedObject: of }) =>
      reason === "Preempted" &&
      of.namespace === namespace &&
      owner &&
      of.name?.startsWith(`${owner}-`),
  );
}
