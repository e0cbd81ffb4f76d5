import { waits } from "../../../plan/durations.ts";
import { deniedAction, irsaRefusal, trustsService } from "../iam.ts";
import type { Effect, Rule } from "../rule.ts";
import type { Props, Thing, World } from "../world.ts";
import { noRouteOut } from "./network.ts";

const clusterType = "aws:eks/cluster:Cluster";
const nodeGroupType = "aws:eks/nodeGroup:NodeGroup";
const addonType = "aws:eks/addon:Addon";
const minutes = (count: number) => count * 60;

export function addon(world: World, cluster: string, name: string): Thing | undefined {
  const thing = world.get(addonType, `${cluster}:${name}`);
  return thing && thing.status !== "creating" && thing.status !== "deleting" ? thing : undefined;
}

/** Whether EKS itself has put CNI, kube-proxy and CoreDNS into the cluster, as it does by default. */
function selfManaged(world: World, cluster: string): boolean {
  return world.get(clusterType, cluster)?.inputs.bootstrapSelfManagedAddons !== false;
}

function nodeGroups(world: World, cluster: string): Thing[] {
  return world.live(nodeGroupType).filter(({ inputs }) => inputs.clusterName === cluster);
}

/** Why no pod can run in the cluster, or nothing. */
export function noNodes(world: World, cluster: string): string | undefined {
  const groups = nodeGroups(world, cluster);
  if (groups.length === 0) return `cluster ${cluster} has no nodes`;
  const reasons = groups.map(({ inputs }) => notReady(world, inputs));
  return reasons.every(Boolean) ? reasons[0] : undefined;
}

/** Why the nodes of a group cannot reach Ready, or nothing. */
function notReady(world: World, group: Props): string | undefined {
  const { clusterName: cluster, nodeRoleArn, subnetIds } = group;
  const role = String(nodeRoleArn).split("/").at(-1) ?? "";
  const denied = deniedAction(world, role, ["eks:DescribeCluster", "ecr:BatchGetImage"]);
  if (denied) return `Instances failed to join the kubernetes cluster: ${role} may not ${denied}`;
  for (const subnetId of subnetIds as string[]) {
    const stranded = noRouteOut(world, subnetId);
    if (stranded) return `Instances failed to join the kubernetes cluster: ${stranded}`;
  }
  const cni = addon(world, cluster, "vpc-cni");
  if (!cni && !selfManaged(world, cluster)) {
    return "Unhealthy nodes in the kubernetes cluster: container runtime network not ready: no CNI";
  }
  const roleArn = cni?.inputs.serviceAccountRoleArn;
  const refused = roleArn
    ? irsaRefusal(world, { cluster, namespace: "kube-system", name: "aws-node", roleArn }, [
        "ec2:AssignPrivateIpAddresses",
      ])
    : deniedAction(world, role, ["ec2:AssignPrivateIpAddresses"]);
  return refused && `Unhealthy nodes in the kubernetes cluster: CNI: ${refused}`;
}

/** Why names are not resolved in the cluster, or nothing. */
export function noDns(world: World, cluster: string): string | undefined {
  return addon(world, cluster, "coredns") || selfManaged(world, cluster)
    ? noNodes(world, cluster)
    : `cluster ${cluster} has no CoreDNS`;
}

/** Add-ons that are Deployments, or need them: they are healthy only with nodes to run on. */
const needNodes = new Set(["coredns", "metrics-server", "amazon-cloudwatch-observability"]);

/** What each add-on's service account does, when it is given a role. */
const addonAccounts: Record<string, { namespace: string; name: string; actions: string[] }> = {
  "amazon-cloudwatch-observability": {
    namespace: "amazon-cloudwatch",
    name: "cloudwatch-agent",
    actions: ["logs:PutLogEvents", "cloudwatch:PutMetricData"],
  },
};

