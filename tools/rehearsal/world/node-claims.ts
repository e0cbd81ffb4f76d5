import { type OptionalAddons, type Room, smallestRoom } from "../../../infra/cluster/capacity.ts";
import { instanceType } from "../../../infra/cluster/instance-types.ts";
import { waits } from "../../cloud/durations.ts";
import type { Requests } from "../../graph/manifests.ts";
import { irsaProblem } from "./iam.ts";
import { clusterType } from "./rules/lookup-rules.ts";
import { addInterface, removeInterfaces } from "./rules/network-rules.ts";
import { joinProblem, nodeProblem } from "./rules/node-rules.ts";
import type { CloudResource, Props, World } from "./world.ts";

export const nodePoolType = "kubernetes:karpenter.sh/v1:NodePool";
export const nodeClassType = "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass";
export const nodeClaimType = "kubernetes:karpenter.sh/v1:NodeClaim";
const instances = "aws:ec2/instance:Instance";
const subnetType = "aws:ec2/subnet:Subnet";
const releaseType = "kubernetes:helm.sh/v3:Release";

/** Seconds until Karpenter gives up a node that has not registered (pkg/controllers/nodeclaim/lifecycle). */
const registrationSeconds = 900;

/** The release of a chart of Karpenter's in the cluster; it is named by the address of its registry. */
export function karpenterRelease(
  world: World,
  cluster: string,
  chart: "karpenter" | "karpenter-crd",
): CloudResource | undefined {
  return world
    .live(releaseType)
    .find((one) => one.cluster === cluster && String(one.inputs.chart).endsWith(`/${chart}`));
}

/** Why no controller does these calls in the cluster. Returns undefined if one does. */
export function karpenterProblem(
  world: World,
  cluster: string,
  actions: string[],
): string | undefined {
  const release = karpenterRelease(world, cluster, "karpenter");
  return release
    ? controllerProblem(world, cluster, release.inputs, actions)
    : "no Karpenter controller runs";
}

/** Why the controller of a release does not do these calls. Returns undefined if it does. */
export function controllerProblem(
  world: World,
  cluster: string,
  { namespace, values = {} }: Props,
  actions: string[],
): string | undefined {
  const nodes = nodeProblem(world, cluster);
  if (nodes) return `the Karpenter controller cannot run: ${nodes}`;
  const { name, annotations } = values.serviceAccount ?? {};
  const roleArn = annotations?.["eks.amazonaws.com/role-arn"];
  return irsaProblem(world, { cluster, namespace, name, roleArn }, actions);
}

/** The nodes that Karpenter has asked AWS for, those that have not started among them. */
export const claimsOf = (world: World, cluster: string): CloudResource[] =>
  world.all(nodeClaimType).filter((one) => one.cluster === cluster);

const live = (world: World, type: string, cluster: string) =>
  world.live(type).find((one) => one.cluster === cluster);

/** Why a node of the class does not register. Returns undefined if it does. */
function registrationProblem(world: World, cluster: string, spec: Props): string | undefined {
  const profile = world
    .live("aws:iam/instanceProfile:InstanceProfile")
    .find(({ inputs }) => inputs.name === spec.instanceProfile);
  const role = world.get("aws:iam/role:Role", profile?.inputs.role);
  if (!role) return `instance profile ${spec.instanceProfile} has no role`;
  const nodeRoleArn: string = role.outputs.arn;
  const entry = world
    .live("aws:eks/accessEntry:AccessEntry")
    .find(({ inputs }) => inputs.clusterName === cluster && inputs.principalArn === nodeRoleArn);
  if (entry?.inputs.type !== "EC2_LINUX")
    return `no access entry of type EC2_LINUX for ${nodeRoleArn}`;
  const subnetIds = (spec.subnetSelectorTerms as Props[]).map(({ id }) => id);
  return joinProblem(world, { clusterName: cluster, nodeRoleArn, subnetIds });
}

/**
 * Starts nodes for pods that find no room, as Karpenter does: as many pods on a node as the largest type
 * holds, and then the smallest type that holds them. Does nothing while nodes are on their way. Returns
 * why it starts none, in Karpenter's words.
 */
