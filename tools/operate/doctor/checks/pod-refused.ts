import { conditionOf, nameOf } from "../../cluster-objects.ts";
import type { Check, Sign } from "../finding.ts";
import { recognised } from "../finding.ts";
import { eventsOf, quoted } from "../objects.ts";

/** Messages of the API server of Kubernetes 1.36. */
const signs: Sign[] = [
  {
    text: /exceeded quota: ([^,]+), requested: (.+), used: (.+), limited: (.+)/,
    cause: ([, quota, requested, used, limited]) =>
      `ResourceQuota ${quota} is used up: ${requested} more than ${used} of ${limited}`,
    remedy:
      "The quota is derived from maxReplicas and requests: run pulumi up --refresh, or delete pods that are not the service's.",
  },
  {
    text: /violates PodSecurity "([^"]+)": (.+)/,
    cause: ([, level, what]) => `Pod Security ${level} refuses the pod: ${what}`,
    remedy:
      "Run pulumi up --refresh: the program's pods pass; something else changed the pod or the namespace's label.",
  },
  {
    text: /ValidatingAdmissionPolicy '([^']+)'(?: with binding '[^']+')? denied request: (.+)/,
    cause: ([, policy, message]) => `admission policy ${policy} refuses the pod: ${message}`,
    remedy: "Deploy an image of the stack's registry by its digest: npm run release.",
  },
  {
    text: /no PriorityClass with name (\S+) was found/,
    cause: ([, name]) => `PriorityClass ${name} does not exist`,
    remedy: "Run pulumi up --refresh, which makes it again.",
  },
  {
    text: /serviceaccount "([^"]+)" not found/,
    cause: ([, name]) => `ServiceAccount ${name} does not exist`,
    remedy: "Run pulumi up --refresh, which makes it again.",
  },
  {
    text: /failed calling webhook "([^"]+)"/,
    cause: ([, webhook]) => `webhook ${webhook} does not answer, so no pod is made`,
    remedy:
      "Bring the webhook's pods back; where they are gone for good, delete the webhook configuration.",
  },
  {
    text: /exceeds? .*LimitRange|maximum (?:cpu|memory) usage per/,
    cause: "a LimitRange refuses the pod",
    remedy: "Change the LimitRange, or what the pod asks for.",
  },
];

const said = (message: string) =>
  recognised(message, signs) ?? {
    cause: "the API server refuses the pod",
    remedy: "Change what the message names.",
  };

/** A ReplicaSet says it in a condition that ends with the refusal; a Job and a DaemonSet in an event only. */
export const podRefused: Check = {
  name: "pod-refused",
  finds:
    "pods that the API server refuses: quota, Pod Security, admission policy, PriorityClass, ServiceAccount, webhook",
  find: (snapshot) => [
    ...(snapshot.kubernetes.replicaSets ?? []).flatMap((set) => {
      const condition = conditionOf(set, "ReplicaFailure");
      if (condition?.status !== "True" || !set.spec?.replicas) return [];
      const owner = set.metadata?.ownerReferences?.[0];
      return [
        {
          object: owner
            ? `${owner.kind} ${set.metadata?.namespace}/${owner.name}`
            : `ReplicaSet ${nameOf(set)}`,
          ...said(condition.message ?? ""),
          evidence: `condition ReplicaFailure of ReplicaSet ${nameOf(set)}: ${condition.message}`,
          namespace: set.metadata?.namespace,
        },
      ];
    }),
    ...(snapshot.kubernetes.jobs ?? []).flatMap((job) => {
      const [newest] = eventsOf(
        snapshot,
        "Job",
        job,
        /^(FailedCreate|SuccessfulCreate|Completed)$/,
      );
      if (newest?.reason !== "FailedCreate") return [];
      return [
        {
          object: `Job ${nameOf(job)}`,
          ...said(newest.message ?? ""),
          evidence: quoted(newest),
          namespace: job.metadata?.namespace,
        },
      ];
    }),
  ],
};
