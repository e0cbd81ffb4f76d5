import { type Room, smallestRoom } from "../../../infra/cluster/capacity.ts";
import { instanceType } from "../../../infra/cluster/instance-types.ts";
import { mostPods } from "../../../infra/cluster/pod-addresses.ts";
import { waits } from "../../cloud/durations.ts";
import type { Requests } from "../../graph/manifests.ts";
import { deniedAction, trustsService } from "./iam.ts";
import { labelsOfStarted, poolLabel, startedLabel } from "./node-labels.ts";
import { accountProblem, chartAccount } from "./pod-identity.ts";
import {
  autoClassType,
  clusterType,
  driversOf,
  isAuto,
  nodeClaimType,
} from "./rules/lookup-rules.ts";
import { addInterface, removeInterfaces } from "./rules/network-rules.ts";
import { givesPrefixes, joinProblem, nodeProblem } from "./rules/node-rules.ts";
import type { CloudResource, Props, World } from "./world.ts";

export const nodePoolType = "kubernetes:karpenter.sh/v1:NodePool";
export const nodeClassType = "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass";
export { nodeClaimType };

const nodeClassTypes = [nodeClassType, autoClassType];
const instances = "aws:ec2/instance:Instance";
const releaseType = "kubernetes:helm.sh/v3:Release";
const typeLabel = "node.kubernetes.io/instance-type";

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
  if (isAuto(world, cluster)) return autoProblem(world, cluster, actions);
  const release = karpenterRelease(world, cluster, "karpenter");
  return release
    ? controllerProblem(world, cluster, release.inputs, actions)
    : "no Karpenter controller runs";
}

/** The others EKS does by its service-linked role (AmazonEKSServiceRolePolicy). */
const ofClusterRole = [
  ...["ec2:CreateFleet", "ec2:RunInstances", "ec2:CreateLaunchTemplate", "ec2:CreateTags"],
  "iam:PassRole",
];

/** Why EKS Auto Mode does not do these calls in the name of the cluster's role. Returns undefined if it does. */
function autoProblem(world: World, cluster: string, actions: string[]): string | undefined {
  const roleArn: string = world.get(clusterType, cluster)?.inputs.roleArn;
  const needed = actions.filter((one) => ofClusterRole.includes(one) && one !== "ec2:CreateTags");
  if (needed.length === 0) return undefined;
  if (!trustsService(world, roleArn, "eks.amazonaws.com", "sts:TagSession")) {
    return `AccessDenied: eks.amazonaws.com is not authorized to perform sts:TagSession on ${roleArn}`;
  }
  const role = roleArn.split("/").at(-1) ?? "";
  const denied = deniedAction(world, role, needed);
  if (denied) return `AccessDenied: ${role} is not authorized to perform ${denied}`;
  const tags = Object.keys(live(world, autoClassType, cluster)?.inputs.spec.tags ?? {});
  const mayTag = world
    .live("aws:iam/rolePolicy:RolePolicy")
    .some(
      ({ inputs }) => inputs.role === role && textOf(inputs.policy).includes("ec2:CreateFleet"),
    );
  return tags.length > 0 && !mayTag
    ? `UnauthorizedOperation: ${role} is not authorized to perform ec2:CreateFleet with the tags ${tags}`
    : undefined;
}

const textOf = (policy: unknown) => (typeof policy === "string" ? policy : JSON.stringify(policy));

/** Why the controller of a release does not do these calls. Returns undefined if it does. */
export function controllerProblem(
  world: World,
  cluster: string,
  { chart, namespace, values = {} }: Props,
  actions: string[],
): string | undefined {
  const nodes = nodeProblem(world, cluster);
  if (nodes) return `the Karpenter controller cannot run: ${nodes}`;
  const { name, roleArn } = chartAccount({ chart, namespace, values }) ?? {};
  return accountProblem(world, { cluster, namespace, name, roleArn }, actions);
}

/** The nodes that Karpenter has asked AWS for, those that have not started among them. */
export const claimsOf = (world: World, cluster: string): CloudResource[] =>
  world.all(nodeClaimType).filter((one) => one.cluster === cluster);

const live = (world: World, type: string, cluster: string) =>
  world.live(type).find((one) => one.cluster === cluster);

/** The class of the nodes that are started in the cluster. */
export const nodeClassIn = (world: World, cluster: string) =>
  nodeClassTypes.map((type) => live(world, type, cluster)).find(Boolean);

/** The subnets in which nodes of a class start. */
export const subnetsOf = ({ inputs }: CloudResource): string[] =>
  inputs.spec.subnetSelectorTerms.map(({ id }: Props) => id);

/** The zones in which the cluster's started nodes have subnets, also those that are lost. */
export function zonesOfStarted(world: World, cluster: string): string[] {
  const nodeClass = nodeClassIn(world, cluster);
  return nodeClass ? subnetsOf(nodeClass).map((id) => world.zoneOf(id)) : [];
}

/** Of these, the zones in which nodes start now. */
export const zonesLeft = (world: World, cluster: string): string[] =>
  zonesOfStarted(world, cluster).filter((zone) => !world.lostZones.has(zone));

