import * as aws from "@pulumi/aws";
import { requireAdmin } from "./infra/access.ts";
import { Autoscaler } from "./infra/autoscaler.ts";
import { Cluster } from "./infra/cluster.ts";
import { loadConfig } from "./infra/config.ts";
import { ContainerInsights } from "./infra/container-insights.ts";
import { Edge } from "./infra/edge.ts";
import { Images } from "./infra/image.ts";
import { LoadBalancerController } from "./infra/load-balancer-controller.ts";
import { Network } from "./infra/network.ts";
import { runningNodes } from "./infra/nodes.ts";
import { preflight } from "./infra/preflight.ts";
import { boundRoles } from "./infra/role-boundary.ts";
import { Services } from "./infra/services.ts";
import { Watch } from "./infra/watch/watch.ts";

const config = loadConfig();
boundRoles(config.permissionsBoundary);
const provider = new aws.Provider("aws", config.provider);
const onAws = { providers: [provider] };
await requireAdmin(config.cluster.admins, { provider });
await preflight(config.preflight, { provider });

// Where it runs.
const network = new Network("network", config.network, onAws);
const running = await runningNodes(config.cluster, config.network, { provider });
const cluster = new Cluster("cluster", { ...config.cluster, network, running }, onAws);

// What every workload on it relies on.
const onCluster = { providers: [provider, cluster.provider], dependsOn: [network, cluster] };
const autoscaler = new Autoscaler("autoscaler", { ...config.autoscaler, cluster }, onCluster);
const controller = new LoadBalancerController(
  "load-balancer-controller",
  { ...config.loadBalancerController, cluster, network },
  onCluster,
);
const insights = new ContainerInsights(
  "container-insights",
  { ...config.containerInsights, cluster },
  onCluster,
);

// What its load balancer holds on to, where the stack asks for it.
const edge = new Edge("edge", config.edge, onAws);

// The services, whose images are built while the cluster comes up. Until their Ingresses are gone,
// these need the controller, and all that it and their load balancer need.
const images = new Images("images", config.images, onAws);
const services = new Services(
  "services",
  { ...config.services, cluster, network, images, edge, insights },
  { ...onCluster, dependsOn: [network, cluster, autoscaler, controller, insights, edge] },
);

export const clusterName = cluster.name;
export const { url, pullRequests } = services;
export const imageReferences = images.references;
export const release = config.release;
export const kubeconfig = cluster.kubeconfig;
export const logGroups = {
  ...network.logGroups,
  ...cluster.logGroups,
  ...insights.logGroups,
  ...edge.logGroups,
};
new Watch("watch", { ...config.watch, network, images, services, logGroups }, onAws);
