import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig, NodeGroupConfig, NodesConfig } from "../config/schema.ts";
import { isAsleep } from "../config/sleep-times.ts";
import { instanceSettings, makeNodeRole, nodeVolumes } from "./instances.ts";
import { groupTag, type NodeGroupPlan, nodeGroupPlans, runningOf } from "./node-groups.ts";

/** The limits of a group, and how many nodes it asks for. */
type NodeSizes = Record<"minSize" | "desiredSize" | "maxSize", number>;

/** What of a group runs on AWS. */
export interface RunningNodes extends NodeSizes {
  /** Whether the settings ask for other nodes, so that another group takes the place of this one. */
  replaced: boolean;
}

/** The groups of the cluster on AWS, by the keys of their plans. */
export type RunningGroups = Record<string, RunningNodes>;

/** A group of the settings, and what names it to EKS, and to IAM. */
export interface NodeGroup extends Record<"name" | "arn", pulumi.Output<string>> {
  plan: NodeGroupPlan;
}

export interface NodesArgs extends NodeGroupConfig, Pick<ClusterConfig, "kubernetesVersion"> {
  clusterName: pulumi.Input<string>;
  /** One a zone, in the order of the zones. */
  subnetIds: pulumi.Output<string[]>;
  zones: number;
  /** What no node gets ready without: its add-ons, and the way to AWS. */
  prerequisites: pulumi.Resource[];
  /** Whether the cluster autoscaler owns the number of nodes. */
  autoscaled: boolean;
  /** The groups on AWS, where they exist. */
  running: RunningGroups;
  /** Whether nodes get prefixes of addresses. */
  prefixDelegation: boolean;
  /** Tags of the instances and volumes, which do not inherit the provider's. */
  tags: Record<string, string>;
}

/**
 * Managed node groups, in each of which EKS replaces one node at a time and repairs nodes that fail.
 *
 * Instances take IMDSv2 alone, and their volumes are encrypted. The node role, which all groups share,
 * reads images and joins the cluster; it carries no permission of a workload.
 */
export class Nodes extends pulumi.ComponentResource {
  readonly groups: NodeGroup[];

  constructor(name: string, args: NodesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:cluster:Nodes", name, {}, opts);
    const parent = { parent: this };

    const { role, policies } = makeNodeRole(name, parent);
    const launchTemplate = new aws.ec2.LaunchTemplate(
      name,
      {
        ...instanceSettings(nodeVolumes(args), args.tags),
        // EKS itself sets how many pods a node may have, by the CNI add-on, when the template's version changes:
        // the nodes are then replaced (Amazon EKS User Guide, "Assign more IP addresses … with prefixes").
        ...(args.prefixDelegation && { description: "Pods have addresses of prefixes" }),
      },
      parent,
    );
    this.groups = nodeGroupPlans(args, args.zones).map((plan) => {
      const running = runningOf(plan, args.running, args.zones);
      const { autoscaled, schedule } = args;
      const { scalingConfig, ignoreChanges } = sizesToSend({
        ...{ ...plan, autoscaled, running, schedule },
      });
      const group = new aws.eks.NodeGroup(
        groupName(name, plan),
        {
          clusterName: args.clusterName,
          version: args.kubernetesVersion,
          releaseVersion: args.release,
          nodeRoleArn: role.arn,
          subnetIds: subnetsOf(plan, args),
          amiType: amiTypes[args.operatingSystem][args.architecture],
          instanceTypes: plan.instanceTypes,
          capacityType: plan.capacityType,
          launchTemplate: {
            id: launchTemplate.id,
            version: launchTemplate.latestVersion.apply(String),
          },
          scalingConfig,
          updateConfig: { maxUnavailable: 1 },
          nodeRepairConfig: { enabled: true },
          ...(plan.warmPool && { warmPoolConfig: warmPoolOf(plan.warmPool) }),
          ...(plan.key !== "" && { tags: { [groupTag]: plan.key } }),
        },
        {
          ...parent,
          dependsOn: [...policies, ...args.prerequisites],
          ignoreChanges,
          customTimeouts: { update: `${updateMinutes(plan.maxSize)}m` },
        },
      );
      return { plan, name: group.nodeGroupName, arn: group.arn };
    });
    this.registerOutputs();
  }
}

const subnetsOf = ({ zones }: NodeGroupPlan, args: NodesArgs) =>
  zones.length === args.zones
    ? args.subnetIds
    : args.subnetIds.apply((ids) => zones.flatMap((at) => ids[at] ?? []));

/**
 * With both numbers equal the pool has that size always; without the second one it would be as large as
 * the group may still grow (Amazon EC2 Auto Scaling API, PutWarmPool).
 */
const warmPoolOf = ({ size, state }: NonNullable<NodeGroupPlan["warmPool"]>) => ({
  minSize: size,
  maxGroupPreparedCapacity: size,
  poolState: state,
});

/** The logical name of what belongs to one group. */
export const groupName = (name: string, { key }: Pick<NodeGroupPlan, "key">): string =>
  key === "" ? name : `${name}-${key}`;

