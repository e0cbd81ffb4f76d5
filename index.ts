import * as aws from "@pulumi/aws";
import { Cluster } from "./infra/cluster.ts";
import { loadConfig } from "./infra/config.ts";
import { ContainerInsights } from "./infra/container-insights.ts";
import { ServiceImage } from "./infra/image.ts";
import { LoadBalancerController } from "./infra/load-balancer-controller.ts";
import { Network } from "./infra/network.ts";
import { WebService } from "./infra/web-service.ts";

const config = loadConfig();
const provider = new aws.Provider("aws", config.provider);
const onAws = { providers: [provider] };

// Where it runs.
const network = new Network("network", config.network, onAws);
const cluster = new Cluster("cluster", { ...config.cluster, network }, onAws);

// What every workload on it relies on.
const onCluster = { providers: [provider, cluster.kubernetesProvider] };
const controller = new LoadBalancerController(
  "load-balancer-controller",
  { ...config.loadBalancerController, cluster, network },
  { ...onCluster, dependsOn: [network, cluster] },
);
const insights = new ContainerInsights(
  "container-insights",
  { ...config.containerInsights, cluster },
  { ...onCluster, dependsOn: [network, cluster] },
);

// The service. Its image is built while the cluster comes up. Its Ingress needs the controller,
// and all that the controller needs, until it is gone.
const image = new ServiceImage("service", config.image, onAws);
const service = new WebService(
  "service",
  { ...config.service, cluster, network, image: image.reference },
  { ...onCluster, dependsOn: [network, cluster, controller] },
);

export const url = service.url;
export const clusterName = cluster.name;
export const imageReference = image.reference;
export const kubeconfig = cluster.kubeconfig;
export const logGroups = {
  ...network.logGroups,
  ...cluster.logGroups,
  ...insights.logGroups,
};
