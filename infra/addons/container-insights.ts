import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { serviceMetrics } from "../../service/src/metric-names.ts";
import { addonVersion, type Cluster } from "../cluster/cluster.ts";
import { keptOfAddon, ServiceAccountRole } from "../cluster/service-account-role.ts";
import type { ClusterConfig, InsightsConfig, LogsConfig } from "../config/schema.ts";
import { isBelow } from "../config/version.ts";

export interface ContainerInsightsArgs
  extends InsightsConfig,
    Pick<ClusterConfig, "addonVersions" | "kubernetesVersion"> {
  cluster: Pick<Cluster, "name" | "identity">;
  /** What its pods need: nodes, names and a way to AWS. Its role and its log groups do not wait for them. */
  prerequisites: pulumi.Resource[];
  /** The cluster's name as the configuration has it: part of names that AWS fixes. */
  clusterName: string;
  region: string;
  /** The namespaces whose pods Application Signals instruments, where it is on. */
  namespaces: string[];
  logs: LogsConfig;
}

/** How pods reach the agent of their node. */
export interface AgentAccess {
  /** Variables that name it to our services. */
  environment: Record<string, pulumi.Input<string>>;
  /** What a network policy must let through. */
  ports: { port: number; protocol: "TCP" | "UDP" }[];
}

const namespace = "amazon-cloudwatch";
const agent = "cloudwatch-agent";
const embeddedMetricsPort = 25888;
const tracesPort = 4318;
const applicationSignalsPorts = [4316, 2000];

/** The peer of a network policy that is the agent. The CNI reads its Service's address from it. */
export const agentPeer = {
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
  podSelector: {
    matchLabels: {
      "app.kubernetes.io/component": "amazon-cloudwatch-agent",
      "app.kubernetes.io/instance": `${namespace}.${agent}`,
    },
  },
};

/**
 * CloudWatch Container Insights: metrics of cluster, nodes and pods, the containers' logs, and an
 * agent on every node that takes our services' own metrics (and traces, where they are on).
 *
 * The log groups are made first, with retention, and go last: an agent that still runs would make
 * a deleted group again, without retention and owned by nobody.
 */
export class ContainerInsights extends pulumi.ComponentResource {
  /** `application` has the pods' logs, `services` the documents that the services' metrics are in. */
  readonly logGroups: Record<"application" | "services", pulumi.Output<string>> &
    Record<string, pulumi.Output<string>>;
  readonly agent: AgentAccess;

  constructor(name: string, args: ContainerInsightsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:addons:ContainerInsights", name, {}, opts);
    const parent = { parent: this };
    const logGroup = (group: string) =>
      new aws.cloudwatch.LogGroup(
        `${name}-${group}`,
        {
          name: `/aws/containerinsights/${args.clusterName}/${group}`,
          retentionInDays: args.logs.retentionDays,
          skipDestroy: args.logs.keepOnDestroy,
        },
        parent,
      );

    const groups = {
      application: logGroup("application"),
      dataplane: logGroup("dataplane"),
      host: logGroup("host"),
      services: logGroup("services"),
      ...(args.variant === "enhanced" && { performance: logGroup("performance") }),
    };
    const role = new ServiceAccountRole(
      name,
      {
        identity: args.cluster.identity,
        namespace,
        serviceAccount: agent,
        ofAddon: true,
        policyArns: ["arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"],
      },
      parent,
    );
    const version = pulumi.output(addonVersion("amazon-cloudwatch-observability", args, parent));
    new aws.eks.Addon(
      name,
      {
        clusterName: args.cluster.name,
        addonName: "amazon-cloudwatch-observability",
        addonVersion: version,
        ...role.addonArgs,
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
        configurationValues: version.apply((version) => JSON.stringify(addonValues(args, version))),
      },
      {
        ...parent,
        dependsOn: [role, ...Object.values(groups), ...args.prerequisites],
        ignoreChanges: keptOfAddon(args.cluster.identity),
      },
    );

    this.logGroups = Object.fromEntries(
      Object.entries(groups).map(([group, { name }]) => [group, name]),
    ) as ContainerInsights["logGroups"];
    this.agent = agentAccess(args, groups.services.name);
    this.registerOutputs();
  }
}

/**
 * Values of the chart amazon-cloudwatch-observability, as the add-on takes them. EKS refuses keys
 * that the version does not know: the switches came with 6.2.0. Before it the agent's configuration
 * says all that they say.
 */
function addonValues(args: ContainerInsightsArgs, version: string) {
  const { variant, applicationSignals, namespaces } = args;
  return {
    agent: { config: agentConfig(args) },
    ...(!isBelow(version, 6, 2) && {
      containerInsights: { enabled: variant === "enhanced" },
      applicationSignals: { enabled: applicationSignals },
    }),
    // Logs stay with Fluent Bit, in the same groups and fields: sent twice, they would cost twice.
    ...(variant === "opentelemetry" && {
      otelContainerInsights: { enabled: true, logs: { enabled: false } },
    }),
    containerLogs: { enabled: true },
    manager: {
      applicationSignals: {
        autoMonitor: {
          // On unless told otherwise: it restarts pods with an agent inside and bills each request.
          monitorAllServices: false,
          ...(applicationSignals && {
            customSelector: { nodejs: { namespaces } },
          }),
        },
      },
    },
  };
}

/**
 * The agent's configuration. It replaces the one that the add-on would write, which takes no
 * embedded metrics, so what the switches above mean to the agent is said here again.
 */
function agentConfig({ region, variant, applicationSignals, traces }: ContainerInsightsArgs) {
  const signals = applicationSignals && { application_signals: {} };
  return {
    agent: { region },
    logs: {
      metrics_collected: {
        emf: {},
        ...(variant === "enhanced" && { kubernetes: { enhanced_container_insights: true } }),
        ...signals,
      },
    },
    ...((applicationSignals || traces) && {
      traces: {
        traces_collected: {
          ...signals,
          // The agent's own default is to listen to its node alone.
          ...(traces && { otlp: { http_endpoint: `0.0.0.0:${tracesPort}` } }),
        },
      },
    }),
  };
}

/** Where a cluster's services publish: clusters of one account may have services of one name. */
export function ownNamespace(clusterName: string): string {
  return `${serviceMetrics.namespace}/${clusterName}`;
}

function agentAccess(
  { applicationSignals, traces, clusterName }: ContainerInsightsArgs,
  logGroup: pulumi.Input<string>,
): AgentAccess {
  const host = `${agent}.${namespace}`;
  const tcp = [
    ...(traces ? [tracesPort] : []),
    ...(applicationSignals ? applicationSignalsPorts : []),
  ];
  return {
    environment: {
      AWS_EMF_AGENT_ENDPOINT: `udp://${host}:${embeddedMetricsPort}`,
      AWS_EMF_LOG_GROUP_NAME: logGroup,
      METRICS_NAMESPACE: ownNamespace(clusterName),
      ...(traces && { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${host}:${tracesPort}` }),
    },
    ports: [
      { port: embeddedMetricsPort, protocol: "UDP" },
      ...tcp.map((port) => ({ port, protocol: "TCP" as const })),
    ],
  };
}
