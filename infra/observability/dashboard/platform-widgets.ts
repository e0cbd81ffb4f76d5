import type * as pulumi from "@pulumi/pulumi";
import { awsMetric, targetsOf, type Watched } from "../metrics.ts";
import { graph, type Widget } from "./widgets.ts";

interface PlatformWidgetsArgs {
  watched: Watched;
  region: string;
}

/** What the load balancer does by itself, and whom it can send to. */
export function balancerWidgets({ watched, region }: PlatformWidgetsArgs): Widget[] {
  const balancer = { LoadBalancer: watched.loadBalancer };
  const options = { share: 3 as const, region };
  const of = (
    name:
      | "ActiveConnectionCount"
      | "HTTPCode_ELB_4XX_Count"
      | "HTTPCode_ELB_5XX_Count"
      | "RequestCount",
  ) => awsMetric("AWS/ApplicationELB", name, "Sum", balancer);
  return [
    graph(
      "Load balancer: requests and connections",
      [
        { label: "requests", metric: of("RequestCount") },
        { label: "connections", metric: of("ActiveConnectionCount") },
      ],
      options,
    ),
    graph(
      "Load balancer: answers of its own",
      [
        { label: "4xx", metric: of("HTTPCode_ELB_4XX_Count") },
        { label: "5xx", metric: of("HTTPCode_ELB_5XX_Count") },
      ],
      options,
    ),
    graph(
      "Healthy and unhealthy pods",
      watched.services.flatMap((service) => {
        if (service.targetGroup === undefined) return [];
        const targets = targetsOf(watched, service);
        return [
          {
            label: `${service.name} healthy`,
            metric: awsMetric("AWS/ApplicationELB", "HealthyHostCount", "Minimum", targets),
          },
          {
            label: `${service.name} unhealthy`,
            metric: awsMetric("AWS/ApplicationELB", "UnHealthyHostCount", "Maximum", targets),
          },
        ];
      }),
      options,
    ),
  ];
}

/** How full the nodes are. */
export function nodeWidgets({ watched, region }: PlatformWidgetsArgs): Widget[] {
  const nodes = { ClusterName: watched.clusterName };
  const resources = {
    CPU: "node_cpu_utilization",
    memory: "node_memory_utilization",
    disk: "node_filesystem_utilization",
  } as const;
  return Object.entries(resources).map(([resource, name]) =>
    graph(
      `Nodes: ${resource}`,
      (["Average", "Maximum"] as const).map((statistic) => ({
        label: statistic === "Average" ? "all" : "fullest",
        metric: awsMetric("ContainerInsights", name, statistic, nodes),
      })),
      { share: 3, region, unit: "%" },
    ),
  );
}

/** What AWS bills by the byte or the request. */
export function volumeWidgets(
  {
    watched,
    region,
    logGroups,
  }: PlatformWidgetsArgs & { logGroups: Record<string, pulumi.Input<string>> },
  natGatewayIds: string[],
): Widget[] {
  const options = { share: 3 as const, region, periodSeconds: 3600 };
  return [
    graph(
      "Logs taken in an hour",
      Object.entries(logGroups).map(([what, LogGroupName]) => ({
        label: what,
        metric: awsMetric("AWS/Logs", "IncomingBytes", "Sum", { LogGroupName }),
      })),
      { ...options, unit: "bytes" },
    ),
    ...natWidgets(natGatewayIds, options),
    graph(
      "Load balancer: capacity units an hour",
      [
        {
          label: "LCUs",
          metric: awsMetric("AWS/ApplicationELB", "ConsumedLCUs", "Sum", {
            LoadBalancer: watched.loadBalancer,
          }),
        },
      ],
      options,
    ),
  ];
}

/** None without NAT gateways of the program's own. */
function natWidgets(ids: string[], options: Parameters<typeof graph>[2]): Widget[] {
  const lines = ids.flatMap((NatGatewayId, at) =>
    (["BytesInFromSource", "BytesInFromDestination"] as const).map((name) => ({
      label: `${name === "BytesInFromSource" ? "out" : "in"} ${at + 1}`,
      metric: awsMetric("AWS/NATGateway", name, "Sum", { NatGatewayId }),
    })),
  );
  return lines.length > 0
    ? [graph("NAT: bytes an hour", lines, { ...options, unit: "bytes" })]
    : [];
}
