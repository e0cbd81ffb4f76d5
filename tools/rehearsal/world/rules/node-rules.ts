import { type Room, smallestRoom } from "../../../../infra/cluster/capacity.ts";
import { podAddressesOf } from "../../../../infra/cluster/pod-addresses.ts";
import { waits } from "../../../cloud/durations.ts";
import { deniedAction, trustsService } from "../iam.ts";
import { accountProblem, associatedRole } from "../pod-identity.ts";
import type { Effect, Rule } from "../rule.ts";
import type { CloudResource, Props, World } from "../world.ts";
import {
  addon,
  clusterType,
  driversOf,
  isAuto,
  minor,
  nodeClaimType,
  same,
  selfManaged,
} from "./lookup-rules.ts";
import { addInterface, freePrefixes, removeInterfaces } from "./network-rules.ts";
import { awsProblem, networkInterface } from "./way-out.ts";

export const nodeGroupType = "aws:eks/nodeGroup:NodeGroup";
/** EKS makes a group for each node group; its desired capacity is the number of nodes. */
export const scalingGroupType = "aws:autoscaling/group:Group";
const subnetType = "aws:ec2/subnet:Subnet";
const minutes = (count: number) => count * 60;

export function nodeGroups(world: World, cluster: string): CloudResource[] {
  return world.live(nodeGroupType).filter(({ inputs }) => inputs.clusterName === cluster);
}

/** Why no pod can run in the cluster. Returns undefined if pods can. */
export function nodeProblem(world: World, cluster: string): string | undefined {
  const groups = nodeGroups(world, cluster);
  const started = world.live(nodeClaimType).some((one) => one.cluster === cluster);
  if (isAuto(world, cluster) && started) return undefined;
  if (groups.length === 0) return `cluster ${cluster} has no nodes`;
  const reasons = groups.map((group) =>
    scalingGroupOf(world, group)?.inputs.desiredCapacity === 0
      ? `node group ${group.id} has no nodes`
      : joinProblem(world, group.inputs),
  );
  return reasons.every(Boolean) ? reasons[0] : undefined;
}

/** For images and their layers, and the CNI with its role (EKS User Guide, private clusters). */
const nodeServices = ["ec2", "ecr.api", "ecr.dkr", "s3"];

/** Why nodes of a role in subnets do not become Ready. Returns undefined if they do. */
export function joinProblem(world: World, group: Props): string | undefined {
  const { clusterName: cluster, nodeRoleArn, subnetIds } = group;
  const role = String(nodeRoleArn).split("/").at(-1) ?? "";
  const denied = deniedAction(world, role, ["eks:DescribeCluster", "ecr:BatchGetImage"]);
  if (denied) return `Instances failed to join the kubernetes cluster: ${role} may not ${denied}`;
  for (const subnetId of world.subnetsLeft(subnetIds)) {
    const stranded = awsProblem(world, subnetId, nodeServices);
    if (stranded) return `Instances failed to join the kubernetes cluster: ${stranded}`;
  }
  const vpc = world.get("aws:ec2/vpc:Vpc", world.get(subnetType, subnetIds[0])?.inputs.vpcId);
  if (vpc?.inputs.enableDnsHostnames === false || vpc?.inputs.enableDnsSupport === false) {
    return `Instances failed to join the kubernetes cluster: ${vpc.id} resolves no names`;
  }
  // It is on the nodes of EKS Auto Mode.
  if (isAuto(world, cluster)) return undefined;
  const cni = addon(world, cluster, "vpc-cni");
  const full = (subnetIds as string[]).find((id) => lacksPrefixes(world, id, cni));
  if (full) {
    return `Unhealthy nodes in the kubernetes cluster: CNI: InsufficientCidrBlocks: The specified subnet does not have enough free cidr blocks to satisfy the request: ${full}`;
  }
  if (!cni && !selfManaged(world, cluster)) {
    return "Unhealthy nodes in the kubernetes cluster: container runtime network not ready: no CNI";
  }
  const roleArn = cni?.inputs.serviceAccountRoleArn;
  const account = { cluster, namespace: "kube-system", name: "aws-node", roleArn };
  const actions = ["ec2:AssignPrivateIpAddresses"];
  const refused =
    roleArn || associatedRole(world, account)
      ? accountProblem(world, account, actions, [{ nodeRoleArn, subnetIds }])
      : deniedAction(world, role, actions);
  return refused && `Unhealthy nodes in the kubernetes cluster: CNI: ${refused}`;
}

