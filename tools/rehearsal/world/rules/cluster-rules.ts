import { waits } from "../../../cloud/durations.ts";
import { trustsService } from "../iam.ts";
import { accountProblem } from "../pod-identity.ts";
import type { Caller, Effect, Rule } from "../rule.ts";
import type { World } from "../world.ts";
import { addon, addonType, clusterType, isAuto, minor, selfManaged } from "./lookup-rules.ts";
import { addInterface, removeInterfaces } from "./network-rules.ts";
import { nodeGroups, nodeGroupType, nodeProblem } from "./node-rules.ts";

const minutes = (count: number) => count * 60;
/** Minor versions that a kubelet may be behind the API server (Kubernetes version skew policy). */
const oldestKubelet = 3;

/** Why the cluster resolves no names. Returns undefined if it does. */
export function dnsProblem(world: World, cluster: string): string | undefined {
  return addon(world, cluster, "coredns") || selfManaged(world, cluster) || isAuto(world, cluster)
    ? nodeProblem(world, cluster)
    : `cluster ${cluster} has no CoreDNS`;
}

/** Add-ons with Deployments, which are healthy only with nodes. */
export const needNodes = new Set(["coredns", "metrics-server", "amazon-cloudwatch-observability"]);

/** The actions of each add-on's service account. */
const addonAccounts: Record<string, { namespace: string; name: string; actions: string[] }> = {
  "amazon-cloudwatch-observability": {
    namespace: "amazon-cloudwatch",
    name: "cloudwatch-agent",
    actions: ["logs:PutLogEvents", "cloudwatch:PutMetricData"],
  },
};

const entryType = "aws:eks/accessEntry:AccessEntry";
const associationType = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation";

/** The access of the principal that creates a cluster, by default. */
export function grantAdmin(world: World, clusterName: string): void {
  const { principal } = world;
  const policyArn = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
  const holder = `EKS cluster ${clusterName}`;
  world.addUnmanaged(
    entryType,
    `${clusterName}:${principal}`,
    holder,
    "the creator's access entry",
    {
      clusterName,
      principalArn: principal,
    },
  );
  world.addUnmanaged(
    associationType,
    `${clusterName}#${principal}#${policyArn}`,
    holder,
    "the creator's access policy",
    { clusterName, principalArn: principal, policyArn, accessScope: { type: "cluster" } },
  );
}

/** Whether the principal may create all Kubernetes objects. */
export function isAdmin(world: World, clusterName: string): boolean {
  return world
    .live(associationType)
    .some(
      ({ inputs }) =>
        inputs.clusterName === clusterName &&
        inputs.principalArn === world.principal &&
        inputs.policyArn.endsWith("/AmazonEKSClusterAdminPolicy"),
    );
}

const subnetType = "aws:ec2/subnet:Subnet";

/** The VPC of subnets, all of which are in one. */
export const vpcOf = (world: World, [subnetId = ""]: string[]): string | undefined =>
  world.get(subnetType, subnetId)?.inputs.vpcId;

const zonesOf = (world: World, subnetIds: string[]): string =>
  [...new Set(subnetIds.map((id) => world.zoneOf(id)))].sort().join(",");

/** Why a Kubernetes provider cannot call its cluster. Returns undefined if it can. */
export function reachProblem(world: World, { cluster }: Caller): string | undefined {
  return cluster && world.live("aws:eks/cluster:Cluster").some(({ id }) => id === cluster)
    ? undefined
    : `configured Kubernetes cluster is unreachable: ${cluster ?? "no kubeconfig"}`;
}

