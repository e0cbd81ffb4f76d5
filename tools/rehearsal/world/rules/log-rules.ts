import { deniedAction } from "../iam.ts";
import type { Effect } from "../rule.ts";
import type { Props, World } from "../world.ts";
import { addon } from "./lookup-rules.ts";
import { noNodes } from "./node-rules.ts";

const groupType = "aws:cloudwatch/logGroup:LogGroup";
const addonType = "aws:eks/addon:Addon";
/** One for all clusters of an account's region. */
const signalsGroup = "/aws/application-signals/data";
const deliverySeconds = 5;
/** That EKS delivers after a deletion is reported, how long is not; ours is shorter than a VPC's end. */
const lastDeliverySeconds = 60;

/** Without logs:CreateLogGroup, which AWS's sample has too: the group is there already. */
const deliveryActions = [
  "CreateLogStream",
  "PutLogEvents",
  "DescribeLogGroups",
  "DescribeLogStreams",
].map((action) => `logs:${action}`);

/** Who writes into the log group now, and makes it when it is missing; nobody when undefined. */
function writerOf(world: World, group: string): string | undefined {
  const [, cluster = ""] =
    /^\/aws\/eks\/(.+)\/cluster$/.exec(group) ??
    /^\/aws\/containerinsights\/(.+)\/(?:application|dataplane|host|performance)$/.exec(group) ??
    [];
  if (group.startsWith("/aws/eks/")) {
    const thing = world.get("aws:eks/cluster:Cluster", cluster);
    return thing?.inputs.enabledClusterLogTypes?.length > 0
      ? `the control plane of ${cluster}`
      : undefined;
  }
  if (group.startsWith("/aws/containerinsights/")) {
    const agents = addon(world, cluster, "amazon-cloudwatch-observability");
    return agents && !noNodes(world, cluster) ? `the CloudWatch agents of ${cluster}` : undefined;
  }
  if (group === signalsGroup) {
    const agents = world.live(addonType).find(({ inputs }) => sendsSignals(inputs));
    return agents && `the CloudWatch agents of ${agents.inputs.clusterName}`;
  }
  const flowLog = world
    .live("aws:ec2/flowLog:FlowLog")
    .find(({ inputs }) => String(inputs.logDestination).split(":")[6] === group);
  const role = String(flowLog?.inputs.iamRoleArn).split("/").at(-1) ?? "";
  return flowLog && !deniedAction(world, role, ["logs:CreateLogGroup"])
    ? `flow log ${flowLog.id}`
    : undefined;
}

/** Whether the agent's configuration collects Application Signals; its log group cannot be named. */
function sendsSignals({ configurationValues }: Props): boolean {
  const { agent } = JSON.parse(configurationValues ?? "{}");
  return agent?.config?.logs?.metrics_collected?.application_signals !== undefined;
}

function deliver(world: World, group: string): void {
  world.clock.later(deliverySeconds, () => {
    const writer = writerOf(world, group);
    if (writer && !world.get(groupType, group)) {
      world.addOwn(groupType, group, writer, `log group ${group}`, { name: group });
    }
  });
}

export const logsEffects: Effect[] = [
  {
    on: "create",
    types: ["aws:ec2/flowLog:FlowLog"],
    source:
      "Amazon VPC User Guide, IAM role for publishing flow logs: the least it must have; troubleshooting: Access error",
    run: ({ world, thing: { id, inputs } }) => {
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
    source: "Amazon EKS User Guide, control plane logs: a deleted group comes back; so with agents",
    run: ({ world, thing }) => deliver(world, thing.id),
  },
  {
    on: "delete",
    types: ["aws:eks/cluster:Cluster"],
    source:
      "terraform-aws-eks issues 2446 and 2763: AWSServiceRoleForAmazonEKS makes the group again after the cluster's deletion",
    run: ({ world, thing: { id, inputs } }) => {
      const name = `/aws/eks/${id}/cluster`;
      if (!inputs.enabledClusterLogTypes?.length) return;
      world.clock.later(lastDeliverySeconds, () => {
        if (world.get(groupType, name)) return;
        const writer = `the last delivery of ${id}`;
        world.addOwn(groupType, name, writer, `log group ${name}`, { name });
      });
    },
  },
  {
    on: "create",
    types: ["aws:eks/cluster:Cluster", addonType],
    source:
      "Amazon EKS User Guide, control plane logs; Container Insights: groups made when missing",
    run: ({ world, thing }) => {
      const cluster = thing.inputs.clusterName ?? thing.id;
      const groups =
        thing.type === "aws:eks/cluster:Cluster"
          ? [`/aws/eks/${cluster}/cluster`]
          : ["application", "dataplane", "host", "performance"].map(
              (name) => `/aws/containerinsights/${cluster}/${name}`,
            );
      for (const group of groups) deliver(world, group);
    },
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
    source: "CloudWatch User Guide, Application Signals, as with an add-on that is made",
    run: ({ world }) => deliver(world, signalsGroup),
  },
];