/** Whether the CNI gives its nodes prefixes of addresses. */
export const givesPrefixes = (world: World, cluster: string): boolean =>
  podAddressesOf(addon(world, cluster, "vpc-cni")?.inputs.configurationValues).prefixDelegation;

/** Whether a node in the subnet gets no prefix for its first pods, or none to keep ready. */
function lacksPrefixes(world: World, subnetId: string, cni: CloudResource | undefined): boolean {
  const subnet = world.get(subnetType, subnetId);
  const { prefixDelegation } = podAddressesOf(cni?.inputs.configurationValues);
  return subnet !== undefined && prefixDelegation && freePrefixes(world, subnet) < 2;
}

const holderOf = (group: CloudResource) => `node group ${group.id}`;

export function scalingGroupOf(world: World, group: CloudResource): CloudResource | undefined {
  return world.all(scalingGroupType).find(({ madeBy }) => madeBy === holderOf(group));
}

/** What a node of the group has for pods; undefined where one of its types is not known. */
export function roomOfGroup(world: World, group: CloudResource): Room | undefined {
  const { clusterName, instanceTypes = ["unknown"], amiType = "" } = group.inputs;
  const prefixes = amiType.startsWith("BOTTLEROCKET") ? "all" : "few";
  return smallestRoom(instanceTypes, {
    ...driversOf(world, clusterName),
    ...(scalingGroupOf(world, group)?.outputs.prefixes && { prefixes }),
  });
}

/** The network interfaces of a group stand for its nodes. */
export const nodesOf = (world: World, group: CloudResource) =>
  world.all(networkInterface).filter(({ madeBy }) => madeBy === holderOf(group));

/** Adds and removes nodes up to the desired capacity. */
export function scaleTo(world: World, group: CloudResource, sizes: Partial<Props>): void {
  const scaling = scalingGroupOf(world, group);
  if (!scaling) return;
  Object.assign(scaling.inputs, sizes);
  const cluster = world.get(clusterType, group.inputs.clusterName);
  for (let node = nodesOf(world, group).length; node < scaling.inputs.desiredCapacity; node++) {
    addInterface(world, holderOf(group), `the nodes of ${group.name}`, {
      subnetId: emptiestSubnet(world, group),
      groups: [cluster?.outputs.vpcConfig.clusterSecurityGroupId],
    });
  }
  world.clock.changed();
  for (const node of nodesOf(world, group).slice(scaling.inputs.desiredCapacity)) {
    world.remove(node);
  }
}

/**
 * Amazon EC2 Auto Scaling User Guide, zones: it launches where the group has the fewest instances, and in
 * another zone where that fails (AvailabilityZoneDistribution: balanced-best-effort).
 */
function emptiestSubnet(world: World, group: CloudResource): string {
  const nodes = nodesOf(world, group);
  const count = (subnetId: string) =>
    nodes.filter(({ inputs }) => inputs.subnetId === subnetId).length;
  return world
    .subnetsLeft(group.inputs.subnetIds)
    .reduce((least, one) => (count(one) < count(least) ? one : least));
}

