import * as pulumi from "@pulumi/pulumi";
import type { Copying } from "../addons/copied-image.ts";
import { startedBy } from "../cluster/started-nodes.ts";
import type { BodyRoute } from "../edge/firewall.ts";
import { interfaceEndpoints } from "../network/needed-endpoints.ts";
import { clockOf } from "../services/clock.ts";
import { kedaNeeds } from "../services/keda-needs.ts";
import { type PodSize, podSize } from "../services/pod-size.ts";
import { waysToCachePort } from "./database-rules.ts";
import { debuggersOf } from "./debug-rules.ts";
import { domainZones, hostNames } from "./domain-rules.ts";
import { imagePlaces } from "./image-names.ts";
import { addonsOf } from "./pods-at-most.ts";
import { previewDatabases, previewResources } from "./preview-rules.ts";
import { readSettings } from "./reading.ts";
import { rules } from "./rules.ts";
import { capacityTypeOf, groupsOf, withSurge } from "./scale-rules.ts";
import { type NodesConfig, type Settings, settingsSchema } from "./schema.ts";
import type { JobConfig, ServiceConfig } from "./workload-schema.ts";

/** The settings of a stack, in the slices that the components take whole. */
type PlatformConfig = ReturnType<typeof slices>;

function slices(given: Settings) {
  const settings = {
    ...given,
    services: withSurge({ ...given, services: withoutReleasesGoneBack(given) }),
  };
  const { region, accountId, environment, tags, cluster, logs, ingress, domain } = settings;
  const nodes = { ...settings.nodes, capacityType: capacityTypeOf(settings) };
  const { services, jobs } = settings;
  const workloads = { ...services, ...jobs };
  const { addonVersions, kubernetesVersion } = cluster;
  const { architecture } = nodes;
  const started = startedBy(nodes);
  const addons = addonsOf(settings);
  const domains = domain ? domainZones(domain) : [];
  const named = domain && {
    hostName: domain.hostName,
    certificateArns: domain.certificateArns,
    hostNames: hostNames(settings),
  };
  const provider = {
    region,
    allowedAccountIds: [accountId],
    defaultTags: {
      tags: {
        project: pulumi.getProject(),
        stack: pulumi.getStack(),
        environment,
        "managed-by": "pulumi",
        ...tags,
      },
    },
  };
  return {
    provider,
    recordProviders: { domains, provider },
    preflight: {
      zones: settings.network.zones,
      groups: groupsOf(settings),
      architecture,
      autoscaled: settings.autoscaler.enabled,
      pods: podSizes(settings),
      started,
      prefixes: addons.prefixes,
      domains,
      certificateArns: domain?.certificateArns ?? [],
      hostNames: (named?.hostNames ?? []).map(({ hostName }) => hostName),
      network: networkNeeds({ ...settings, nodes }),
    },
    network: {
      ...settings.network,
      ...{ region, logs, gatewayEndpoints: gatewayEndpoints(settings) },
      interfaceEndpoints: interfaceEndpoints(settings),
      tags: provider.defaultTags.tags,
    },
    cluster: {
      ...cluster,
      needsTokens: addons.files,
      nodes,
      autoscaled: settings.autoscaler.enabled,
      zones: settings.network.zones.length,
      logs,
      tags,
      deployerNamespaces: Object.keys(workloads),
    },
    autoscaler: {
      ...settings.autoscaler,
      karpenter: nodes.karpenter && {
        ...{ ...nodes, ...nodes.karpenter },
        prefixDelegation: cluster.podAddresses.prefixDelegation,
      },
      auto: nodes.auto !== undefined,
      kubernetesVersion,
      clusterName: cluster.name,
      region,
      accountId,
      copying: copying(settings),
      tags,
      longestGraceSeconds: Math.max(
        ...Object.values(services).map(
          (service) => clockOf(service, ingress).terminationGracePeriodSeconds,
        ),
      ),
    },
    keda: { ...kedaNeeds(services, { region, accountId }), clusterName: cluster.name },
    loadBalancerController: {
      region,
      tags,
      copying: copying(settings),
      inTwoZones: nodes.kind === "auto",
    },
    containerInsights: {
      ...settings.insights,
      clusterName: cluster.name,
      addonVersions,
      kubernetesVersion,
      region,
      namespaces: Object.keys(services),
      logs,
    },
    secretsStore: {
      enabled: addons.secrets,
      addonVersions,
      kubernetesVersion,
    },
    filesDriver: {
      enabled: addons.files,
      addonVersions,
      kubernetesVersion,
    },
    edge: {
      domain: named,
      firewall: {
        ...settings.firewall,
        bodies: bodyRoutes(settings),
        clusterName: cluster.name,
        accountId,
        region,
        logs,
      },
      loadBalancerLogs: {
        ...settings.loadBalancerLogs,
        accountId,
        keepOnDestroy: logs.keepOnDestroy,
      },
    },
    resources: {
      resources: settings.resources,
      clusterName: cluster.name,
      logs,
      zones: settings.network.zones,
      backups: settings.backups,
      previewDatabases: previewDatabases(settings),
      protect: environment === "production",
    },
    images: {
      ...settings.registry,
      architecture,
      places: imagePlaces(settings),
      debugImage: cluster.debug.length > 0 ? cluster.debugImage : undefined,
    },
    services: {
      services,
      jobs,
      ingress,
      architecture,
      nodes: {
        startedBy: started?.by,
        spotFirst: mixesCapacity(settings),
        hardSpread: nodes.groupPerZone,
      },
      place: { region, accountId },
      domain: named,
      clusterName: cluster.name,
      pullRequests: { ...settings.pullRequests, aws: previewResources(settings, provider) },
      admission: {
        registries: registries(settings),
        applicationSignals: settings.insights.applicationSignals,
        debuggers: debuggersOf(settings),
      },
    },
    release: settings.release,
    permissionsBoundary: settings.permissionsBoundary,
    observability: {
      alarms: settings.alarms,
      schedule: nodes.schedule,
      budget: { ...settings.budget, tags: provider.defaultTags.tags },
      dashboard: settings.dashboard,
      serviceLevel: settings.serviceLevel,
      insights: settings.insights,
      scale: services,
      jobs,
      scheme: ingress.scheme,
      clusterName: cluster.name,
      accountId,
      region,
    },
  };
}

