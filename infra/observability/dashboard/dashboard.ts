import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { InsightsConfig, ServiceLevelConfig } from "../../config/schema.ts";
import type { Network } from "../../network/network.ts";
import type { Watched } from "../metrics.ts";
import { balancerWidgets, nodeWidgets, volumeWidgets } from "./platform-widgets.ts";
import { resourceRows } from "./resource-widgets.ts";
import { healthWidgets, jobWidgets, trafficWidgets } from "./service-widgets.ts";
import { alarmStates, heading, placed, type Widget } from "./widgets.ts";

export interface DashboardArgs {
  watched: Watched;
  serviceLevel: ServiceLevelConfig;
  insights: Pick<InsightsConfig, "variant">;
  region: string;
  network: Pick<Network, "natGatewayIds">;
  /** By what is in them. */
  logGroups: Record<string, pulumi.Input<string>>;
  /** Alarms whose state is shown first. */
  alarmArns: pulumi.Input<string>[];
}

/**
 * One dashboard, named like the cluster: for each service its traffic, errors, latency, what is
 * left of its promises and how near it is to its limits; for each kind of resource its load; then the
 * load balancer, the nodes, and the volumes that cost money.
 *
 * What Container Insights does not measure in the stack's variant is left out. An account's first
 * three dashboards of up to 50 metrics are free; with one service and no resource this one has about 45.
 */
export class Dashboard extends pulumi.ComponentResource {
  constructor(name: string, args: DashboardArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:observability:Dashboard", name, {}, opts);
    new aws.cloudwatch.Dashboard(
      name,
      {
        dashboardName: args.watched.clusterName,
        dashboardBody: args.network.natGatewayIds.apply((natGatewayIds) =>
          pulumi.jsonStringify({ widgets: placed(rowsOf(args, natGatewayIds)) }),
        ),
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

function rowsOf(args: DashboardArgs, natGatewayIds: string[]): Widget[][] {
  const { watched, serviceLevel, region, alarmArns } = args;
  const measuresNodes = args.insights.variant === "enhanced";
  return [
    ...(alarmArns.length > 0 ? [[alarmStates(alarmArns)]] : []),
    ...watched.services.flatMap((service) => [
      [heading(`## ${service.name}`)],
      trafficWidgets(args, service),
      healthWidgets({ watched, serviceLevel, region, measuresNodes }, service),
    ]),
    ...(watched.jobs.length > 0
      ? [[heading("## Jobs")], jobWidgets({ ...args, measuresNodes })]
      : []),
    ...resourceRows(args),
    [heading("## What the services share")],
    balancerWidgets(args),
    ...(measuresNodes ? [nodeWidgets(args)] : []),
    [heading("## What costs by volume")],
    volumeWidgets(args, natGatewayIds),
  ];
}