/**
 * The sizes that AWS is asked for. AWS takes all three at once, so an old desired size must never
 * travel with a new limit: AWS refuses it, or takes nodes away.
 *
 * Without the autoscaler the settings hold. With it the number of nodes is left alone while group and
 * limits stay, and else is what runs now, within the new limits: a group that takes the place of
 * another one would begin with the ignored number of long ago.
 *
 * With a schedule no size is sent to a group that sleeps, or that has the settings' limits: whatever a
 * refresh at night has left in the state, an update does not wake the stack, nor sends what it had then.
 */
export function sizesToSend({
  minSize,
  desiredSize = minSize,
  maxSize,
  autoscaled,
  running,
  schedule,
}: Pick<NodesArgs, "minSize" | "desiredSize" | "maxSize" | "autoscaled" | "schedule"> & {
  /** The group on AWS, where it exists. */
  running: RunningNodes | undefined;
}): {
  scalingConfig: NodeSizes;
  ignoreChanges: string[];
} {
  if (schedule && running && !running.replaced) {
    const isSent =
      running.minSize === minSize &&
      running.maxSize === maxSize &&
      (autoscaled || running.desiredSize === desiredSize);
    if (isSent || isAsleep(running)) {
      return {
        scalingConfig: { minSize, desiredSize, maxSize },
        ignoreChanges: ["scalingConfig"],
      };
    }
  }
  if (!autoscaled) return { scalingConfig: { minSize, desiredSize, maxSize }, ignoreChanges: [] };
  const unchanged =
    running?.minSize === minSize && running.maxSize === maxSize && !running.replaced;
  if (!running || unchanged) {
    const scalingConfig = { minSize, desiredSize, maxSize };
    return { scalingConfig, ignoreChanges: ["scalingConfig.desiredSize"] };
  }
  const clamped = Math.min(Math.max(running.desiredSize, minSize), maxSize);
  return { scalingConfig: { minSize, desiredSize: clamped, maxSize }, ignoreChanges: [] };
}

/** The logical name of the group. Where the kind of nodes changes, another group takes its place. */
export const nodesName = (name: string, kind: NodesConfig["kind"] | undefined) =>
  `${name}-${kind === "karpenter" ? "addon-nodes" : "nodes"}`;

/**
/**
 * The cluster's node groups of this kind on AWS, by the keys that they are tagged with; empty before one
 * exists. While a group is replaced, and two have one key, the larger.
 */
export async function runningGroups(
  {
    name: clusterName,
    nodes,
  }: { name: string; nodes: NodeGroupConfig & Partial<Pick<NodesConfig, "kind">> },
  { zones }: { zones: string[] },
  options: pulumi.InvokeOptions,
): Promise<RunningGroups> {
  const filters = [{ name: "tag:eks:cluster-name", values: [clusterName] }];
  // The name that the SDK gives the data source aws_autoscaling_groups.
  const { names } = await aws.autoscaling.getAmiIds({ filters }, options);
  const found = await Promise.all(names.map((name) => findGroup(name, clusterName, options)));
  const plans = nodeGroupPlans(nodes, zones.length);
  const running = found
    // How many nodes add-ons need says nothing of a group for all pods.
    .filter(({ group }) => isAddonGroup(group.nodeGroupName) === (nodes.kind === "karpenter"))
    .sort((a, b) => a.scaling.desiredCapacity - b.scaling.desiredCapacity)
    .map(({ scaling, group }): [string, RunningNodes] => {
      const key = group.tags[groupTag] ?? "";
      const plan = plans.find((one) => one.key === key);
      const { minSize, desiredCapacity: desiredSize, maxSize, availabilityZones } = scaling;
      const replaced =
        group.amiType !== amiTypes[nodes.operatingSystem][nodes.architecture] ||
        group.capacityType !== plan?.capacityType ||
        !sameMembers(group.instanceTypes, plan.instanceTypes) ||
        !sameMembers(availabilityZones, zonesOf(plan, zones));
      return [key, { minSize, desiredSize, maxSize, replaced }];
    });
  return Object.fromEntries(running);
}

async function findGroup(name: string, clusterName: string, options: pulumi.InvokeOptions) {
  const scaling = await aws.autoscaling.getGroup({ name }, options);
  const nodeGroupName = scaling.tags.find(({ key }) => key === "eks:nodegroup-name")?.value ?? "";
  return { scaling, group: await aws.eks.getNodeGroup({ clusterName, nodeGroupName }, options) };
}

const zonesOf = (plan: NodeGroupPlan, zones: string[]): string[] =>
  plan.zones.flatMap((at) => zones[at] ?? []);

const isAddonGroup = (nodeGroupName: string) => /(^|-)addon-nodes-/.test(nodeGroupName);

function sameMembers(one: string[], other: string[]): boolean {
  return one.toSorted().join() === other.toSorted().join();
}

/** The provider gives up on an update after 60 minutes unless it is told otherwise. */
const leastUpdateMinutes = 60;
/** A node starts in about 2.5 minutes, and the one that it replaces drains for up to 15. */
const minutesPerNode = 10;

/** Minutes that an update of all nodes may take, one node at a time. */
function updateMinutes(nodes: number): number {
  return Math.max(leastUpdateMinutes, nodes * minutesPerNode);
}

/** EKS's names of its machine images. */
const amiTypes = {
  al2023: { arm64: "AL2023_ARM_64_STANDARD", amd64: "AL2023_x86_64_STANDARD" },
  bottlerocket: { arm64: "BOTTLEROCKET_ARM_64", amd64: "BOTTLEROCKET_x86_64" },
} as const;