/** Creates the Auto Scaling group and its first nodes. */
export function startNodes(world: World, group: CloudResource): void {
  const { clusterName, nodeGroupName, scalingConfig } = group.inputs;
  const zones = (group.inputs.subnetIds as string[]).map((id) => world.zoneOf(id));
  const { name } = group.outputs.resources[0].autoscalingGroups[0];
  const tags = { "eks:cluster-name": clusterName, "eks:nodegroup-name": nodeGroupName };
  world.addUnmanaged(scalingGroupType, name, holderOf(group), `the nodes of ${group.name}`, {
    tags,
    availabilityZones: zones,
    desiredCapacity: 0,
  });
  countPods(world, group);
  scaleTo(world, group, sizesOf(scalingConfig));
}

/**
 * EKS sets the pods of a node by the CNI add-on of that time: with the group, and with each version of its image or
 * launch template (Amazon EKS User Guide, "Assign more IP addresses to nodes with prefixes").
 */
function countPods(world: World, group: CloudResource): void {
  const scaling = scalingGroupOf(world, group);
  if (scaling) scaling.outputs.prefixes = givesPrefixes(world, group.inputs.clusterName);
}

const sizesOf = ({ minSize, desiredSize, maxSize }: Props): Props => ({
  minSize,
  maxSize,
  desiredCapacity: desiredSize,
});

export const nodeRules: Rule[] = [
  {
    error: "InvalidRequestException",
    on: "create",
    types: [nodeGroupType],
    source: "Amazon EC2 API, RunInstances; Amazon EKS User Guide, managed node group error codes",
    refusal: ({ world, inputs }) => {
      const zones = (inputs.subnetIds as string[]).map((id) => world.zoneOf(id));
      const missing = ((inputs.instanceTypes ?? []) as string[]).flatMap((type) =>
        zones.filter((zone) => world.notOffered.has(`${type} ${zone}`)).map((zone) => [type, zone]),
      )[0];
      return (
        missing &&
        `Your requested instance type (${missing[0]}) is not supported in your requested Availability Zone (${missing[1]}).`
      );
    },
  },
  {
    error: "InvalidParameterException",
    on: "create",
    types: [nodeGroupType],
    source: "Amazon EKS API, CreateNodegroup; message: rancher issue 28144",
    refusal: ({ world, inputs }) => {
      const vpcs = [
        world.get(clusterType, inputs.clusterName)?.inputs.vpcConfig.subnetIds ?? [],
        inputs.subnetIds,
      ].map(([subnetId = ""]: string[]) => world.get(subnetType, subnetId)?.inputs.vpcId);
      return vpcs[0] === vpcs[1]
        ? undefined
        : `Specified subnets must belong to cluster's vpc ${vpcs[0]}`;
    },
  },
  {
    error: "InvalidParameterException",
    on: "create",
    types: [nodeGroupType],
    source: "Amazon EKS API, CreateNodegroup; message: viya4-iac-aws issue 298",
    refusal: ({ inputs }) => {
      const { minSize, desiredSize, maxSize } = inputs.scalingConfig;
      if (minSize > desiredSize) return "minSize can't be greater than desiredSize";
      return desiredSize > maxSize ? "desiredSize can't be greater than maxSize" : undefined;
    },
  },
  ...(["create", "update"] as const).map(
    (on): Rule => ({
      error: "InvalidParameterException",
      on,
      types: [nodeGroupType],
      source:
        "Amazon EC2 Auto Scaling API, PutWarmPool: not on a group that requests Spot Instances; EKS User Guide, warm pools",
      refusal: ({ inputs: { warmPoolConfig, capacityType, amiType } }) => {
        if (!warmPoolConfig) return undefined;
        if (capacityType === "SPOT") {
          return "This operation cannot be called on an Auto Scaling group that requests Spot Instances";
        }
        const { poolState, reuseOnScaleIn } = warmPoolConfig;
        return String(amiType).startsWith("BOTTLEROCKET") &&
          (poolState === "HIBERNATED" || reuseOnScaleIn)
          ? "Bottlerocket AMIs support neither the Hibernated pool state nor reuseOnScaleIn"
          : undefined;
      },
    }),
  ),
  {
    error: "InvalidParameterException",
    on: "update",
    types: [nodeGroupType],
    source: "Amazon EKS API, UpdateNodegroupConfig; terraform-aws-eks issues 3306 and 3521",
    refusal: ({ inputs, olds }) => {
      if (same(inputs.scalingConfig, olds.scalingConfig)) return undefined;
      const { minSize, desiredSize, maxSize } = inputs.scalingConfig;
      if (minSize > desiredSize) {
        return `Minimum capacity ${minSize} can't be greater than desired size ${desiredSize}`;
      }
      return desiredSize > maxSize ? "desiredSize can't be greater than maxSize" : undefined;
    },
  },
  {
    error: "InvalidParameterException",
    on: "update",
    types: [nodeGroupType],
    source: "Amazon EKS API, UpdateNodegroupVersion: an image is for one Kubernetes version",
    refusal: ({ inputs }) =>
      inputs.releaseVersion && !String(inputs.releaseVersion).startsWith(`${inputs.version}.`)
        ? `Requested release version ${inputs.releaseVersion} is not valid for kubernetes version ${inputs.version}`
        : undefined,
  },
  {
    error: "InvalidParameterException",
    on: "create",
    types: [nodeGroupType],
    source: "Amazon EKS API, CreateNodegroup; User Guide, node IAM role",
    refusal: ({ world, inputs }) =>
      trustsService(world, inputs.nodeRoleArn, "ec2.amazonaws.com")
        ? undefined
        : `The role ${inputs.nodeRoleArn} cannot be assumed by ec2.amazonaws.com`,
  },
  {
    error: "InvalidParameterException",
    on: "update",
    types: [nodeGroupType],
    source: "Amazon EKS User Guide, update a managed node group: never ahead of the control plane",
    refusal: ({ world, inputs }) => {
      const cluster = world.get(clusterType, inputs.clusterName);
      return inputs.version !== undefined && minor(inputs.version) > minor(cluster?.inputs.version)
        ? `Node group version ${inputs.version} is newer than the cluster's ${cluster?.inputs.version}`
        : undefined;
    },
  },
  {
    error: "NodeCreationFailure",
    on: "create",
    phase: "after",
    types: [nodeGroupType],
    source: "Amazon EKS User Guide, managed node group error codes; it gives up after 25 minutes",
    timeoutSeconds: minutes(25),
    refusal: ({ world, inputs }) => joinProblem(world, inputs),
  },
];