export function launchNodes(
  world: World,
  cluster: string,
  pods: Requests[],
  drivers: OptionalAddons,
): string | undefined {
  const pool = live(world, nodePoolType, cluster);
  const nodeClass = live(world, nodeClassType, cluster);
  if (!pool || !nodeClass) return undefined;
  const problem = karpenterProblem(world, cluster, [
    "ec2:CreateFleet",
    "ec2:RunInstances",
    "iam:PassRole",
  ]);
  if (problem) return problem;
  const noImage = imageProblem(world, cluster, nodeClass);
  if (noImage) return noImage;
  if (claimsOf(world, cluster).some(({ status }) => status === "creating")) return undefined;
  const { requirements } = pool.inputs.spec.template.spec;
  const among = (key: string): string[] =>
    requirements.find((one: Props) => one.key === key)?.values ?? [];
  const [capacityType] = among("karpenter.sh/capacity-type")
    .toSorted()
    .reverse()
    .filter((one) => one !== "spot" || !world.withoutSpot);
  if (!capacityType)
    return "InsufficientInstanceCapacity: We currently do not have sufficient capacity";
  const types = among("node.kubernetes.io/instance-type")
    .flatMap((name) => {
      const [type, room] = [instanceType(name), smallestRoom([name], drivers)];
      return type && room ? [{ name, room, ...type }] : [];
    })
    .toSorted((a, b) => a.vcpus - b.vcpus || a.memoryMiB - b.memoryMiB);
  for (let left = pods; left.length > 0; ) {
    const [most = 0] = types.map(({ room }) => holds(room, left)).toSorted((a, b) => b - a);
    const type = types.find(({ room }) => holds(room, left) === most);
    if (!type || most === 0) return "no instance type satisfied resources of the pods";
    if (exceeds(world, cluster, pool.inputs.spec.limits, type)) {
      return "all available instance types exceed limits for nodepool";
    }
    claim(world, { cluster, pool, nodeClass, capacityType, type });
    left = left.slice(most);
  }
  return undefined;
}

/** How many of the pods, from the first on, a node has room for. */
function holds(room: Room, pods: Requests[]): number {
  let [cpu, memory, count] = [room.cpuMillicores, room.memoryMiB, 0];
  for (const pod of pods) {
    [cpu, memory] = [cpu - pod.cpuMillicores, memory - pod.memoryMiB];
    if (cpu < 0 || memory < 0 || count >= room.pods) break;
    count++;
  }
  return count;
}

function exceeds(
  world: World,
  cluster: string,
  limits: Props | undefined,
  type: { vcpus: number; memoryMiB: number },
): boolean {
  if (!limits) return false;
  const sum = (of: "vcpus" | "memoryMiB") =>
    claimsOf(world, cluster).reduce((total, { inputs }) => total + inputs[of], type[of]);
  return (
    sum("vcpus") > Number(limits.cpu) ||
    sum("memoryMiB") > Number.parseInt(limits.memory, 10) * 1024
  );
}

interface Claim {
  cluster: string;
  pool: CloudResource;
  nodeClass: CloudResource;
  capacityType: string;
  type: { name: string; vcpus: number; memoryMiB: number };
}

/** An instance in the zone with the fewest of them, whose node registers a while later. */
function claim(world: World, { cluster, pool, nodeClass, capacityType, type }: Claim): void {
  const { subnetSelectorTerms, securityGroupSelectorTerms } = nodeClass.inputs.spec;
  const [subnetId] = (subnetSelectorTerms as Props[])
    .map(({ id }) => id as string)
    .toSorted((a, b) => inSubnet(world, cluster, a) - inSubnet(world, cluster, b));
  const { name, vcpus, memoryMiB } = type;
  const id = `${pool.id}-${world.serial()}`;
  const madeBy = `Karpenter's NodeClaim ${id}`;
  const inputs = {
    ...{ instanceType: name, vcpus, memoryMiB, capacityType, subnetId },
    nodeClass: nodeClass.id,
    pool: pool.id,
    made: templateOf(world, { cluster, pool, nodeClass }),
    zone: world.get(subnetType, subnetId ?? "")?.inputs.availabilityZone,
  };
  // On its way from the first moment: others that wait for a node look at once.
  const made = world.add({
    ...{ type: nodeClaimType, id, name: id, madeBy, cluster, inputs },
    ...{ outputs: { ...inputs, id }, status: "creating" },
  });
  const tags = {
    "karpenter.sh/nodepool": pool.id,
    "eks:eks-cluster-name": cluster,
    [`kubernetes.io/cluster/${cluster}`]: "owned",
  };
  const node = `the node ${id} that Karpenter started`;
  world.addUnmanaged(instances, world.hexId("i"), madeBy, node, { subnetId, tags });
  const groups = (securityGroupSelectorTerms as Props[]).map((one) => one.id);
  addInterface(world, madeBy, node, { subnetId, groups });
  world.clock.later(waits.nodeClaim, () => {
    if (made.status !== "creating") return;
    if (registrationProblem(world, cluster, nodeClass.inputs.spec)) {
      world.clock.later(registrationSeconds, () => terminate(world, made));
      return;
    }
    made.status = "ready";
    world.clock.changed();
  });
}

