import type { KubeConfig } from "@kubernetes/client-node";
import { kubernetesApis } from "../kubernetes-apis.ts";
import type { KarpenterObject, KubernetesAnswers } from "./snapshot.ts";
import type { Tolerant } from "./tolerant.ts";

/** A list of the whole cluster may be long. */
const patienceSeconds = 20;

/** Lists of the whole cluster, as `list` of each kind. No Secret and no ConfigMap is read. */
export async function readKubernetes(
  kubeConfig: KubeConfig,
  tolerant: Tolerant,
  { karpenter = false }: { karpenter?: boolean } = {},
): Promise<KubernetesAnswers> {
  const { core, apps, batch, autoscaling, networking, discovery, admission, registration, custom } =
    kubernetesApis(kubeConfig, patienceSeconds);
  const list = <Item>(what: string, ask: () => Promise<{ items: Item[] }>) =>
    tolerant.read(what, async () => (await ask()).items);
  const [pods, events, namespaces, nodes, volumeClaims, deployments, replicaSets] =
    await Promise.all([
      list("pods", () => core.listPodForAllNamespaces()),
      list("events", () => core.listEventForAllNamespaces()),
      list("namespaces", () => core.listNamespace()),
      list("nodes", () => core.listNode()),
      list("persistentvolumeclaims", () => core.listPersistentVolumeClaimForAllNamespaces()),
      list("deployments", () => apps.listDeploymentForAllNamespaces()),
      list("replicasets", () => apps.listReplicaSetForAllNamespaces()),
    ]);
  const [jobs, autoscalers, ingresses, ingressClasses, networkPolicies] = await Promise.all([
    list("jobs", () => batch.listJobForAllNamespaces()),
    list("horizontalpodautoscalers", () =>
      autoscaling.listHorizontalPodAutoscalerForAllNamespaces(),
    ),
    list("ingresses", () => networking.listIngressForAllNamespaces()),
    list("ingressclasses", () => networking.listIngressClass()),
    list("networkpolicies", () => networking.listNetworkPolicyForAllNamespaces()),
  ]);
  const [endpointSlices, validating, mutating, apiServices] = await Promise.all([
    list("endpointslices", () => discovery.listEndpointSliceForAllNamespaces()),
    list("validatingwebhookconfigurations", () => admission.listValidatingWebhookConfiguration()),
    list("mutatingwebhookconfigurations", () => admission.listMutatingWebhookConfiguration()),
    list("apiservices", () => registration.listAPIService()),
  ]);
  const ofKarpenter = (group: string, plural: string) =>
    karpenter
      ? list<KarpenterObject>(plural, () =>
          custom.listClusterCustomObject({ group, version: "v1", plural }),
        )
      : undefined;
  const [nodePools, nodeClasses, nodeClaims] = await Promise.all([
    ofKarpenter("karpenter.sh", "nodepools"),
    ofKarpenter("karpenter.k8s.aws", "ec2nodeclasses"),
    ofKarpenter("karpenter.sh", "nodeclaims"),
  ]);
  return {
    ...(karpenter && { nodePools, nodeClasses, nodeClaims }),
    ...{ pods, events, namespaces, nodes, volumeClaims, deployments, replicaSets, jobs },
    ...{ autoscalers, ingresses, ingressClasses, networkPolicies, endpointSlices, apiServices },
    webhooks: validating || mutating ? [...(validating ?? []), ...(mutating ?? [])] : undefined,
  };
}