export const nodeEffects: Effect[] = [
  {
    on: "update",
    types: [nodeGroupType],
    source: "Amazon EKS User Guide, update behavior of managed node groups: one node after another",
    run: async ({ world, resource, inputs, olds }) => {
      if (!same(inputs.scalingConfig, olds.scalingConfig)) {
        scaleTo(world, resource, sizesOf(inputs.scalingConfig));
      }
      if (
        ["version", "releaseVersion", "launchTemplate"].every((key) => same(inputs[key], olds[key]))
      )
        return;
      await world.clock.sleep(waits.nodeReplaced * nodesOf(world, resource).length);
      countPods(world, resource);
    },
  },
  {
    on: "create",
    types: [nodeGroupType],
    source: "Amazon EKS User Guide, managed node groups: an Auto Scaling group in the subnets",
    run: ({ world, resource }) => startNodes(world, resource),
  },
  {
    on: "delete",
    types: [nodeGroupType],
    source: "Amazon EKS User Guide, delete a managed node group; containers-roadmap issue 1636",
    run: ({ world, resource }) => {
      scaleTo(world, resource, { minSize: 0, desiredCapacity: 0 });
      const scaling = scalingGroupOf(world, resource);
      if (scaling) world.remove(scaling);
      removeInterfaces(world, holderOf(resource));
    },
  },
];
