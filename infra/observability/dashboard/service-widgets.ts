import type { ServiceLevelConfig } from "../../config/schema.ts";
import { objectives } from "../alarms/service-level.ts";
import { jobMetric } from "../job-metrics.ts";
import {
  awsMetric,
  type Metric,
  podsOf,
  targetsOf,
  trafficOf,
  type Watched,
  type WatchedJob,
  type WatchedService,
} from "../metrics.ts";
import { graph, lastFourWeeks, type Widget } from "./widgets.ts";

interface ServiceWidgetsArgs {
  watched: Watched;
  serviceLevel: ServiceLevelConfig;
  region: string;
}

interface HealthWidgetsArgs extends ServiceWidgetsArgs {
  /** Whether Container Insights measures nodes and pods. */
  measuresNodes: boolean;
}

/** Traffic, errors and latency; nothing of a service whose requests nobody counts. */
export function trafficWidgets(args: ServiceWidgetsArgs, service: WatchedService): Widget[] {
  const { watched, region, serviceLevel } = args;
  const traffic = trafficOf(watched, service);
  if (!traffic) return [];
  const targets = targetsOf(watched, service);
  const options = { share: 3 as const, region };
  const elb = (label: string, name: "RequestCount" | "HTTPCode_Target_5XX_Count") =>
    service.targetGroup === undefined
      ? []
      : [{ label, metric: awsMetric("AWS/ApplicationELB", name, "Sum", targets) }];
  const own = (label: string, metric: Metric) => (service.publishes ? [{ label, metric }] : []);
  return [
    graph(
      "Requests a minute",
      [
        ...own("answered by pods", traffic.requests),
        ...elb("sent by the load balancer", "RequestCount"),
      ],
      options,
    ),
    graph(
      "Errors a minute",
      [
        ...own("5xx of pods", traffic.errors),
        ...elb("5xx seen by the load balancer", "HTTPCode_Target_5XX_Count"),
      ],
      options,
    ),
    graph(
      "Latency",
      (["p50", "p90", "p99"] as const).map((percentile) => ({
        label: percentile,
        metric: traffic.duration(percentile),
      })),
      {
        ...options,
        unit: traffic.unit,
        limit: {
          label: "promised",
          value: (serviceLevel.latencyMilliseconds * traffic.perSecond) / 1000,
        },
      },
    ),
  ];
}

/** The runs that ended, and the pods that run for each job where that is measured. */
export function jobWidgets({ watched, region, measuresNodes }: HealthWidgetsArgs): Widget[] {
  const ofJobs = (title: string, metric: (job: WatchedJob) => Metric, periodSeconds?: number) =>
    graph(
      title,
      watched.jobs.map((job) => ({ label: job.name, metric: metric(job) })),
      { share: 3, region, periodSeconds },
    );
  const hour = 3600;
  return [
    ofJobs("Runs completed in an hour", (job) => jobMetric(watched, job, "completed"), hour),
    ofJobs("Runs failed in an hour", (job) => jobMetric(watched, job, "failed"), hour),
    ...(measuresNodes
      ? [
          ofJobs("Running pods of jobs", ({ name }) =>
            awsMetric("ContainerInsights", "namespace_number_of_running_pods", "Maximum", {
              ClusterName: watched.clusterName,
              Namespace: name,
            }),
          ),
        ]
      : []),
  ];
}

/** What is left of the promises, and how near the pods are to their limits, where that is measured. */
export function healthWidgets(args: HealthWidgetsArgs, service: WatchedService): Widget[] {
  const { watched, region, serviceLevel } = args;
  const options = { share: args.measuresNodes ? (4 as const) : (2 as const), region };
  const budgets = objectives(watched, service, serviceLevel).map(({ name, metrics, bad, budget }) =>
    lastFourWeeks(
      `Budget of ${name} left, %`,
      [
        ...Object.entries(metrics).map(([id, metric]) => ({ id, label: id, metric, hidden: true })),
        { label: "28 days", expression: `100 * (1 - (${bad}) / ${budget})` },
      ],
      options,
    ),
  );
  if (!args.measuresNodes) return budgets;
  const pods = podsOf(watched, service);
  return [
    ...budgets,
    graph(
      "Replicas",
      [
        {
          label: "wanted",
          metric: awsMetric("ContainerInsights", "replicas_desired", "Maximum", pods),
        },
        {
          label: "ready",
          metric: awsMetric("ContainerInsights", "replicas_ready", "Minimum", pods),
        },
      ],
      { ...options, limit: { label: "most", value: service.maxReplicas } },
    ),
    graph(
      "Pods, of their limits",
      [
        {
          label: "CPU",
          metric: awsMetric(
            "ContainerInsights",
            "pod_cpu_utilization_over_pod_limit",
            "Average",
            pods,
          ),
        },
        {
          label: "memory",
          metric: awsMetric(
            "ContainerInsights",
            "pod_memory_utilization_over_pod_limit",
            "Maximum",
            pods,
          ),
        },
      ],
      { ...options, unit: "%" },
    ),
  ];
}
