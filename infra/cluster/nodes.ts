import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig, NodeGroupConfig, NodesConfig } from "../config/schema.ts";
import { isAsleep } from "../config/sleep-times.ts";
import { instanceSettings, makeNodeRole, nodeVolumes } from "./instances.ts";

/** The limits of a group, and how many nodes it asks for. */
type NodeSizes = Record<"minSize" | "desiredSize" | "maxSize", number>;

/** What runs on AWS. */
export interface RunningNodes extends NodeSizes {
  /** Whether the settings ask for other nodes, so that another group takes the place of this one. */
  replaced: boolean;
}

/** What names a node group to EKS, and to IAM. */
export type NodeGroup = Record<"name" | "arn", pulumi.Output<string>>;

export interface NodesArgs extends NodeGroupConfig, Pick<ClusterConfig, "kubernetesVersion"> {
  clusterName: pulumi.Input<string>;
  subnetIds: pulumi.Input<string[]>;
  /** What no node gets ready without: its add-ons, and the way to AWS. */
  prerequisites: pulumi.Resource[];
  /** Whether the cluster autoscaler owns the number of nodes. */
  autoscaled: boolean;
  /** The group on AWS, where it exists. */
  running: RunningNodes | undefined;
  /** Tags of the instances and volumes, which do not inherit the provider's. */
  tags: Record<string, string>;
}

/**
 * A managed node group in which EKS replaces one node at a time and repairs nodes that fail.
 *
 * Instances take IMDSv2 alone, and their volumes are encrypted. The node role reads images and joins
 * the cluster; it carries no permission of a workload.
 */
export class Nodes extends pulumi.ComponentResource {
  readonly group: NodeGroup;

  constructor(name: string, args: NodesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:cluster:Nodes", name, {}, opts);
    const parent = { parent: this };

    const { role, policies } = makeNodeRole(name, parent);
    const launchTemplate = new aws.ec2.LaunchTemplate(
      name,
      instanceSettings(nodeVolumes(args), args.tags),
      parent,
    );
    const { scalingConfig, ignoreChanges } = sizesToSend(args);
    const group = new aws.eks.NodeGroup(
      name,
      {
        clusterName: args.clusterName,
        version: args.kubernetesVersion,
        releaseVersion: args.release,
        nodeRoleArn: role.arn,
        subnetIds: args.subnetIds,
        amiType: amiTypes[args.operatingSystem][args.architecture],
        instanceTypes: args.instanceTypes,
        capacityType: args.capacityType,
        launchTemplate: {
          id: launchTemplate.id,
          version: launchTemplate.latestVersion.apply(String),
        },
        scalingConfig,
        updateConfig: { maxUnavailable: 1 },
        nodeRepairConfig: { enabled: true },
      },
      {
        ...parent,
        dependsOn: [...policies, ...args.prerequisites],
        ignoreChanges,
        customTimeouts: { update: `${updateMinutes(args.maxSize)}m` },
      },
    );
    this.group = { name: group.nodeGroupName, arn: group.arn };
    this.registerOutputs();
  }
}

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
}: Pick<
  NodesArgs,
  "minSize" | "desiredSize" | "maxSize" | "autoscaled" | "running" | "schedule"
>): {
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
 * The cluster's node group of this kind on AWS; undefined before it exists. While a group is replaced, and
 * two exist, the larger.
 */
export async function runningNodes(
  { name: clusterName, nodes }: { name: string; nodes: NodesConfig },
  { zones }: { zones: string[] },
  options: pulumi.InvokeOptions,
): Promise<RunningNodes | undefined> {
  const filters = [{ name: "tag:eks:cluster-name", values: [clusterName] }];
  // The name that the SDK gives the data source aws_autoscaling_groups.
  const { names } = await aws.autoscaling.getAmiIds({ filters }, options);
  const groups = await Promise.all(
    names.map((name) => aws.autoscaling.getGroup({ name }, options)),
  );
  const nameOf = ({ tags }: (typeof groups)[number]) =>
    tags.find(({ key }) => key === "eks:nodegroup-name")?.value ?? "";
  const [largest] = groups
    // How many nodes add-ons need says nothing of a group for all pods.
    .filter((one) => isAddonGroup(nameOf(one)) === (nodes.kind === "karpenter"))
    .sort((a, b) => b.desiredCapacity - a.desiredCapacity);
  if (!largest) return undefined;
  const { minSize, desiredCapacity, maxSize, availabilityZones } = largest;
  const nodeGroupName = nameOf(largest);
  const group = await aws.eks.getNodeGroup({ clusterName, nodeGroupName }, options);
  const replaced =
    group.amiType !== amiTypes[nodes.operatingSystem][nodes.architecture] ||
    group.capacityType !== nodes.capacityType ||
    !sameMembers(group.instanceTypes, nodes.instanceTypes) ||
    !sameMembers(availabilityZones, zones);
  return { minSize, desiredSize: desiredCapacity, maxSize, replaced };
}

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