export const clusterRules: Rule[] = [
  ...(["create", "update"] as const).map(
    (on): Rule => ({
      error: "InvalidParameterException",
      on,
      types: [clusterType],
      source: "Amazon EKS User Guide, service quotas, L-93A74D60: 40 networks",
      refusal: ({ inputs }) =>
        (inputs.vpcConfig.publicAccessCidrs ?? []).length > 40
          ? "The number of CIDRs in publicAccessCidrs exceeds the limit of 40"
          : undefined,
    }),
  ),
  {
    error: "InvalidParameterException",
    on: "create",
    types: [clusterType],
    source: "Amazon EKS API, CreateCluster; User Guide, cluster IAM role and subnet requirements",
    refusal: ({ world, inputs }) => {
      if (!trustsService(world, inputs.roleArn, "eks.amazonaws.com")) {
        return `Role with arn: ${inputs.roleArn}, could not be assumed because it does not exist or the trusted entity is not correct`;
      }
      const { subnetIds } = inputs.vpcConfig;
      const absent = subnetIds.find((id: string) => !world.get(subnetType, id));
      if (absent) {
        return `The subnet ID '${absent}' does not exist (Service: AmazonEC2; Status Code: 400; Error Code: InvalidSubnetID.NotFound)`;
      }
      const zones = zonesOf(world, subnetIds).split(",");
      return zones.length < 2
        ? "Subnets specified must be in at least two different AZs"
        : undefined;
    },
  },
  {
    error: "InvalidParameterException",
    on: "update",
    types: [clusterType],
    source: "Amazon EKS User Guide, update the Kubernetes version: one minor version at a time",
    refusal: ({ inputs, olds }) => {
      const increase = minor(inputs.version) - minor(olds.version);
      return increase === 0 || increase === 1
        ? undefined
        : `Unsupported Kubernetes minor version update from ${olds.version} to ${inputs.version}`;
    },
  },
  {
    error: "InvalidParameterException",
    on: "update",
    types: [clusterType],
    source:
      "Kubernetes version skew policy; messages: terraform-provider-aws issue 19478, also for newer nodes (eksctl issue 3727)",
    refusal: ({ world, resource, inputs, olds }) => {
      if (inputs.version === olds.version) return undefined;
      const unfit = nodeGroups(world, resource.id).filter(({ inputs: { version } }) => {
        const behind = minor(inputs.version) - minor(version ?? olds.version);
        return behind > oldestKubelet || behind < 0;
      });
      return unfit.length > 0
        ? `Nodegroups ${unfit.map(({ inputs }) => inputs.nodeGroupName).join(", ")} must be updated to match cluster version ${olds.version} before updating cluster version`
        : undefined;
    },
  },
  {
    error: "InvalidParameterException",
    on: "update",
    types: [clusterType],
    source: "Amazon EKS User Guide, VPC requirements; containers-roadmap issue 2258",
    refusal: ({ world, inputs, olds }) => {
      const [vpcId, other] = [olds, inputs].map(({ vpcConfig }) =>
        vpcOf(world, vpcConfig.subnetIds),
      );
      if (vpcId !== other) return `Specified subnets must belong to cluster's vpc ${vpcId}`;
      const [before, after] = [olds, inputs].map((one) => zonesOf(world, one.vpcConfig.subnetIds));
      return before === after
        ? undefined
        : `Provided subnets belong to the AZs '${after}'. But they should belong to the exact set of AZs '${before}' in which subnets were provided during cluster creation.`;
    },
  },
  {
    error: "InvalidRequestException",
    on: "delete",
    types: [clusterType],
    source: "Amazon EKS User Guide, deletion protection",
    refusal: ({ resource }) =>
      resource.inputs.deletionProtection === true
        ? `The cluster ${resource.id} has deletion protection enabled. Disable it and try again.`
        : undefined,
  },
  {
    error: "ResourceInUseException",
    on: "delete",
    types: [clusterType],
    source: "Amazon EKS API, DeleteCluster: node groups first",
    refusal: ({ world, resource }) =>
      world.all(nodeGroupType).some(({ inputs }) => inputs.clusterName === resource.id)
        ? `Cluster has nodegroups attached: ${resource.id}`
        : undefined,
  },
  {
    error: "ResourceNotFoundException",
    on: "create",
    types: [nodeGroupType, addonType, "aws:eks/accessEntry:AccessEntry"],
    source: "Amazon EKS API",
    refusal: ({ world, inputs }) =>
      world.live(clusterType).some(({ id }) => id === inputs.clusterName)
        ? undefined
        : `No cluster found for name: ${inputs.clusterName}.`,
  },
  {
    error: "InvalidParameterException",
    on: "update",
    types: [addonType],
    source: "Kubernetes version skew policy: kube-proxy is never newer than the control plane",
    refusal: ({ world, inputs }) => {
      const cluster = world.get(clusterType, inputs.clusterName);
      const { addonName, addonVersion } = inputs;
      return addonName === "kube-proxy" && minor(addonVersion) > minor(cluster?.inputs.version)
        ? `Addon version specified is not supported: ${addonVersion} with Kubernetes ${cluster?.inputs.version}`
        : undefined;
    },
  },
  {
    error: "InsufficientNumberOfReplicas",
    on: "create",
    phase: "after",
    types: [addonType],
    source: "Amazon EKS API, AddonIssue; pulumi-eks issue 1819: DEGRADED fails after 20 minutes",
    timeoutSeconds: minutes(20),
    refusal: ({ world, inputs }) => {
      const reason = needNodes.has(inputs.addonName) && nodeProblem(world, inputs.clusterName);
      return reason ? `add-on ${inputs.addonName} is DEGRADED: ${reason}` : undefined;
    },
  },
  {
    error: "AccessDenied",
    on: "create",
    phase: "after",
    types: [addonType],
    source: "Amazon EKS User Guide, IAM roles for add-ons",
    timeoutSeconds: minutes(20),
    refusal: ({ world, inputs }) => {
      const account = addonAccounts[inputs.addonName];
      return (
        account &&
        accountProblem(
          world,
          { ...account, cluster: inputs.clusterName, roleArn: inputs.serviceAccountRoleArn },
          account.actions,
        )
      );
    },
  },
];

