import { deniedAction } from "../iam.ts";
import type { Effect } from "../rule.ts";
import type { Props, World } from "../world.ts";
import { addon } from "./lookup-rules.ts";
import { nodeProblem } from "./node-rules.ts";

const groupType = "aws:cloudwatch/logGroup:LogGroup";
const addonType = "aws:eks/addon:Addon";
const databaseType = "aws:rds/cluster:Cluster";
/** All clusters of a region share it. */
const signalsGroup = "/aws/application-signals/data";
const deliverySeconds = 5;
/** EKS delivers logs after a deletion. The duration is an assumption, shorter than the deletion of a VPC. */
const lastDeliverySeconds = 60;

/** Without logs:CreateLogGroup of AWS's sample: the group exists already. */
const deliveryActions = [
  "CreateLogStream",
  "PutLogEvents",
  "DescribeLogGroups",
  "DescribeLogStreams",
].map((action) => `logs:${action}`);

/** The writer of the log group, which creates it if it is missing. Returns undefined without a writer. */
function writerOf(world: World, group: string): string | undefined {
  const [, cluster = ""] =
    /^\/aws\/eks\/(.+)\/cluster$/.exec(group) ??
    /^\/aws\/containerinsights\/(.+)\/(?:application|dataplane|host|performance)$/.exec(group) ??
    [];
  if (group.startsWith("/aws/eks/")) {
    const resource = world.get("aws:eks/cluster:Cluster", cluster);
    return resource?.inputs.enabledClusterLogTypes?.length > 0
      ? `the control plane of ${cluster}`
      : undefined;
  }
  if (group.startsWith("/aws/containerinsights/")) {
    const agents = addon(world, cluster, "amazon-cloudwatch-observability");
    return agents && !nodeProblem(world, cluster)
      ? `the CloudWatch agents of ${cluster}`
      : undefined;
  }
  if (group === signalsGroup) {
    const agents = world.live(addonType).find(({ inputs }) => sendsSignals(inputs));
    return agents && `the CloudWatch agents of ${agents.inputs.clusterName}`;
  }
  const [, database] = /^\/aws\/rds\/cluster\/(.+)\/postgresql$/.exec(group) ?? [];
  if (database !== undefined) {
    const exports = world.get(databaseType, database)?.inputs.enabledCloudwatchLogsExports ?? [];
    return exports.includes("postgresql") ? `the database ${database}` : undefined;
  }
  const flowLog = world
    .live("aws:ec2/flowLog:FlowLog")
    .find(({ inputs }) => String(inputs.logDestination).split(":")[6] === group);
  const role = String(flowLog?.inputs.iamRoleArn).split("/").at(-1) ?? "";
  return flowLog && !deniedAction(world, role, ["logs:CreateLogGroup"])
    ? `flow log ${flowLog.id}`
    : undefined;
}

/** Whether the agent collects Application Signals, whose log group has a fixed name. */
function sendsSignals({ configurationValues }: Props): boolean {
  const { agent } = JSON.parse(configurationValues ?? "{}");
  return agent?.config?.logs?.metrics_collected?.application_signals !== undefined;
}

function deliver(world: World, group: string): void {
  world.clock.later(deliverySeconds, () => {
    const writer = writerOf(world, group);
    if (writer && !world.get(groupType, group)) {
      world.addUnmanaged(groupType, group, writer, `log group ${group}`, { name: group });
    }
  });
}

export const logsEffects: Effect[] = [
  {
    on: "create",
    types: ["aws:ec2/flowLog:FlowLog"],
    source:
      "Amazon VPC User Guide, IAM role for publishing flow logs: required permissions; troubleshooting: Access error",
    run: ({ world, resource: { id, inputs } }) => {
      const role = String(inputs.iamRoleArn).split("/").at(-1) ?? "";
      const denied = deniedAction(world, role, deliveryActions);
      if (denied) {
        world.incidents.push(
          `flow log ${id} delivers nothing: Access error: ${role} may not ${denied}`,
        );
      }
    },
  },
  {
    on: "delete",
    types: [groupType],
    source:
      "Amazon EKS User Guide, control plane logs: the writer creates a deleted group again; agents too",
    run: ({ world, resource }) => deliver(world, resource.id),
  },
  {
    on: "delete",
    types: ["aws:eks/cluster:Cluster"],
    source:
      "terraform-aws-eks issues 2446 and 2763: AWSServiceRoleForAmazonEKS makes the group again after the cluster's deletion",
    run: ({ world, resource: { id, inputs } }) => {
      const name = `/aws/eks/${id}/cluster`;
      if (!inputs.enabledClusterLogTypes?.length) return;
      world.clock.later(lastDeliverySeconds, () => {
        if (world.get(groupType, name)) return;
        const writer = `the last delivery of ${id}`;
        world.addUnmanaged(groupType, name, writer, `log group ${name}`, { name });
      });
    },
  },
  {
    on: "create",
    types: ["aws:eks/cluster:Cluster", addonType],
    source:
      "Amazon EKS User Guide, control plane logs; Container Insights: missing groups are created",
    run: ({ world, resource }) => {
      const cluster = resource.inputs.clusterName ?? resource.id;
      const groups =
        resource.type === "aws:eks/cluster:Cluster"
          ? [`/aws/eks/${cluster}/cluster`]
          : ["application", "dataplane", "host", "performance"].map(
              (name) => `/aws/containerinsights/${cluster}/${name}`,
            );
      for (const group of groups) deliver(world, group);
    },
  },
  {
    on: "create",
    types: [databaseType],
    source:
      "Amazon Aurora User Guide, publishing PostgreSQL logs: AWSServiceRoleForRDS makes a missing group",
    run: ({ world, resource }) => deliver(world, `/aws/rds/cluster/${resource.id}/postgresql`),
  },
  {
    on: "create",
    types: [addonType],
    source:
      "CloudWatch User Guide, Application Signals: log group /aws/application-signals/data; CloudWatchAgentServerPolicy lets the agent make it",
    run: ({ world }) => deliver(world, signalsGroup),
  },
  {
    on: "update",
    types: [addonType],
    source: "CloudWatch User Guide, Application Signals, as with a new add-on",
    run: ({ world }) => deliver(world, signalsGroup),
  },
];