/** What a node is made by; a node that was made by something else drifts. */
interface Template {
  pool: string;
  nodeClass: string;
  /** The version is the control plane's. */
  image: string;
}

function templateOf(
  world: World,
  { cluster, pool, nodeClass }: Pick<Claim, "cluster" | "pool" | "nodeClass">,
): Template {
  const { requirements, ...template } = pool.inputs.spec.template.spec;
  const { amiSelectorTerms, subnetSelectorTerms, securityGroupSelectorTerms, ...own } =
    nodeClass.inputs.spec;
  return {
    pool: JSON.stringify(template),
    nodeClass: JSON.stringify(own),
    image: imageOf(world, cluster, nodeClass),
  };
}

/** The image of an alias: there is one for each version of Kubernetes. */
const imageOf = (world: World, cluster: string, { inputs }: CloudResource): string =>
  `${inputs.spec.amiSelectorTerms?.[0]?.alias} of ${world.get(clusterType, cluster)?.inputs.version}`;

/** Why an EC2NodeClass has no image. Returns undefined if it has. */
export const imageProblem = (
  world: World,
  cluster: string,
  nodeClass: CloudResource,
): string | undefined =>
  world.absent.has(imageOf(world, cluster, nodeClass))
    ? "AMINotFound: AMISelector did not match any AMIs"
    : undefined;

/**
 * Why a node has drifted, as Karpenter names it (kubernetes-sigs/karpenter, nodeclaim/disruption/drift.go;
 * karpenter-provider-aws, pkg/cloudprovider/drift.go). Returns undefined if it has not. Limits and disruption
 * settings of a NodePool are no drift.
 */
export function driftOf(world: World, claim: CloudResource): string | undefined {
  const cluster = claim.cluster ?? "";
  const pool = live(world, nodePoolType, cluster);
  const nodeClass = live(world, nodeClassType, cluster);
  if (!pool || !nodeClass || claim.status !== "ready") return undefined;
  const { made, instanceType, capacityType, subnetId } = claim.inputs;
  const now = templateOf(world, { cluster, pool, nodeClass });
  const labels: Props = {
    "node.kubernetes.io/instance-type": instanceType,
    "karpenter.sh/capacity-type": capacityType,
  };
  const required: Props[] = pool.inputs.spec.template.spec.requirements;
  const subnets: Props[] = nodeClass.inputs.spec.subnetSelectorTerms;
  if (now.pool !== made.pool) return "NodePoolDrifted";
  if (required.some(({ key, values }) => key in labels && !values.includes(labels[key]))) {
    return "RequirementsDrifted";
  }
  if (now.nodeClass !== made.nodeClass) return "NodeClassDrift";
  if (now.image !== made.image && !imageProblem(world, cluster, nodeClass)) return "AMIDrift";
  return subnets.some(({ id }) => id === subnetId) ? undefined : "SubnetDrift";
}

/** Nodes that the NodePool's budgets let Karpenter end now: shares are rounded up, and those that end count. */
export function allowedDisruptions(world: World, cluster: string): number {
  const { disruption } = live(world, nodePoolType, cluster)?.inputs.spec ?? {};
  const budgets: Props[] = disruption?.budgets ?? [{ nodes: "10%" }];
  const claims = claimsOf(world, cluster);
  const most = budgets.map(({ nodes }) =>
    String(nodes).endsWith("%")
      ? Math.ceil((claims.length * Number.parseInt(nodes, 10)) / 100)
      : Number(nodes),
  );
  return Math.min(...most) - claims.filter(({ status }) => status !== "ready").length;
}

const inSubnet = (world: World, cluster: string, id: string) =>
  claimsOf(world, cluster).filter(({ inputs }) => inputs.subnetId === id).length;

/** Why nodes that were asked for do not get ready. Returns undefined if they do. */
export function claimProblem(world: World, cluster: string): string | undefined {
  const nodeClass = live(world, nodeClassType, cluster);
  const waiting = claimsOf(world, cluster).some(({ status }) => status === "creating");
  const problem =
    nodeClass && waiting && registrationProblem(world, cluster, nodeClass.inputs.spec);
  return problem ? `Node not registered with cluster: ${problem}` : undefined;
}

/** Ends the instance of a node, with its network interface, and lets its NodeClaim go. */
export function terminate(world: World, claim: CloudResource): void {
  for (const instance of world.all(instances)) {
    if (instance.madeBy === claim.madeBy) world.remove(instance);
  }
  removeInterfaces(world, claim.madeBy ?? "");
  if (world.get(nodeClaimType, claim.id) === claim) world.remove(claim);
}
