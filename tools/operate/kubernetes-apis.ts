import {
  AdmissionregistrationV1Api,
  ApiregistrationV1Api,
  AppsV1Api,
  AutoscalingV2Api,
  BatchV1Api,
  CoreV1Api,
  CustomObjectsApi,
  createConfiguration,
  DiscoveryV1Api,
  type KubeConfig,
  NetworkingV1Api,
  RbacAuthorizationV1Api,
  ServerConfiguration,
} from "@kubernetes/client-node";

/**
 * The parts of the Kubernetes API that commands read.
 *
 * @param timeoutSeconds so long a request may take: a private endpoint does not answer from outside
 */
export function kubernetesApis(kubeConfig: KubeConfig, timeoutSeconds = 15) {
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(kubeConfig.getCurrentCluster()?.server ?? "", {}),
    authMethods: { default: kubeConfig },
    promiseMiddleware: [
      {
        async pre(request) {
          request.setSignal(AbortSignal.timeout(timeoutSeconds * 1000));
          return request;
        },
        post: async (response) => response,
      },
    ],
  });
  return {
    core: new CoreV1Api(configuration),
    apps: new AppsV1Api(configuration),
    batch: new BatchV1Api(configuration),
    autoscaling: new AutoscalingV2Api(configuration),
    networking: new NetworkingV1Api(configuration),
    discovery: new DiscoveryV1Api(configuration),
    admission: new AdmissionregistrationV1Api(configuration),
    registration: new ApiregistrationV1Api(configuration),
    rbac: new RbacAuthorizationV1Api(configuration),
    custom: new CustomObjectsApi(configuration),
  };
}

export type KubernetesApis = ReturnType<typeof kubernetesApis>;
