import * as aws from "@pulumi/aws";
import { Autoscaler } from "./infra/addons/autoscaler.ts";
import { ContainerInsights } from "./infra/addons/container-insights.ts";
import { FilesDriver } from "./infra/addons/files-driver.ts";
import { Keda } from "./infra/addons/keda.ts";
import { LoadBalancerController } from "./infra/addons/load-balancer-controller.ts";
import { SecretsStore } from "./infra/addons/secrets-store.ts";
import { requireAdmin } from "./infra/cluster/access.ts";
import { Cluster } from "./infra/cluster/cluster.ts";
import { runningNodes } from "./infra/cluster/nodes.ts";
import { boundRoles } from "./infra/cluster/permissions-boundary.ts";
import { loadConfig } from "./infra/config/load.ts";
import { preflight } from "./infra/config/preflight.ts";
import { Edge } from "./infra/edge/edge.ts";
import { Images } from "./infra/image/image.ts";
import { Network } from "./infra/network/network.ts";
import { Observability } from "./infra/observability/observability.ts";
import { Resources } from "./infra/resources/resources.ts";
import { Services } from "./infra/services/services.ts";

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
const secretsStore = new SecretsStore(
  "secrets-store",
  { ...config.secretsStore, cluster },
  onCluster,
);
const filesDriver = new FilesDriver("files-driver", { ...config.filesDriver, cluster }, onCluster);

// What services and jobs use of AWS. It is made beside the cluster, for which only security groups wait.
const resources = new Resources(
  "resources",
  { ...config.resources, network, cluster, filesDriver },
  onAws,
);

// Its pods may need a node.
const keda = new Keda(
  "keda",
  { ...config.keda, cluster, resources },
  { ...onCluster, dependsOn: [network, cluster, autoscaler] },
);

// What its load balancer holds on to, where the stack asks for it.
const edge = new Edge("edge", config.edge, onAws);

// The services and jobs, whose images are built while the cluster comes up. Until their Ingresses are gone,
// these need the controller, and all that it and their load balancer need.
const images = new Images("images", config.images, onAws);
const services = new Services(
  "services",
  { ...config.services, cluster, network, images, resources, edge, insights, keda },
  {
    ...onCluster,
    dependsOn: [
      network,
      cluster,
      autoscaler,
      controller,
      insights,
      secretsStore,
      filesDriver,
      keda,
      edge,
      resources,
    ],
  },
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
new Observability(
  "observability",
  { ...config.observability, network, images, services, resources, logGroups },
  onAws,
);