/** Why a node of the class does not register. Returns undefined if it does. */
function registrationProblem(
  world: World,
  cluster: string,
  nodeClass: CloudResource,
): string | undefined {
  const { spec } = nodeClass.inputs;
  const profile = world
    .live("aws:iam/instanceProfile:InstanceProfile")
    .find(({ inputs }) => inputs.name === spec.instanceProfile);
  const role = world.get("aws:iam/role:Role", profile?.inputs.role);
  if (!role) return `instance profile ${spec.instanceProfile} has no role`;
  const nodeRoleArn: string = role.outputs.arn;
  const granted = (type: string) =>
    world
      .live(type)
      .find(({ inputs }) => inputs.clusterName === cluster && inputs.principalArn === nodeRoleArn);
  const auto = isAuto(world, cluster);
  const entryType = auto ? "EC2" : "EC2_LINUX";
  if (granted("aws:eks/accessEntry:AccessEntry")?.inputs.type !== entryType)
    return `no access entry of type ${entryType} for ${nodeRoleArn}`;
  const policy = granted("aws:eks/accessPolicyAssociation:AccessPolicyAssociation");
  if (auto && !policy?.inputs.policyArn.endsWith("/AmazonEKSAutoNodePolicy"))
    return `the access entry of ${nodeRoleArn} lacks AmazonEKSAutoNodePolicy`;
  return joinProblem(world, { clusterName: cluster, nodeRoleArn, subnetIds: subnetsOf(nodeClass) });
}

/** What a controller of a chart asks for: the scheduler places the pods of Deployments alone. */
export const chartPod: Requests = { cpuMillicores: 100, memoryMiB: 128 };

/** A pod for which Karpenter starts a node. */
export interface Launched extends Requests {
  /** It prefers a node without another of its kind, which Karpenter takes for a must. */
  alone?: boolean;
  /** It prefers the zone with the fewest of its kind, which is a must too. */
  zonal?: boolean;
  /** Labels of its node. @default any node */
  selector?: Props;
}

/** Starts nodes for pods that find no room. Does nothing while nodes are on their way. */
export function launchNodes(
  world: World,
  cluster: string,
  pods: Launched[],
  zone?: string,
): string | undefined {
  const waiting = claimsOf(world, cluster).some(({ status }) => status === "creating");
  return waiting ? undefined : startClaims(world, cluster, pods, zone);
}

/** The types of a NodePool with their room for pods, the smallest first. */
export function typesOf(world: World, cluster: string) {
  const { maxPods } = nodeClassIn(world, cluster)?.inputs.spec.kubelet ?? {};
  return among(live(world, nodePoolType, cluster), typeLabel)
    .flatMap((name) => {
      const room = roomOfStarted(world, cluster, name, maxPods);
      const type = instanceType(name);
      return type && room ? [{ name, room, ...type }] : [];
    })
    .toSorted((a, b) => a.vcpus - b.vcpus || a.memoryMiB - b.memoryMiB);
}

/**
 * Starts nodes for pods that find no room, as Karpenter does: as many pods on a node as the largest type
 * holds, and then the smallest type that holds them. Preferences are musts while nodes can be started
 * (karpenter issue 667; PREFERENCE_POLICY). Returns why it starts none, in Karpenter's words.
 */
export function startClaims(
  world: World,
  cluster: string,
  waiting: Launched[],
  zone?: string,
): string | undefined {
  const pool = live(world, nodePoolType, cluster);
  const nodeClass = nodeClassIn(world, cluster);
  if (!pool || !nodeClass) return undefined;
  const problem = karpenterProblem(world, cluster, [
    "ec2:CreateFleet",
    "ec2:RunInstances",
    "iam:PassRole",
  ]);
  if (problem) return problem;
  const noImage = imageProblem(world, cluster, nodeClass);
  if (noImage) return noImage;
  const selector = waiting[0]?.selector ?? {};
  const pods = waiting.filter((one) => one.selector?.[startedLabel] === selector[startedLabel]);
  const capacityType = capacityTypeFor(world, pool, selector);
  if (!capacityType)
    return "InsufficientInstanceCapacity: We currently do not have sufficient capacity";
  const types = typesOf(world, cluster);
  const zones = zonesLeft(world, cluster).length;
  const share = pods[0]?.zonal && zone === undefined ? Math.ceil(pods.length / zones) : pods.length;
  for (let left = pods; left.length > 0; ) {
    const [fitting = 0] = types.map(({ room }) => holds(room, left)).toSorted((a, b) => b - a);
    const most = left[0]?.alone ? Math.min(1, fitting) : Math.min(share, fitting);
    const type = types.find(({ room }) => holds(room, left) >= most);
    if (!type || most === 0) return "no instance type satisfied resources of the pods";
    if (exceeds(world, cluster, pool.inputs.spec.limits, type)) {
      return "all available instance types exceed limits for nodepool";
    }
    claim(world, { cluster, pool, nodeClass, capacityType, type, zone });
    left = left.slice(most);
  }
  return undefined;
}

