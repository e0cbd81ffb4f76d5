import * as pulumi from "@pulumi/pulumi";
import type {
  AlarmsConfig,
  BudgetConfig,
  DashboardConfig,
  IngressConfig,
  InsightsConfig,
  ServiceLevelConfig,
} from "../config/schema.ts";
import type { SleepSchedule } from "../config/sleep-times.ts";
import type { JobConfig, ServiceConfig } from "../config/workload-schema.ts";
import type { Edge } from "../edge/edge.ts";
import type { Images } from "../image/image.ts";
import type { Network } from "../network/network.ts";
import type { Services } from "../services/services.ts";
import { Alarms } from "./alarms/alarms.ts";
import { longestPauseSeconds } from "./alarms/job-alarms.ts";
import { muteWhileAsleep } from "./alarms/mute-rules.ts";
import { Budget, type BudgetArgs } from "./budget.ts";
import { Dashboard } from "./dashboard/dashboard.ts";
import { JobMetrics } from "./job-metrics.ts";
import { findBalancer } from "./load-balancer-metrics.ts";
import type { Watched, WatchedJob } from "./metrics.ts";
import type { WatchedResource } from "./resource-metrics.ts";
import { SavedQueries } from "./saved-queries.ts";

export interface ObservabilityArgs {
  scheme: IngressConfig["scheme"];
  alarms: AlarmsConfig;
  budget: BudgetConfig & Pick<BudgetArgs, "tags">;
  /** When the stack sleeps. */
  schedule: SleepSchedule | undefined;
  dashboard: DashboardConfig;
  serviceLevel: ServiceLevelConfig;
  insights: InsightsConfig;
  clusterName: string;
  accountId: string;
  region: string;
  network: Pick<Network, "natGatewayIds">;
  images: Pick<Images, "references">;
  edge: Pick<Edge, "certificates">;
  services: Pick<Services, "loadBalancer" | "services">;
  /** By service. */
  scale: Record<string, Pick<ServiceConfig, "maxReplicas" | "drain" | "uses">>;
  /** By job. */
  jobs: Record<string, Omit<WatchedJob, "name"> & Pick<JobConfig, "uses">>;
  resources: { measured: Omit<WatchedResource, "readEverySeconds">[] };
  /** By their content. */
  logGroups: Record<"application" | "controlPlane", pulumi.Input<string>> &
    Record<string, pulumi.Input<string>>;
}

/**
 * Saved queries, and alarms and a dashboard if the stack enables them. No other component depends on it.
 */
export class Observability extends pulumi.ComponentResource {
  constructor(name: string, args: ObservabilityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:observability:Observability", name, {}, opts);
    const parent = { parent: this };
    const { alarms, dashboard, serviceLevel, clusterName, logGroups } = args;
    makeBudget(args, parent);
    new SavedQueries("queries", { clusterName, logGroup: logGroups.application }, parent);
    if (alarms.enabled || dashboard.enabled) {
      const watched = watchedOf(args, parent);
      if (watched.jobs.length > 0) {
        new JobMetrics("jobs", { clusterName, logGroup: logGroups.controlPlane }, parent);
      }
      const alarmArns = alarms.enabled
        ? new Alarms(
            "alarms",
            {
              watched,
              serviceLevel,
              accountId: args.accountId,
              emails: alarms.emails,
              httpsEndpoints: alarms.httpsEndpoints,
              runbooks: alarms.runbooks,
              images: args.images,
            },
            parent,
          ).arns
        : [];
      if (args.schedule) muteWhileAsleep("asleep", args.schedule, alarmArns, parent);
      if (dashboard.enabled) {
        new Dashboard(
          "dashboard",
          {
            watched,
            serviceLevel,
            insights: args.insights,
            region: args.region,
            network: args.network,
            logGroups,
            alarmArns,
          },
          parent,
        );
      }
    }
    this.registerOutputs();
  }
}

function makeBudget(
  { budget: { monthly, emails, tags }, alarms, clusterName, region }: ObservabilityArgs,
  opts: pulumi.ComponentResourceOptions,
): void {
  if (monthly === undefined) return;
  const hear = emails.length > 0 ? emails : alarms.emails;
  new Budget("budget", { clusterName, region, monthly, emails: hear, tags }, opts);
}

function watchedOf(args: ObservabilityArgs, opts: pulumi.InvokeOptions): Watched {
  const { loadBalancer, targetGroups } = findBalancer(args, opts);
  return {
    clusterName: args.clusterName,
    loadBalancer,
    certificates: args.edge.certificates,
    services: Object.entries(args.services.services).map(([name, { names }]) => ({
      name,
      deployment: names.deployment,
      targetGroup: targetGroups[name],
      maxReplicas: args.scale[name]?.maxReplicas ?? 0,
      publishes: args.scale[name]?.drain === "own",
    })),
    jobs: Object.entries(args.jobs).map(([name, job]) => ({ name, ...job })),
    resources: args.resources.measured.map((resource) => ({
      ...resource,
      readEverySeconds: readEverySeconds(resource.name, args),
    })),
  };
}

function readEverySeconds(
  resource: string,
  { scale, jobs }: Pick<ObservabilityArgs, "scale" | "jobs">,
): number {
  const reads = ({ uses }: Pick<JobConfig, "uses">) => (uses[resource] ?? "write") !== "write";
  if (Object.values(scale).some(reads)) return 0;
  return Math.min(...Object.values(jobs).filter(reads).map(longestPauseSeconds));
}