/**
 * A service that went back to an image runs no release job for it: a tool for migrations refuses a
 * database that a newer image has changed. Its next image has the job again.
 */
function withoutReleasesGoneBack({ services, release }: Settings): Settings["services"] {
  const wentBack = (name: string, { image: { digest } }: ServiceConfig) => {
    const [back, from] = [release?.images[name], release?.wentBackFrom?.[name]];
    return digest !== undefined && back?.endsWith(digest) && from !== undefined && from !== back;
  };
  return Object.fromEntries(
    Object.entries(services).map(([name, service]) => [
      name,
      wentBack(name, service) ? { ...service, release: undefined } : service,
    ]),
  );
}

/** The host names and the path of each service, and its limit of body size. Includes the preview environments. */
function bodyRoutes({ services, domain, pullRequests }: Settings): BodyRoute[] {
  const below = domain && pullRequests.environments > 0 ? domain.hostName : undefined;
  return Object.entries(services).flatMap(([name, { route, maxBodyKiB }]) =>
    route
      ? {
          hosts: route.hosts ? [...route.hosts, ...(below ? [`${name}-pr-*.${below}`] : [])] : [],
          path: route.path,
          maxBodyKiB,
        }
      : [],
  );
}

function podSizes(settings: Settings): [at: string, PodSize][] {
  return (["services", "jobs"] as const).flatMap((kind) =>
    Object.entries<ServiceConfig | JobConfig>(settings[kind]).map(
      ([name, workload]): [string, PodSize] => [`${kind}.${name}`, podSize(workload)],
    ),
  );
}

/** What AWS is asked of a network that is there already. */
function networkNeeds({
  network: { existing },
  cluster,
  nodes,
  ingress,
  ...settings
}: Settings & { nodes: NodesConfig }) {
  return (
    existing && {
      existing,
      nodes,
      clusterName: cluster.name,
      podAddresses: cluster.podAddresses,
      scheme: ingress.scheme,
      waysToCachePort: waysToCachePort(settings),
    }
  );
}

/** Whether some nodes are Spot instances and others are not. */
function mixesCapacity(settings: Settings): boolean {
  return new Set(groupsOf(settings).map(({ capacityType }) => capacityType)).size > 1;
}

/** Without a way out nodes reach no registry but ECR's of the region. */
function copying({ network, registry, nodes: { architecture } }: Settings): Copying | undefined {
  return network.egress === "none" ? { ...registry, architecture } : undefined;
}

/** Images and their layers come from S3; tables are used where there are some. */
function gatewayEndpoints({ resources }: Settings): ("s3" | "dynamodb")[] {
  const tables = Object.values(resources).some(({ kind }) => kind === "table");
  return ["s3", ...(tables ? ["dynamodb" as const] : [])];
}

/** The host names of the registries that the stack deploys from: its own, and those it is told of. */
function registries({ accountId, region, ...settings }: Settings): string[] {
  const others = imagePlaces(settings).flatMap(({ image }) => image.repositoryUrl ?? []);
  const hosts = others.map((url) => url.split("/")[0] ?? "");
  return [...new Set([`${accountId}.dkr.ecr.${region}.amazonaws.com`, ...hosts])];
}

/**
 * Reads the stack's settings (`platform:*` in `Pulumi.<stack>.yaml`), with defaults filled in.
 *
 * Throws one `pulumi.RunError` that lists every problem: its key, what was given, what is allowed.
 * Keys that no setting has are problems too, so that a misspelled key cannot be ignored.
 */
export function loadConfig(): PlatformConfig {
  return slices(readSettings(settingsSchema, ["region", "accountId", "environment"], rules));
}
