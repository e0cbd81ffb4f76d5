import {
  AdmissionregistrationV1Api,
  ApiregistrationV1Api,
  AppsV1Api,
  AutoscalingV2Api,
  BatchV1Api,
  CoreV1Api,
  createConfiguration,
  DiscoveryV1Api,
  type KubeConfig,
  type Middleware,
  NetworkingV1Api,
  ServerConfiguration,
} from "@kubernetes/client-node";
import type { KubernetesAnswers } from "./snapshot.ts";
import type { Tolerant } from "./tolerant.ts";

/** An API server that nobody reaches does not answer at all. */
const patienceMs = 20_000;

const impatient: Middleware = {
  pre: async (request) => {
    request.setSignal(AbortSignal.timeout(patienceMs));
    return request;
  },
  post: async (response) => response,
};

/** Lists of the whole cluster, as `list` of each kind. No Secret and no ConfigMap is read. */
export async function readKubernetes(
  kubeConfig: KubeConfig,
  tolerant: Tolerant,
): Promise<KubernetesAnswers> {
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(kubeConfig.getCurrentCluster()?.server ?? "", {}),
    authMethods: { default: kubeConfig },
    promiseMiddleware: [impatient],
  });
  const core = new CoreV1Api(configuration);
  const apps = new AppsV1Api(configuration);
  const networking = new NetworkingV1Api(configuration);
  const admission = new AdmissionregistrationV1Api(configuration);
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
    list("jobs", () => new BatchV1Api(configuration).listJobForAllNamespaces()),
    list("horizontalpodautoscalers", () =>
      new AutoscalingV2Api(configuration).listHorizontalPodAutoscalerForAllNamespaces(),
    ),
    list("ingresses", () => networking.listIngressForAllNamespaces()),
    list("ingressclasses", () => networking.listIngressClass()),
    list("networkpolicies", () => networking.listNetworkPolicyForAllNamespaces()),
  ]);
  const [endpointSlices, validating, mutating, apiServices] = await Promise.all([
    list("endpointslices", () =>
      new DiscoveryV1Api(configuration).listEndpointSliceForAllNamespaces(),
    ),
    list("validatingwebhookconfigurations", () => admission.listValidatingWebhookConfiguration()),
    list("mutatingwebhookconfigurations", () => admission.listMutatingWebhookConfiguration()),
    list("apiservices", () => new ApiregistrationV1Api(configuration).listAPIService()),
  ]);
  return {
    ...{ pods, events, namespaces, nodes, volumeClaims, deployments, replicaSets, jobs },
    ...{ autoscalers, ingresses, ingressClasses, networkPolicies, endpointSlices, apiServices },
    webhooks: validating || mutating ? [...(validating ?? []), ...(mutating ?? [])] : undefined,
  };
}