export const clusterRules: Rule[] = [
  {
    error: "InvalidParameterException",
    on: "create",
    types: [clusterType],
    source: "Amazon EKS API, CreateCluster; User Guide, cluster IAM role and subnet requirements",
    unless: ({ world, inputs }) => {
      if (!trustsService(world, inputs.roleArn, "eks.amazonaws.com")) {
        return `Role with arn: ${inputs.roleArn}, could not be assumed because it does not exist or the trusted entity is not correct`;
      }
      const zones = new Set(
        (inputs.vpcConfig.subnetIds as string[]).map(
          (id) => world.get("aws:ec2/subnet:Subnet", id)?.inputs.availabilityZone,
        ),
      );
      return zones.size < 2 ? "Subnets specified must be in at least two different AZs" : undefined;
    },
  },
  {
    error: "InvalidParameterException",
    on: "update",
    types: [clusterType],
    source: "Amazon EKS User Guide, update the Kubernetes version: one minor version at a time",
    unless: ({ inputs, olds }) => {
      const step = minor(inputs.version) - minor(olds.version);
      return step === 0 || step === 1
        ? undefined
        : `Unsupported Kubernetes minor version update from ${olds.version} to ${inputs.version}`;
    },
  },
  {
    error: "InvalidRequestException",
    on: "delete",
    types: [clusterType],
    source: "Amazon EKS User Guide, deletion protection",
    unless: ({ thing }) =>
      thing.inputs.deletionProtection === true
        ? `The cluster ${thing.id} has deletion protection enabled. Disable it and try again.`
        : undefined,
  },
  {
    error: "ResourceInUseException",
    on: "delete",
    types: [clusterType],
    source: "Amazon EKS API, DeleteCluster: node groups first",
    unless: ({ world, thing }) =>
      world.all(nodeGroupType).some(({ inputs }) => inputs.clusterName === thing.id)
        ? `Cluster has nodegroups attached: ${thing.id}`
        : undefined,
  },
  {
    error: "ResourceNotFoundException",
    on: "create",
    types: [nodeGroupType, addonType, "aws:eks/accessEntry:AccessEntry"],
    source: "Amazon EKS API",
    unless: ({ world, inputs }) =>
      world.live(clusterType).some(({ id }) => id === inputs.clusterName)
        ? undefined
        : `No cluster found for name: ${inputs.clusterName}.`,
  },
  {
    error: "InvalidParameterException",
    on: "create",
    types: [nodeGroupType],
    source: "Amazon EKS API, CreateNodegroup; User Guide, node IAM role",
    unless: ({ world, inputs }) =>
      trustsService(world, inputs.nodeRoleArn, "ec2.amazonaws.com")
        ? undefined
        : `The role ${inputs.nodeRoleArn} cannot be assumed by ec2.amazonaws.com`,
  },
  {
    error: "InvalidParameterException",
    on: "update",
    types: [nodeGroupType],
    source: "Amazon EKS User Guide, update a managed node group: never ahead of the control plane",
    unless: ({ world, inputs }) => {
      const cluster = world.get(clusterType, inputs.clusterName);
      return inputs.version !== undefined && minor(inputs.version) > minor(cluster?.inputs.version)
        ? `Node group version ${inputs.version} is newer than the cluster's ${cluster?.inputs.version}`
        : undefined;
    },
  },
  {
    error: "InvalidParameterException",
    on: "update",
    types: [addonType],
    source: "Kubernetes version skew policy: kube-proxy is never newer than the control plane",
    unless: ({ world, inputs }) => {
      const cluster = world.get(clusterType, inputs.clusterName);
      const { addonName, addonVersion } = inputs;
      return addonName === "kube-proxy" && minor(addonVersion) > minor(cluster?.inputs.version)
        ? `Addon version specified is not supported: ${addonVersion} with Kubernetes ${cluster?.inputs.version}`
        : undefined;
    },
  },
  {
    error: "NodeCreationFailure",
    on: "create",
    phase: "after",
    types: [nodeGroupType],
    source: "Amazon EKS User Guide, managed node group error codes; it gives up after 25 minutes",
    patience: minutes(25),
    unless: ({ world, inputs }) => notReady(world, inputs),
  },
  {
    error: "InsufficientNumberOfReplicas",
    on: "create",
    phase: "after",
    types: [addonType],
    source: "Amazon EKS API, AddonIssue; pulumi-eks issue 1819: DEGRADED fails after 20 minutes",
    patience: minutes(20),
    unless: ({ world, inputs }) => {
      const reason = needNodes.has(inputs.addonName) && noNodes(world, inputs.clusterName);
      return reason ? `add-on ${inputs.addonName} is DEGRADED: ${reason}` : undefined;
    },
  },
  {
    error: "AccessDenied",
    on: "create",
    phase: "after",
    types: [addonType],
    source: "Amazon EKS User Guide, IAM roles for add-ons",
    patience: minutes(20),
    unless: ({ world, inputs }) => {
      const account = addonAccounts[inputs.addonName];
      return (
        account &&
        irsaRefusal(
          world,
          { ...account, cluster: inputs.clusterName, roleArn: inputs.serviceAccountRoleArn },
          account.actions,
        )
      );
    },
  },
];

