import {
  AppsV1Api,
  AutoscalingV2Api,
  BatchV1Api,
  CoreV1Api,
  CustomObjectsApi,
  createConfiguration,
  type KubeConfig,
  ServerConfiguration,
} from "@kubernetes/client-node";

/** So long a request to the Kubernetes API may take: a private endpoint does not answer from outside. */
const timeoutSeconds = 15;

/** The parts of the Kubernetes API that commands read. */
export function kubernetesApis(kubeConfig: KubeConfig) {
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
    custom: new CustomObjectsApi(configuration),
  };
}

export type KubernetesApis = ReturnType<typeof kubernetesApis>;
