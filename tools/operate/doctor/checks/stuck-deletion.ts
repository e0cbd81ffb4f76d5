import type { KubernetesObject, V1Deployment } from "@kubernetes/client-node";
import { conditionOf, nameOf } from "../../cluster-objects.ts";
import type { Check, Finding } from "../finding.ts";
import { secondsSince } from "../objects.ts";
import type { Snapshot } from "../snapshot.ts";

/** A namespace with a load balancer and a draining pod is gone within so much time. */
const patienceSeconds = 600;

const order =
  "In this order: 1. bring the load balancer controller back (pulumi up --refresh), and it deletes what it made; 2. pulumi destroy again. Only where the load balancer is gone: remove the controller's webhooks (kubectl delete validatingwebhookconfiguration,mutatingwebhookconfiguration -l app.kubernetes.io/name=aws-load-balancer-controller), then the finalizers of the TargetGroupBindings, then of the Ingresses, and run npm run leftovers.";

/** Finalizers wait for who set them, so the way out is to bring that back. */
export const stuckDeletion: Check = {
  name: "stuck-deletion",
  finds:
    "namespaces, Ingresses and volume claims that stay Terminating: finalizers and whose they are, an aggregated API",
  find: (snapshot) => {
    const namespaces = (snapshot.kubernetes.namespaces ?? []).flatMap((one) =>
      stuck(snapshot, one) ? namespaceFinding(snapshot, one) : [],
    );
    const told = namespaces.map(({ namespace }) => namespace);
    const objects = (["ingresses", "volumeClaims"] as const).flatMap((kind) =>
      (snapshot.kubernetes[kind] ?? [])
        .filter((one) => stuck(snapshot, one) && !told.includes(one.metadata?.namespace))
        .map((one) => objectFinding(snapshot, kind, one)),
    );
    return [...namespaces, ...objects];
  },
};

const stuck = (snapshot: Snapshot, { metadata }: KubernetesObject) =>
  secondsSince(snapshot, metadata?.deletionTimestamp) > patienceSeconds;

function namespaceFinding(snapshot: Snapshot, one: KubernetesObject): Finding[] {
  const says = (type: string) => conditionOf(one as V1Deployment, type);
  const object = `Namespace ${nameOf(one)}`;
  const namespace = one.metadata?.name;
  const discovery = says("NamespaceDeletionDiscoveryFailure");
  if (discovery?.status === "True") {
    return [
      {
        ...{ object, namespace },
        cause: "it stays Terminating, because an aggregated API does not answer",
        evidence: `condition NamespaceDeletionDiscoveryFailure: ${discovery.message}`,
        remedy:
          "Bring the pods of that API back; where they are gone for good, kubectl delete apiservice <version>.<group>. The namespace then goes by itself.",
      },
    ];
  }
  const finalizers = says("NamespaceFinalizersRemaining");
  const content = says("NamespaceContentRemaining");
  const message = finalizers?.status === "True" ? finalizers.message : content?.message;
  const ofController = /\.k8s\.aws\//.test(message ?? "");
  return [
    {
      ...{ object, namespace },
      cause: ofController
        ? `it stays Terminating, because finalizers wait for the load balancer controller${controllerState(snapshot)}`
        : "it stays Terminating, because something in it is not deleted",
      evidence: `condition ${finalizers?.status === "True" ? "NamespaceFinalizersRemaining" : "NamespaceContentRemaining"}: ${message}`,
      remedy: ofController ? order : "Bring back who set the finalizers that the message names.",
    },
  ];
}

function objectFinding(
  snapshot: Snapshot,
  kind: "ingresses" | "volumeClaims",
  one: KubernetesObject,
): Finding {
  const finalizers = one.metadata?.finalizers?.join(", ");
  const claim = kind === "volumeClaims";
  return {
    object: `${claim ? "PersistentVolumeClaim" : "Ingress"} ${nameOf(one)}`,
    cause: claim
      ? "it stays Terminating, because a pod uses it"
      : `it stays Terminating, because its finalizers wait for the load balancer controller${controllerState(snapshot)}`,
    evidence: `deletionTimestamp ${new Date(one.metadata?.deletionTimestamp ?? 0).toISOString()}, finalizers: ${finalizers}`,
    remedy: claim ? "Delete the pods that mount it." : order,
    namespace: one.metadata?.namespace,
  };
}

function controllerState({ kubernetes: { deployments } }: Snapshot): string {
  if (!deployments) return "";
  const controller = deployments.find(({ metadata }) =>
    metadata?.name?.includes("load-balancer-controller"),
  );
  if (!controller) return ", which is gone";
  return controller.status?.readyReplicas ? "" : ", which has no ready pod";
}
