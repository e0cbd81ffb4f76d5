import {
  filesAddon,
  type OptionalAddons,
  type Room,
  secretsAddon,
  smallestRoom,
} from "../../../infra/cluster/capacity.ts";
import { waits } from "../../cloud/durations.ts";
import { podSpecOf, type Requests, requestsOf } from "../../graph/manifests.ts";
import { claimProblem, claimsOf, launchNodes } from "./node-claims.ts";
import { addon } from "./rules/lookup-rules.ts";
import { nodeGroups, nodesOf, scaleTo, scalingGroupOf } from "./rules/node-rules.ts";
import type { CloudResource, Props, World } from "./world.ts";

interface Node extends Room {
  zone: string;
  /** The NodePool that it is of. @default a managed group's */
  pool?: string;
}

interface Pod extends Requests {
  owner: string;
  /** The NodePool whose nodes alone it may run on. @default any node */
  pool?: string;
  /** The max. difference between zones in pods; undefined if the spread is soft. */
  zoneSkew?: number;
}

const poolLabel = "karpenter.sh/nodepool";

/** Whether pods of a Deployment may run on such a node, by their nodeSelector. */
export function mayRunOn(
  { inputs: { kind, spec } }: CloudResource,
  node: { pool?: string },
): boolean {
  return isSelected(podSpecOf({ kind, spec })?.nodeSelector?.[poolLabel], node);
}

const isSelected = (pool: string | undefined, node: { pool?: string }): boolean =>
  pool === undefined || pool === node.pool;

const deploymentType = "kubernetes:apps/v1:Deployment";

/**
 * The message of kube-scheduler about pods of this Deployment without a node. Returns undefined if each
 * pod has one. A cluster autoscaler then adds a node, and Karpenter as many as the pods need. Nodes of
 * unknown types have unlimited room.
 */
export function schedulingProblem(world: World, deployment: CloudResource): string | undefined {
  const { nodes, waiting, why } = schedule(world, deployment);
  const [pod] = waiting;
  if (!pod) return undefined;
  const selected = nodes.filter((node) => isSelected(pod.pool, node));
  const skewed = selected.filter((node) => fits(pod, node)).length;
  const [others, full] = [nodes.length - selected.length, selected.length - skewed];
  const reasons = [
    ...(others > 0 ? [`${others} node(s) didn't match Pod's node affinity/selector`] : []),
    ...(skewed > 0 ? [`${skewed} node(s) didn't match pod topology spread constraints`] : []),
    ...(full > 0 ? [`${full} Insufficient cpu or memory`] : []),
  ];
  const message = `0/${nodes.length} nodes are available: ${reasons.join(", ")}`;
  return why ? `${message}; ${why}` : message;
}

/** How many pods of this Deployment have no node. With one, a cluster autoscaler adds a node. */
export function waitingPods(world: World, deployment: CloudResource): number {
  return schedule(world, deployment).waiting.length;
}

/**
 * Places the pods of this Deployment, after those of the others that they do not preempt. Those of charts
 * and add-ons are left out; the room for them at the most is proved by infra/config/scale-rules.ts.
 */
function schedule(
  world: World,
  deployment: CloudResource,
): { nodes: Node[]; waiting: Pod[]; why?: string | undefined } {
  const cluster = deployment.cluster ?? "";
  const nodes = nodesIn(world, cluster);
  if (nodes.length === 0) return { nodes, waiting: [] };
  const priority = priorityOf(world, deployment);
  const others = deploymentsIn(world, cluster).filter(
    (one) => one !== deployment && priorityOf(world, one) >= priority,
  );
  const waiting = place([...others, deployment], nodes).filter(
    ({ owner }) => owner === deployment.id,
  );
  if (waiting.length === 0) return { nodes, waiting };
  addNode(world, cluster);
  const why =
    launchNodes(world, cluster, waiting, driversOf(world, cluster)) ?? claimProblem(world, cluster);
  return { nodes, waiting, why };
}

/** The names of Deployments whose pods have no room without the nodes that Karpenter started, or without some. */
export function heldBy(world: World, cluster: string, without?: CloudResource[]): string[] {
  const nodes = without
    ? nodesIn(world, cluster, without)
    : managedNodes(world, cluster, driversOf(world, cluster));
  const owners = new Set(place(deploymentsIn(world, cluster), nodes).map(({ owner }) => owner));
  return deploymentsIn(world, cluster).flatMap(({ id, name }) => (owners.has(id) ? [name] : []));
}

/**
 * Starts nodes for the pods that would have no room without this one, before it is ended. Returns whether
 * all have a place, now or on a node that is on its way.
 */
export function replaces(world: World, cluster: string, claim: CloudResource): boolean {
  const pods = place(deploymentsIn(world, cluster), nodesIn(world, cluster, [claim]));
  return (
    pods.length === 0 || launchNodes(world, cluster, pods, driversOf(world, cluster)) === undefined
  );
}

/** Starts nodes for pods that have lost theirs. */
export function reschedule(world: World, cluster: string): void {
  for (const deployment of deploymentsIn(world, cluster)) waitingPods(world, deployment);
}

