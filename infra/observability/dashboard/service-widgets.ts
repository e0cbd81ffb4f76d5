import type { ServiceLevelConfig } from "../../config/schema.ts";
import { objectives } from "../alarms/service-level.ts";
import {
  awsMetric,
  ownMetric,
  podsOf,
  targetsOf,
  type Watched,
  type WatchedService,
} from "../metrics.ts";
import { graph, lastFourWeeks, type Widget } from "./widgets.ts";

interface ServiceWidgetsArgs {
  watched: Watched;
  serviceLevel: ServiceLevelConfig;
  region: string;
}

/** Traffic, errors and latency. */
export function trafficWidgets(args: ServiceWidgetsArgs, service: WatchedService): Widget[] {
  const { watched, region, serviceLevel } = args;
  const targets = targetsOf(watched, service);
  const options = { share: 3 as const, region };
  const elb = (name: "RequestCount" | "HTTPCode_Target_5XX_Count") =>
    awsMetric("AWS/ApplicationELB", name, "Sum", targets);
  return [
    graph(
      "Requests a minute",
      [
        { label: "answered by pods", metric: ownMetric(watched, service, "requests") },
        { label: "sent by the load balancer", metric: elb("RequestCount") },
      ],
      options,
    ),
    graph(
      "Errors a minute",
      [
        { label: "5xx of pods", metric: ownMetric(watched, service, "errors") },
        { label: "5xx seen by the load balancer", metric: elb("HTTPCode_Target_5XX_Count") },
      ],
      options,
    ),
    graph(
      "Latency",
      (["p50", "p90", "p99"] as const).map((percentile) => ({
        label: percentile,
        metric: ownMetric(watched, service, "duration", percentile),
      })),
      {
        ...options,
        unit: "ms",
        limit: { label: "promised", value: serviceLevel.latencyMilliseconds },
      },
    ),
  ];
}

/** What is left of the promises, and how near the pods are to their limits, where that is measured. */
export function healthWidgets(
  args: ServiceWidgetsArgs & { measuresNodes: boolean },
  service: WatchedService,
): Widget[] {
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
