import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { NodesConfig } from "../config/schema.ts";
import { awsCron, isAsleep, type SleepSchedule } from "../config/sleep-times.ts";
import type { Cluster } from "./cluster.ts";
import { groupName, type NodeGroup, type RunningGroups } from "./nodes.ts";

export interface SleepArgs {
  nodes: NodesConfig;
  schedule: SleepSchedule;
  cluster: Pick<Cluster, "name"> & { nodes: { groups: NodeGroup[] } };
}

/** EKS refuses a change while another one is under way: it is tried again for two hours. */
const retrySeconds = 7200;

/** The limits of a group that sleeps, as EventBridge Scheduler names the fields. */
export const asleep = {
  MinSize: 0,
  DesiredSize: 0,
  /**
   * EKS takes no less. The autoscaler keeps its picture of a group for a minute (kubernetes/autoscaler,
   * cloudprovider/aws/aws_manager.go, refreshInterval): what it asks for by an old one is above this limit,
   * and AWS refuses it. So pods that lose their nodes bring at most one of them back.
   */
  MaxSize: 1,
};

/** The limits of a group that is awake. */
export const awake = ({
  minSize,
  desiredSize = minSize,
  maxSize,
}: Pick<NodesConfig, "minSize" | "desiredSize" | "maxSize">) => ({
  MinSize: minSize,
  DesiredSize: desiredSize,
  MaxSize: maxSize,
});

/**
 * Takes the nodes away when the stack goes to sleep, and brings them back when it wakes, by EventBridge
 * Scheduler in the name of a role that may do nothing else.
 *
 * EKS moves the pods off for up to 15 minutes and then lets the nodes go, whatever disruption budgets say
 * (EKS User Guide, managed node groups). Until it wakes, pods are pending and the load balancer answers 503.
 */
export class Sleep extends pulumi.ComponentResource {
  constructor(name: string, args: SleepArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:cluster:Sleep", name, {}, opts);
    const parent = { parent: this };
    const { schedule, cluster } = args;
    const { groups } = cluster.nodes;
    const arns = pulumi.all(groups.map(({ arn }) => arn));
    const role = new aws.iam.Role(name, { assumeRolePolicy: trustPolicy(arns) }, parent);
    const policy = new aws.iam.RolePolicy(
      name,
      { role: role.name, policy: pulumi.jsonStringify(mayScale(arns)) },
      parent,
    );
    const changes = groups.flatMap(({ plan, name: group }) => [
      { to: "sleep" as const, plan, group, sizes: asleep },
      { to: "wake" as const, plan, group, sizes: awake(plan) },
    ]);
    for (const { to, plan, group, sizes } of changes) {
      new aws.scheduler.Schedule(
        `${groupName(name, plan)}-${to}`,
        {
          scheduleExpression: awsCron(schedule[to]),
          scheduleExpressionTimezone: schedule.timeZone,
          flexibleTimeWindow: { mode: "OFF" },
          target: {
            arn: "arn:aws:scheduler:::aws-sdk:eks:updateNodegroupConfig",
            roleArn: role.arn,
            input: pulumi.jsonStringify({
              ClusterName: cluster.name,
              NodegroupName: group,
              ScalingConfig: sizes,
            }),
            retryPolicy: { maximumEventAgeInSeconds: retrySeconds, maximumRetryAttempts: 185 },
          },
        },
        { ...parent, dependsOn: policy },
      );
    }
    this.registerOutputs();
  }
}

/** Makes the schedules of a stack that has some. */
export function sleepBySchedule(
  name: string,
  args: Pick<SleepArgs, "nodes"> & {
    cluster: Pick<Cluster, "name"> & { nodes: SleepArgs["cluster"]["nodes"] | undefined };
  },
  opts: pulumi.ComponentResourceOptions,
): void {
  const { name: clusterName, nodes } = args.cluster;
  const { schedule } = args.nodes;
  if (schedule && nodes) {
    new Sleep(name, { ...args, schedule, cluster: { name: clusterName, nodes } }, opts);
  }
}

/**
 * @throws {pulumi.RunError} during an update of a stack that sleeps, whose pods would wait for nodes until
 * the update gives up. A preview is not refused: it needs no pods.
 */
export function requireAwake({ nodes }: Pick<SleepArgs, "nodes">, running: RunningGroups): void {
  const sleeps = Object.values(running).some(isAsleep);
  if (pulumi.runtime.isDryRun() || !nodes.schedule || !sleeps) return;
  throw new pulumi.RunError(
    `The stack sleeps: its nodes are at 0 since nodes.schedule.sleep. First: npm run wake -- --stack ${pulumi.getStack()}`,
  );
}

/** Only for schedules of this account (EventBridge Scheduler User Guide, confused deputy). */
function trustPolicy(groupArns: pulumi.Output<string[]>): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: "sts:AssumeRole",
        Principal: { Service: "scheduler.amazonaws.com" },
        Condition: {
          StringEquals: { "aws:SourceAccount": groupArns.apply(([arn]) => arn?.split(":")[4]) },
        },
      },
    ],
  });
}

const mayScale = (groupArns: pulumi.Output<string[]>) => ({
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Action: "eks:UpdateNodegroupConfig",
      Resource: groupArns.apply((arns) => (arns.length > 1 ? arns : arns[0])),
    },
  ],
});