const deploymentsIn = (world: World, cluster: string) =>
  world.live(deploymentType).filter((one) => one.cluster === cluster);

/** Takes the nodes' room for the pods of Deployments. Returns the pods that find none. */
function place(deployments: CloudResource[], nodes: Node[]): Pod[] {
  const placed = new Map<Pod, Node>();
  return deployments.flatMap(podsOf).filter((pod) => {
    const node = nodes.find((node) => fits(pod, node) && mayBeIn(node.zone, pod, nodes, placed));
    if (node) {
      node.cpuMillicores -= pod.cpuMillicores;
      node.memoryMiB -= pod.memoryMiB;
      node.pods -= 1;
      placed.set(pod, node);
    }
    return !node;
  });
}

/** That of its pods' class: pods without one have 0, and preempt those below. */
function priorityOf(world: World, { cluster, inputs: { kind, spec } }: CloudResource): number {
  const name = podSpecOf({ kind, spec })?.priorityClassName;
  const found = world
    .all("kubernetes:scheduling.k8s.io/v1:PriorityClass")
    .find((one) => one.cluster === cluster && one.id === name);
  return found?.inputs.value ?? 0;
}

function driversOf(world: World, cluster: string): OptionalAddons {
  const has = (name: string) => addon(world, cluster, name) !== undefined;
  return { secrets: has(secretsAddon), files: has(filesAddon) };
}

/** The nodes that are ready, without those of some NodeClaims. */
function nodesIn(world: World, cluster: string, without: CloudResource[] = []): Node[] {
  const drivers = driversOf(world, cluster);
  const started = claimsOf(world, cluster)
    .filter((claim) => claim.status === "ready" && !without.includes(claim))
    .flatMap(({ inputs: { instanceType, zone, pool } }) => {
      const room = smallestRoom([instanceType], drivers);
      return room ? [{ ...room, zone, pool }] : [];
    });
  return [...managedNodes(world, cluster, drivers), ...started];
}

function managedNodes(world: World, cluster: string, drivers: OptionalAddons): Node[] {
  return nodeGroups(world, cluster).flatMap((group) => {
    const room = smallestRoom(group.inputs.instanceTypes ?? ["unknown"], drivers);
    if (!room) return [];
    return nodesOf(world, group).map(({ inputs }) => ({
      ...room,
      zone: world.get("aws:ec2/subnet:Subnet", inputs.subnetId)?.inputs.availabilityZone,
    }));
  });
}

function podsOf({ id, extraPods = 0, inputs: { kind, spec } }: CloudResource): Pod[] {
  const pod = podSpecOf({ kind, spec });
  const spreads: Props[] = pod?.topologySpreadConstraints ?? [];
  const hard = spreads.find(
    (one) =>
      one.topologyKey === "topology.kubernetes.io/zone" &&
      one.whenUnsatisfiable === "DoNotSchedule",
  );
  return Array.from({ length: (spec.replicas ?? 1) + extraPods }, () => ({
    ...requestsOf(pod ?? {}),
    owner: id,
    pool: pod?.nodeSelector?.[poolLabel],
    zoneSkew: hard?.maxSkew,
  }));
}

const fits = (pod: Pod, node: Node): boolean =>
  isSelected(pod.pool, node) &&
  node.pods >= 1 &&
  node.cpuMillicores >= pod.cpuMillicores &&
  node.memoryMiB >= pod.memoryMiB;

function mayBeIn(zone: string, pod: Pod, nodes: Node[], placed: Map<Pod, Node>): boolean {
  if (pod.zoneSkew === undefined) return true;
  // nodeAffinityPolicy, Honor by default: a zone counts that has a node which it selects.
  const selected = nodes.filter((node) => isSelected(pod.pool, node));
  const zones = new Map(selected.map((node) => [node.zone, 0]));
  for (const [other, node] of placed) {
    if (other.owner === pod.owner) zones.set(node.zone, (zones.get(node.zone) ?? 0) + 1);
  }
  return (zones.get(zone) ?? 0) + 1 - Math.min(...zones.values()) <= pod.zoneSkew;
}

/** Adds one node at a time, after its start; AWS picks the zone. Returns whether one is on its way. */
export function addNode(world: World, cluster: string): boolean {
  const runs = world
    .live("kubernetes:helm.sh/v3:Release")
    .some((one) => one.cluster === cluster && one.inputs.chart === "cluster-autoscaler");
  const [group] = nodeGroups(world, cluster);
  const scaling = group && scalingGroupOf(world, group);
  if (!runs || !scaling) return false;
  if (scaling.outputs.growing) return true;
  if (scaling.inputs.desiredCapacity >= scaling.inputs.maxSize) return false;
  scaling.outputs.growing = true;
  world.clock.later(waits.nodeStart, () => {
    scaling.outputs.growing = false;
    if (scalingGroupOf(world, group) !== scaling) return;
    scaleTo(world, group, { desiredCapacity: scaling.inputs.desiredCapacity + 1 });
  });
  return true;
}