/** What a node for such pods is paid by, Spot first; undefined where the NodePool or AWS has none. */
export const capacityTypeFor = (
  world: World,
  pool: CloudResource,
  { [startedLabel]: asked }: Props,
): string | undefined =>
  among(pool, startedLabel)
    .toSorted()
    .reverse()
    .filter((one) => asked === undefined || one === asked)
    .find((one) => one !== "spot" || !world.withoutSpot);

/** The room of a node that Karpenter has started; undefined for a type that is not known. */
export const roomOfClaim = (
  world: World,
  { cluster = "", inputs: { instanceType: name, maxPods } }: CloudResource,
): Room | undefined => roomOfStarted(world, cluster, name, maxPods);

/**
 * The room of a node that Karpenter starts; `undefined` for a type that is not known. It counts single addresses, or
 * what `kubelet.maxPods` says. Pods beyond the addresses that the CNI has get none: they wait too.
 */
function roomOfStarted(
  world: World,
  cluster: string,
  name: string,
  maxPods: number | undefined,
): Room | undefined {
  const drivers = driversOf(world, cluster);
  const [type, single] = [instanceType(name), smallestRoom([name], drivers)];
  if (!type || !single || maxPods === undefined) return single;
  const room = smallestRoom([name], { ...drivers, prefixes: "all" });
  const more = maxPods - mostPods(type, false);
  const pods = givesPrefixes(world, cluster) ? single.pods + more : single.pods;
  return room && { ...room, pods: Math.min(pods, room.pods) };
}

/** What a NodePool may choose from. */
function among(pool: CloudResource | undefined, key: string): string[] {
  const requirements: Props[] = pool?.inputs.spec.template.spec.requirements ?? [];
  return requirements.find((one) => one.key === key)?.values ?? [];
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
  /** @default that with the fewest nodes */
  zone: string | undefined;
}

/** An instance whose node registers a while later. */
function claim(world: World, claimed: Claim): void {
  const { cluster, pool, nodeClass, capacityType, type } = claimed;
  const [subnetId] = world
    .subnetsLeft(subnetsOf(nodeClass))
    .filter((id) => !claimed.zone || world.zoneOf(id) === claimed.zone)
    .toSorted((a, b) => inSubnet(world, cluster, a) - inSubnet(world, cluster, b));
  const { name, vcpus, memoryMiB } = type;
  const id = `${pool.id}-${world.serial()}`;
  const by = isAuto(world, cluster) ? "EKS Auto Mode" : "Karpenter";
  const madeBy = `${by}'s NodeClaim ${id}`;
  const inputs = {
    ...{ instanceType: name, vcpus, memoryMiB, capacityType, subnetId },
    maxPods: nodeClass.inputs.spec.kubelet?.maxPods,
    nodeClass: nodeClass.id,
    pool: pool.id,
    made: templateOf(world, { cluster, pool, nodeClass }),
    zone: world.zoneOf(subnetId ?? ""),
  };
  const made = world.add({
    ...{ type: nodeClaimType, id, name: id, madeBy, inputs, outputs: { ...inputs, id } },
    // Whoever waits for a node sees at once that one is on its way.
    ...{ cluster, status: "creating" },
  });
  const tags = {
    [poolLabel]: pool.id,
    "eks:eks-cluster-name": cluster,
    [`kubernetes.io/cluster/${cluster}`]: "owned",
  };
  const node = `the node ${id} that ${by} started`;
  world.addUnmanaged(instances, world.hexId("i"), madeBy, node, { subnetId, tags });
  const groups = (nodeClass.inputs.spec.securityGroupSelectorTerms as Props[]).map((one) => one.id);
  addInterface(world, madeBy, node, { subnetId, groups });
  world.clock.later(waits.nodeClaim, () => {
    if (made.status !== "creating") return;
    if (registrationProblem(world, cluster, nodeClass)) {
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
  const nodeClass = nodeClassIn(world, cluster);
  if (!pool || !nodeClass || claim.status !== "ready") return undefined;
  const { made, instanceType, subnetId } = claim.inputs;
  const now = templateOf(world, { cluster, pool, nodeClass });
  const labels: Props = { ...labelsOfStarted(claim.inputs), [typeLabel]: instanceType };
  const required: Props[] = pool.inputs.spec.template.spec.requirements;
  if (now.pool !== made.pool) return "NodePoolDrifted";
  if (required.some(({ key, values }) => key in labels && !values.includes(labels[key]))) {
    return "RequirementsDrifted";
  }
  if (now.nodeClass !== made.nodeClass) return "NodeClassDrift";
  if (now.image !== made.image && !imageProblem(world, cluster, nodeClass)) return "AMIDrift";
  return subnetsOf(nodeClass).includes(subnetId) ? undefined : "SubnetDrift";
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
  const nodeClass = nodeClassIn(world, cluster);
  const waiting = claimsOf(world, cluster).some(({ status }) => status === "creating");
  const problem = nodeClass && waiting && registrationProblem(world, cluster, nodeClass);
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
