import * as aws from "@pulumi/aws";
import { Autoscaler } from "./infra/addons/autoscaler.ts";
import { ContainerInsights } from "./infra/addons/container-insights.ts";
import { FilesDriver } from "./infra/addons/files-driver.ts";
import { Keda } from "./infra/addons/keda.ts";
import { LoadBalancerController } from "./infra/addons/load-balancer-controller.ts";
import { SecretsStore } from "./infra/addons/secrets-store.ts";
import { requireAdmin } from "./infra/cluster/access.ts";
import { Cluster } from "./infra/cluster/cluster.ts";
import { runningGroups } from "./infra/cluster/nodes.ts";
import { boundRoles } from "./infra/cluster/permissions-boundary.ts";
import { requireAwake, sleepBySchedule } from "./infra/cluster/sleep.ts";
import { loadConfig } from "./infra/config/load.ts";
import { preflight } from "./infra/config/preflight.ts";
import { makeRecordProviders } from "./infra/edge/dns.ts";
import { Edge } from "./infra/edge/edge.ts";
import { Images } from "./infra/image/image.ts";
import { Network } from "./infra/network/network.ts";
import { Observability } from "./infra/observability/observability.ts";
import { Resources } from "./infra/resources/resources.ts";
import { LoadBalancer } from "./infra/services/load-balancer.ts";
import { Services } from "./infra/services/services.ts";

const config = loadConfig();
boundRoles(config.permissionsBoundary);
const provider = new aws.Provider("aws", config.provider);
const onAws = { providers: [provider] };
const recordProviders = makeRecordProviders(config.recordProviders);
await requireAdmin(config.cluster.admins, { provider });
const { existing } = await preflight({ ...config.preflight, recordProviders }, { provider });

// Where it runs.
const network = new Network("network", existing ?? config.network, onAws);
const running = await runningGroups(config.cluster, config.network, { provider });
requireAwake(config.cluster, running);
const cluster = new Cluster("cluster", { ...config.cluster, network, running }, onAws);

// What every workload on it relies on.
const providers = [provider, cluster.provider];
const prerequisites = [network, cluster];
const onCluster = { providers, dependsOn: prerequisites };
const autoscaler = new Autoscaler(
  "autoscaler",
  { ...config.autoscaler, cluster, network, prerequisites },
  { providers },
);
const controller = new LoadBalancerController(
  "load-balancer-controller",
  { ...config.loadBalancerController, cluster, network, prerequisites },
  { providers },
);
const insights = new ContainerInsights(
  "container-insights",
  { ...config.containerInsights, cluster, prerequisites },
  { providers },
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
  { providers, dependsOn: [...prerequisites, autoscaler] },
);

// The load balancer of all services, and what it holds on to where the stack asks for it. It comes up
// beside Container Insights, for which pods wait.
const edge = new Edge("edge", { ...config.edge, recordProviders }, onAws);
const loadBalancer = new LoadBalancer(
  "load-balancer",
  { ingress: config.services.ingress, edge, network },
  { providers, dependsOn: [...prerequisites, autoscaler, controller, edge] },
);

// The services and jobs, whose images are built while the cluster comes up. Until their Ingresses are gone,
// they need their load balancer, and all that it needs.
const images = new Images("images", config.images, onAws);
const services = new Services(
  "services",
  {
    ...config.services,
    ...{ cluster, network, images, resources, edge, loadBalancer, insights, keda, recordProviders },
  },
  {
    providers,
    dependsOn: [
      ...prerequisites,
      loadBalancer,
      insights,
      secretsStore,
      filesDriver,
      keda,
      resources,
    ],
  },
);

export const clusterName = cluster.name;
export const { url, dnsRecords, pullRequests } = services;
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
  { ...config.observability, network, images, edge, services, resources, logGroups },
  onAws,
);

// Last, and first to go: nothing is put to sleep while it comes up or is deleted.
sleepBySchedule("sleep", { ...config.cluster, cluster }, { ...onAws, dependsOn: services });