const securityGroup = "aws:ec2/securityGroup:SecurityGroup";
const networkInterface = "aws:ec2/networkInterface:NetworkInterface";

function removeInterfaces(world: World, holder: string): void {
  for (const thing of world.all(networkInterface)) if (thing.madeBy === holder) world.remove(thing);
}

function addInterface(world: World, holder: string, name: string, inputs: Props): void {
  world.addOwn(networkInterface, world.hexId("eni"), holder, name, inputs);
}

export const clusterEffects: Effect[] = [
  {
    on: "create",
    types: [clusterType],
    source: "Amazon EKS User Guide, VPC and subnet requirements: 2 to 4 interfaces and a group",
    happen: ({ world, thing }) => {
      const group = thing.outputs.vpcConfig.clusterSecurityGroupId;
      const subnetIds = thing.inputs.vpcConfig.subnetIds as string[];
      const vpcId = world.get("aws:ec2/subnet:Subnet", subnetIds[0] ?? "")?.inputs.vpcId;
      const holder = `EKS cluster ${thing.id}`;
      world.addOwn(securityGroup, group, holder, `eks-cluster-sg-${thing.id}`, { vpcId });
      for (const subnetId of subnetIds.slice(-2)) {
        addInterface(world, holder, `the control plane of ${thing.id}`, {
          subnetId,
          groups: [group],
        });
      }
    },
  },
  {
    on: "delete",
    types: [clusterType],
    source: "Amazon EKS User Guide, delete a cluster",
    happen: ({ world, thing }) => {
      removeInterfaces(world, `EKS cluster ${thing.id}`);
      const group = world.get(securityGroup, thing.outputs.vpcConfig.clusterSecurityGroupId);
      if (group) world.remove(group);
    },
  },
  {
    on: "update",
    types: [clusterType],
    source: "Amazon EKS User Guide, update an existing cluster to a new Kubernetes version",
    happen: async ({ world, inputs, olds }) => {
      if (inputs.version !== olds.version) await world.clock.sleep(waits.controlPlaneVersion);
    },
  },
  {
    on: "update",
    types: [nodeGroupType],
    source: "Amazon EKS User Guide, update behavior of managed node groups: one node after another",
    happen: async ({ world, inputs, olds }) => {
      if (["version", "launchTemplate"].every((key) => same(inputs[key], olds[key]))) return;
      await world.clock.sleep(waits.nodeReplaced * inputs.scalingConfig.desiredSize);
    },
  },
  {
    on: "create",
    types: [nodeGroupType],
    source: "Amazon EKS User Guide, managed node groups: instances in the group's subnets",
    happen: ({ world, thing }) => {
      const cluster = world.get(clusterType, thing.inputs.clusterName);
      const subnetIds = thing.inputs.subnetIds as string[];
      for (let node = 0; node < thing.inputs.scalingConfig.desiredSize; node++) {
        addInterface(world, `node group ${thing.id}`, `the nodes of ${thing.name}`, {
          subnetId: subnetIds[node % subnetIds.length],
          groups: [cluster?.outputs.vpcConfig.clusterSecurityGroupId],
        });
      }
    },
  },
  {
    on: "delete",
    types: [nodeGroupType],
    source: "Amazon EKS User Guide, delete a managed node group",
    happen: ({ world, thing }) => removeInterfaces(world, `node group ${thing.id}`),
  },
  {
    on: "delete",
    types: [addonType],
    source: "terraform-aws-eks-blueprints docs/faq.md: without the CNI the pods' interfaces stay",
    happen: ({ world, thing }) => {
      if (thing.inputs.addonName !== "vpc-cni") return;
      const { clusterName } = thing.inputs;
      const pods = ["kubernetes:apps/v1:Deployment", "kubernetes:helm.sh/v3:Release"]
        .flatMap((type) => world.all(type))
        .filter(({ cluster }) => cluster === clusterName);
      const subnetId = nodeGroups(world, clusterName)[0]?.inputs.subnetIds[0];
      for (const pod of subnetId ? pods : []) {
        addInterface(world, "nobody", `the pods of ${pod.name}, which the CNI left behind`, {
          subnetId,
          groups: [],
        });
      }
    },
  },
];

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function minor(version: unknown): number {
  return Number(String(version).split(".")[1]);
}
