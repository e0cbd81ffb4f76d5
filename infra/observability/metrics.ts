import type * as pulumi from "@pulumi/pulumi";
import { serviceMetrics } from "../../service/src/metric-names.ts";
import { ownNamespace } from "../addons/container-insights.ts";
import type { JobConfig } from "../config/workload-schema.ts";
import { emittedOfResources, type WatchedResource } from "./resource-metrics.ts";

/** A metric of CloudWatch's, and how it is read. */
export interface Metric {
  namespace: string;
  name: string;
  dimensions: Record<string, pulumi.Input<string>>;
  /** `PR(:n)` is the share, in percent, of the values up to n. */
  statistic: "Average" | "Maximum" | "Minimum" | "Sum" | `p${number}` | `PR(:${number})`;
  /** Only where the emitter is ours: a unit that is not the emitter's matches nothing, in silence. */
  unit?: "Count" | "Milliseconds";
}

/** A service, as the metrics of the balancer and of the cluster name it. */
export interface WatchedService {
  /** Also its namespace, and what it calls itself in its own metrics. */
  name: string;
  deployment: pulumi.Input<string>;
  /** The last part of the target group's ARN. @default it is not behind the load balancer */
  targetGroup?: pulumi.Input<string>;
  maxReplicas: number;
  /** Whether it publishes metrics of its own (`drain: own`). */
  publishes: boolean;
}

/** A job, as the metrics of the cluster name it. */
export interface WatchedJob extends Pick<JobConfig, "schedule" | "timeZone" | "deadlineSeconds"> {
  /** Also its namespace. */
  name: string;
}

export interface Watched {
  clusterName: string;
  /** The last part of the load balancer's ARN. */
  loadBalancer: pulumi.Input<string>;
  /** The ARNs of the load balancer's certificates. */
  certificates: pulumi.Input<string>[];
  services: WatchedService[];
  jobs: WatchedJob[];
  resources: WatchedResource[];
}

const balancer = [["LoadBalancer"]];
const targets = [["LoadBalancer", "TargetGroup"]];
const nodes = [["ClusterName"], ["ClusterName", "InstanceId", "NodeName"]];
const workload = [["ClusterName", "Namespace", "PodName"]];
const namespaces = [["ClusterName", "Namespace"]];

/**
 * The sets of dimensions with which AWS emits the metrics that we read, those that we use of them.
 *
 * `AWS/ApplicationELB`: Application Load Balancers guide, "CloudWatch metrics for your Application
 * Load Balancer". `ContainerInsights`: the agent's own table, translator/translate/otel/exporter/
 * awsemf/kubernetes.go of aws/amazon-cloudwatch-agent (ab55b8d, 2026-08), with enhanced
 * observability; `PodName` is the name of the Deployment there. `pod_number_of_container_restarts`
 * counts since the last data point (podstore.go of the receiver), so its sum is the restarts.
 * `AWS/CertificateManager`: twice a day for each certificate, issued or imported (Certificate Manager
 * guide, "Supported CloudWatch metrics"). `AWS/Logs` and `AWS/NATGateway`: their guides, from memory.
 */
export const emitted = {
  "AWS/ApplicationELB": {
    ActiveConnectionCount: balancer,
    ConsumedLCUs: balancer,
    HTTPCode_ELB_4XX_Count: balancer,
    HTTPCode_ELB_5XX_Count: balancer,
    HTTPCode_Target_5XX_Count: [...balancer, ...targets],
    HealthyHostCount: targets,
    RequestCount: [...balancer, ...targets],
    TargetResponseTime: targets,
    UnHealthyHostCount: targets,
  },
  "AWS/CertificateManager": { DaysToExpiry: [["CertificateArn"]] },
  "AWS/Logs": { IncomingBytes: [["LogGroupName"]] },
  "AWS/NATGateway": {
    BytesInFromDestination: [["NatGatewayId"]],
    BytesInFromSource: [["NatGatewayId"]],
  },
  ContainerInsights: {
    namespace_number_of_running_pods: namespaces,
    node_cpu_utilization: nodes,
    node_filesystem_utilization: nodes,
    node_memory_utilization: nodes,
    pod_cpu_utilization_over_pod_limit: workload,
    pod_memory_utilization_over_pod_limit: workload,
    pod_number_of_container_restarts: workload,
    pod_status_pending: workload,
    replicas_desired: workload,
    replicas_ready: workload,
  },
  ...emittedOfResources,
} as const;

export type Emitter = keyof typeof emitted;
export type MetricOf<Of extends Emitter> = keyof (typeof emitted)[Of] & string;

export function awsMetric<Of extends Emitter>(
  namespace: Of,
  name: MetricOf<Of>,
  statistic: Metric["statistic"],
  dimensions: Metric["dimensions"],
): Metric {
  return { namespace, name, statistic, dimensions };
}

/** One of the metrics that a service publishes itself. */
function ownMetric(
  { clusterName }: Pick<Watched, "clusterName">,
  { name }: Pick<WatchedService, "name">,
  metric: "requests" | "errors" | "duration",
  statistic: Metric["statistic"] = "Sum",
): Metric {
  return {
    namespace: ownNamespace(clusterName),
    name: serviceMetrics[metric],
    dimensions: { [serviceMetrics.dimension]: name },
    statistic,
    unit: metric === "duration" ? "Milliseconds" : "Count",
  };
}

/** The dimensions of a service's pods in Container Insights. */
export function podsOf({ clusterName }: Watched, { name, deployment }: WatchedService) {
  return { ClusterName: clusterName, Namespace: name, PodName: deployment };
}

/** The dimensions of a service's target group. */
export function targetsOf(
  { loadBalancer }: Watched,
  { targetGroup = "" }: Pick<WatchedService, "targetGroup">,
) {
  return { LoadBalancer: loadBalancer, TargetGroup: targetGroup };
}

/** What is known of a service's requests. */
export interface Traffic {
  requests: Metric;
  errors: Metric;
  duration(statistic: Metric["statistic"]): Metric;
  /** The unit of durations, and how many of it are a second. */
  unit: "ms" | "s";
  perSecond: number;
}

/**
 * The requests of a service, by its own metrics or else by the load balancer's; nothing where neither
 * tells, as of a worker or of a service that only others call.
 */
export function trafficOf(watched: Watched, service: WatchedService): Traffic | undefined {
  if (service.publishes) {
    return {
      requests: ownMetric(watched, service, "requests"),
      errors: ownMetric(watched, service, "errors"),
      duration: (statistic) => ownMetric(watched, service, "duration", statistic),
      unit: "ms",
      perSecond: 1000,
    };
  }
  if (service.targetGroup === undefined) return undefined;
  const targets = targetsOf(watched, service);
  const elb = (
    name: "RequestCount" | "HTTPCode_Target_5XX_Count" | "TargetResponseTime",
    statistic: Metric["statistic"] = "Sum",
  ) => awsMetric("AWS/ApplicationELB", name, statistic, targets);
  return {
    requests: elb("RequestCount"),
    errors: elb("HTTPCode_Target_5XX_Count"),
    duration: (statistic) => elb("TargetResponseTime", statistic),
    unit: "s",
    perSecond: 1,
  };
}
