import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { addonVersion, type Cluster } from "./cluster.ts";
import type { ClusterConfig, InsightsConfig, LogsConfig } from "./config-schema.ts";
import { ServiceAccountRole } from "./service-account-role.ts";

export interface ContainerInsightsArgs
  extends InsightsConfig,
    Pick<ClusterConfig, "addonVersions" | "kubernetesVersion"> {
  cluster: Pick<Cluster, "name" | "oidc">;
  /** The cluster's name as the configuration has it: part of names that AWS fixes. */
  clusterName: string;
  logs: LogsConfig;
}

/** The log groups that the agents write, under `/aws/containerinsights/<cluster>/`. */
const logGroupNames = ["application", "dataplane", "host", "performance"] as const;

/**
 * CloudWatch Container Insights: metrics of cluster, nodes and pods, and the containers' logs.
 *
 * The log groups are made first, with retention, and go last: an agent that still runs would make
 * a deleted group again, without retention and owned by nobody.
 */
export class ContainerInsights extends pulumi.ComponentResource {
  readonly logGroups: Record<(typeof logGroupNames)[number], pulumi.Output<string>>;

  constructor(name: string, args: ContainerInsightsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:addons:ContainerInsights", name, {}, opts);
    const parent = { parent: this };

    const groups = logGroupNames.map(
      (group) =>
        new aws.cloudwatch.LogGroup(
          `${name}-${group}`,
          {
            name: `/aws/containerinsights/${args.clusterName}/${group}`,
            retentionInDays: args.logs.retentionDays,
            skipDestroy: args.logs.keepOnDestroy,
          },
          parent,
        ),
    );
    const role = new ServiceAccountRole(
      name,
      {
        oidc: args.cluster.oidc,
        namespace: "amazon-cloudwatch",
        serviceAccount: "cloudwatch-agent",
        policyArns: ["arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"],
      },
      parent,
    );
    new aws.eks.Addon(
      name,
      {
        clusterName: args.cluster.name,
        addonName: "amazon-cloudwatch-observability",
        addonVersion: addonVersion("amazon-cloudwatch-observability", args, parent),
        serviceAccountRoleArn: role.arn,
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
        configurationValues: JSON.stringify({
          containerInsights: { enabled: true },
          containerLogs: { enabled: true },
          applicationSignals: { enabled: args.applicationSignals },
          // On unless told otherwise: it restarts pods with an agent inside and bills each request.
          manager: { applicationSignals: { autoMonitor: { monitorAllServices: false } } },
        }),
      },
      { ...parent, dependsOn: [role, ...groups] },
    );

    this.logGroups = Object.fromEntries(
      logGroupNames.map((group, at) => [group, groups[at]?.name]),
    ) as ContainerInsights["logGroups"];
    this.registerOutputs();
  }
}