const securityGroup = "aws:ec2/securityGroup:SecurityGroup";

export const clusterEffects: Effect[] = [
  {
    on: "create",
    types: [clusterType],
    source: "Amazon EKS User Guide, VPC and subnet requirements: 2 to 4 interfaces and a group",
    run: ({ world, resource }) => {
      const group = resource.outputs.vpcConfig.clusterSecurityGroupId;
      const subnetIds = resource.inputs.vpcConfig.subnetIds as string[];
      const vpcId = vpcOf(world, subnetIds);
      const holder = `EKS cluster ${resource.id}`;
      world.addUnmanaged(securityGroup, group, holder, `eks-cluster-sg-${resource.id}`, { vpcId });
      if (resource.inputs.accessConfig?.bootstrapClusterCreatorAdminPermissions !== false) {
        grantAdmin(world, resource.id);
      }
      for (const subnetId of subnetIds.slice(-2)) {
        addInterface(world, holder, `the control plane of ${resource.id}`, {
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
    run: ({ world, resource }) => {
      removeInterfaces(world, `EKS cluster ${resource.id}`);
      for (const type of [entryType, associationType]) {
        for (const one of world.all(type)) {
          if (one.madeBy && one.inputs.clusterName === resource.id) world.remove(one);
        }
      }
      const group = world.get(securityGroup, resource.outputs.vpcConfig.clusterSecurityGroupId);
      if (group) world.remove(group);
    },
  },
  {
    on: "update",
    types: [clusterType],
    source: "Amazon EKS User Guide, update an existing cluster to a new Kubernetes version",
    run: async ({ world, inputs, olds }) => {
      if (inputs.version !== olds.version) await world.clock.sleep(waits.controlPlaneVersion);
    },
  },
  {
    on: "delete",
    types: [addonType],
    source: "terraform-aws-eks-blueprints docs/faq.md: without the CNI the pods' interfaces stay",
    run: ({ world, resource }) => {
      if (resource.inputs.addonName !== "vpc-cni") return;
      const { clusterName } = resource.inputs;
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
