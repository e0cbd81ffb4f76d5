import { chartPod, claimProblem, launchNodes } from "../node-claims.ts";
import type { Call, Effect, Rule } from "../rule.ts";
import { reschedule, zonesProblem } from "../scheduler.ts";
import type { CloudResource, Props, World } from "../world.ts";
import { needNodes } from "./cluster-rules.ts";
import { addonType, autoClassType, clusterType, isAuto, nodeClaimType } from "./lookup-rules.ts";
import { nodeGroups, nodeGroupType, nodeProblem } from "./node-rules.ts";

const releaseType = "kubernetes:helm.sh/v3:Release";
const securityGroup = "aws:ec2/securityGroup:SecurityGroup";
const minutes = (count: number) => count * 60;

const switches = ({ computeConfig, kubernetesNetworkConfig, storageConfig }: Props) => [
  computeConfig?.enabled === true,
  kubernetesNetworkConfig?.elasticLoadBalancing?.enabled === true,
  storageConfig?.blockStorage?.enabled === true,
];

/** Why the first pods of a cluster without a node group find no node. Starts one for them. */
function firstNodeProblem({ world, resource, inputs }: Call): string | undefined {
  const cluster: string = resource.cluster ?? inputs.clusterName;
  if (!isAuto(world, cluster)) return undefined;
  if (!nodeProblem(world, cluster)) return zonesProblem(world, cluster, inputs.values);
  if (resource.type === addonType && !needNodes.has(inputs.addonName)) return undefined;
  const pools = world.live("kubernetes:karpenter.sh/v1:NodePool");
  if (!pools.some((one) => one.cluster === cluster)) {
    return "no nodepools found: EKS Auto Mode starts no node without a NodePool";
  }
  const why = launchNodes(world, cluster, [chartPod]) ?? claimProblem(world, cluster) ?? "";
  return `0/0 nodes are available${why && `: ${why}`}`;
}

const claimsIn = (world: World, { id }: CloudResource) =>
  world.all(nodeClaimType).filter(({ cluster }) => cluster === id);

/** Whether a node of EKS Auto Mode is ready. */
const hasNode = (world: World, cluster: string) =>
  world.live(nodeClaimType).some((one) => one.cluster === cluster);

/** EKS Auto Mode, beside what it has of Karpenter. */
export const autoRules: Rule[] = [
  ...(["create", "update"] as const).map(
    (on): Rule => ({
      error: "Error",
      on,
      types: [clusterType],
      source:
        "Amazon EKS User Guide, auto-enable-existing: in the same request; message: terraform-aws-eks#3268",
      refusal: ({ inputs }) =>
        new Set(switches(inputs)).size > 1
          ? "compute_config.enabled, kubernetes_networking_config.elastic_load_balancing.enabled, and storage_config.block_storage.enabled must all be set to either true or false"
          : undefined,
    }),
  ),
  {
    error: "InvalidParameterException",
    on: "create",
    types: [clusterType],
    source: "Amazon EKS API, CreateCluster; message: terraform-provider-aws#40483",
    refusal: ({ inputs }) =>
      switches(inputs)[0] && inputs.bootstrapSelfManagedAddons !== false
        ? "When EKS Auto Mode is enabled, bootstrapSelfManagedAddons must be set to false."
        : undefined,
  },
  {
    error: "InvalidParameterException",
    on: "create",
    types: [autoClassType],
    source: "amazon-eks-user-guide#1123: the name of an instance profile starts with eks",
    refusal: ({ inputs: { spec } }) =>
      spec.instanceProfile && !String(spec.instanceProfile).startsWith("eks")
        ? `instance profile ${spec.instanceProfile} does not start with eks`
        : undefined,
  },
  {
    error: "FailedScheduling",
    on: "create",
    phase: "after",
    types: [addonType, releaseType, "kubernetes:apps/v1:Deployment"],
    source: "Karpenter 1.14, pkg/controllers/provisioning: a pod without room brings a node",
    timeoutSeconds: minutes(20),
    refusal: firstNodeProblem,
  },
];

export const autoEffects: Effect[] = [
  {
    on: "delete",
    types: [clusterType],
    source:
      "aws-k8s-tester#541: the cluster's security group stays where EKS ends the instances with the cluster",
    run: ({ world, resource }) => {
      const claims = claimsIn(world, resource);
      if (claims.length === 0) return;
      const group = resource.outputs.vpcConfig.clusterSecurityGroupId;
      const vpcId = world.get(securityGroup, group)?.inputs.vpcId;
      world.addUnmanaged(
        securityGroup,
        `${group}-left`,
        "nobody",
        `eks-cluster-sg-${resource.id}, which the instances of EKS Auto Mode held`,
        { vpcId },
      );
    },
  },
  {
    on: "delete",
    types: [nodeGroupType],
    source:
      "Amazon EKS User Guide, auto-migrate-mng: pods that a group's deletion drains bring nodes",
    run: async ({ world, inputs: { clusterName } }) => {
      if (!isAuto(world, clusterName)) return;
      if (!hasNode(world, clusterName)) launchNodes(world, clusterName, [chartPod]);
      await world.clock.until(() => hasNode(world, clusterName), minutes(15));
      reschedule(world, clusterName);
    },
  },
  {
    on: "delete",
    types: [addonType],
    source: "Amazon EKS User Guide, automode: nodes of a group need the CoreDNS add-on",
    run: ({ world, inputs: { addonName, clusterName } }) => {
      if (addonName !== "coredns" || !isAuto(world, clusterName)) return;
      for (const group of nodeGroups(world, clusterName)) {
        world.incidents.push(`pods on nodes of ${group.name} resolve no names`);
      }
    },
  },
];
