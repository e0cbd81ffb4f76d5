import type { Room } from "../../../infra/cluster/capacity.ts";
import { waits } from "../../cloud/durations.ts";
import {
  minZonesOf,
  podSpecOf,
  type Requests,
  requestsOf,
  spreadOf,
} from "../../graph/manifests.ts";
import {
  chartPod,
  claimProblem,
  claimsOf,
  launchNodes,
  roomOfClaim,
  zonesLeft,
  zonesOfStarted,
} from "./node-claims.ts";
import { labelsOfGroup, labelsOfStarted, matches, preferredOf, selectorOf } from "./node-labels.ts";
import { nodeGroups, nodesOf, roomOfGroup, scaleTo, scalingGroupOf } from "./rules/node-rules.ts";
import type { CloudResource, Props, World } from "./world.ts";

interface Node extends Room {
  zone: string;
  /** Of its labels, what it is paid by. */
  labels: Props;
}

interface Pod extends Requests {
  owner: string;
  /** What of a node's labels it asks for. */
  selector: Props;
  /** What it would rather have. */
  preferred: Props;
  /** The max. difference between zones in pods; undefined if the spread is soft. */
  zoneSkew?: number;
  /** It prefers a node without another of its Deployment. */
  alone: boolean;
  /** It prefers the zone with the fewest of its Deployment. */
  zonal: boolean;
}

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
  const open = nodes.filter(({ labels }) => matches(pod.selector, labels));
  const skewed = open.filter((node) => fits(pod, node)).length;
  const crowded = open.filter((node) => node.pods < 1).length;
  const others = nodes.length - open.length;
  const short = open.length - skewed - crowded;
  const reasons = [
    ...(others > 0 ? [`${others} node(s) didn't match Pod's node affinity/selector`] : []),
    ...(skewed > 0 ? [`${skewed} node(s) didn't match pod topology spread constraints`] : []),
    ...(crowded > 0 ? [`${crowded} Too many pods`] : []),
    ...(short > 0 ? [`${short} Insufficient cpu or memory`] : []),
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
  const { left, placed } = place([...others, deployment], nodes);
  const waiting = left.filter(({ owner }) => owner === deployment.id);
  const [pod] = waiting;
  if (!pod) return { nodes, waiting };
  // Where the kind of nodes changes, both run.
  const why = [
    addNode(world, cluster, pod, { nodes, placed }),
    launchNodes(world, cluster, waiting) ?? claimProblem(world, cluster),
  ].filter((one) => one !== undefined);
  return { nodes, waiting, why: why.length > 0 ? why.join("; ") : undefined };
}

/** The names of Deployments whose pods have no room without the nodes that Karpenter started, or without some. */
export function heldBy(world: World, cluster: string, without?: CloudResource[]): string[] {
  const nodes = without ? nodesIn(world, cluster, without) : managedNodes(world, cluster);
  const { left } = place(deploymentsIn(world, cluster), nodes);
  const owners = new Set(left.map(({ owner }) => owner));
  return deploymentsIn(world, cluster).flatMap(({ id, name }) => (owners.has(id) ? [name] : []));
}

/**
 * The names of Deployments that would be in fewer zones than they prefer without the node of a NodeClaim. For
 * Karpenter that is a must, in all zones in which it may start nodes (karpenter issue 667).
 */
export function spreadBy(world: World, cluster: string, claim: CloudResource): string[] {
  const all = new Set(zonesOfStarted(world, cluster));
  const others = nodesIn(world, cluster, [claim]);
  const zones = new Set(others.map(({ zone }) => zone));
  const ofCharts = releasesIn(world, cluster)
    .filter((one) => zones.size < minZonesOf(one.inputs.values?.topologySpreadConstraints))
    .map(({ name }) => name);
  const ofServices = deploymentsIn(world, cluster).flatMap((one) => {
    const pods = podsOf(one);
    const [pod] = pods;
    if (!pod?.zonal || !matches(pod.selector, labelsOfStarted(claim.inputs))) return [];
    const left = new Set(
      others.filter(({ labels }) => matches(pod.selector, labels)).map(({ zone }) => zone),
    );
    const isLast = !left.has(claim.inputs.zone);
    return isLast && left.size < Math.min(all.size, pods.length) ? [one.name] : [];
  });
  return [...ofCharts, ...ofServices];
}

/**
 * The message of kube-scheduler about a pod of a chart that must be in another zone than there are nodes in;
 * Karpenter then starts one in such a zone. Returns undefined if there are enough.
 */
export function zonesProblem(world: World, cluster: string, values?: Props): string | undefined {
  const minZones = minZonesOf(values?.topologySpreadConstraints);
  const nodes = nodesIn(world, cluster);
  const zones = new Set(nodes.map(({ zone }) => zone));
  if (nodes.length === 0 || zones.size >= minZones) return undefined;
  const zone = zonesLeft(world, cluster).find((one) => !zones.has(one));
  const started = zone ? launchNodes(world, cluster, [chartPod], zone) : undefined;
  const why = started ?? claimProblem(world, cluster);
  const message = `0/${nodes.length} nodes are available: ${nodes.length} node(s) didn't match pod topology spread constraints`;
  return why ? `${message}; ${why}` : message;
}

/**
 * Starts nodes for the pods that would have no room without this one, before it is ended. Returns whether
 * all have a place, now or on a node that is on its way.
 */
export function replaces(world: World, cluster: string, claim: CloudResource): boolean {
  const { left } = place(deploymentsIn(world, cluster), nodesIn(world, cluster, [claim]));
  return left.length === 0 || launchNodes(world, cluster, left) === undefined;
}

/**
 * Lets a cluster autoscaler add a node for pods without room on the nodes of managed groups. Returns whether
 * one is on its way.
 */
export function addsNode(world: World, cluster: string): boolean {
  const nodes = managedNodes(world, cluster);
  const { left, placed } = place(deploymentsIn(world, cluster), nodes);
  const [pod] = left;
  if (pod) addNode(world, cluster, pod, { nodes, placed });
  return nodeGroups(world, cluster).some((group) => scalingGroupOf(world, group)?.outputs.growing);
}

/** Starts nodes for pods that have lost theirs. */
export function reschedule(world: World, cluster: string): void {
  for (const { inputs } of releasesIn(world, cluster)) zonesProblem(world, cluster, inputs.values);
  for (const deployment of deploymentsIn(world, cluster)) waitingPods(world, deployment);
}

const deploymentsIn = (world: World, cluster: string) =>
  world.live(deploymentType).filter((one) => one.cluster === cluster);

const releasesIn = (world: World, cluster: string) =>
  world.live("kubernetes:helm.sh/v3:Release").filter((one) => one.cluster === cluster);

/** Where pods are. */
type Placed = Map<Pod, Node>;

/** Takes the nodes' room for the pods of Deployments. Returns the pods that find none, and where the others are. */
function place(deployments: CloudResource[], nodes: Node[]): { left: Pod[]; placed: Placed } {
  const placed: Placed = new Map();
  const left = deployments.flatMap(podsOf).filter((pod) => {
    const open = nodes.filter(
      (node) =>
        matches(pod.selector, node.labels) &&
        fits(pod, node) &&
        mayBeIn(node.zone, pod, nodes, placed),
    );
    const node = open.find(({ labels }) => matches(pod.preferred, labels)) ?? open[0];
    if (node) {
      node.cpuMillicores -= pod.cpuMillicores;
      node.memoryMiB -= pod.memoryMiB;
      node.pods -= 1;
      placed.set(pod, node);
    }
    return !node;
  });
  return { left, placed };
}

/** That of its pods' class: pods without one have 0, and preempt those below. */
export function priorityOf(
  world: World,
  { cluster, inputs: { kind, spec } }: CloudResource,
): number {
  const name = podSpecOf({ kind, spec })?.priorityClassName;
  const found = world
    .all("kubernetes:scheduling.k8s.io/v1:PriorityClass")
    .find((one) => one.cluster === cluster && one.id === name);
  return found?.inputs.value ?? 0;
}

/** The nodes that are ready, without those of some NodeClaims. */
function nodesIn(world: World, cluster: string, without: CloudResource[] = []): Node[] {
  const started = claimsOf(world, cluster)
    .filter((claim) => claim.status === "ready" && !without.includes(claim))
    .flatMap((claim) => {
      const room = roomOfClaim(world, claim);
      const { zone } = claim.inputs;
      return room ? [{ ...room, zone, labels: labelsOfStarted(claim.inputs) }] : [];
    });
  return [...managedNodes(world, cluster), ...started];
}

function managedNodes(world: World, cluster: string): Node[] {
  return nodeGroups(world, cluster).flatMap((group) => {
    const room = roomOfGroup(world, group);
    if (!room) return [];
    return nodesOf(world, group).map(({ inputs }) => ({
      ...room,
      zone: world.zoneOf(inputs.subnetId),
      labels: labelsOfGroup(group),
    }));
  });
}

function podsOf({ id, extraPods = 0, inputs: { kind, spec } }: CloudResource): Pod[] {
  const pod = podSpecOf({ kind, spec });
  const spreads: Props[] = pod?.topologySpreadConstraints ?? [];
  const zoneSkew = spreadOf(spreads, "topology.kubernetes.io/zone", "DoNotSchedule")?.maxSkew;
  return Array.from({ length: (spec.replicas ?? 1) + extraPods }, () => ({
    ...requestsOf(pod ?? {}),
    owner: id,
    selector: selectorOf(pod),
    preferred: preferredOf(pod),
    zoneSkew,
    alone: spreads.some(({ topologyKey }) => topologyKey === "kubernetes.io/hostname"),
    zonal: spreads.some(({ topologyKey }) => topologyKey === "topology.kubernetes.io/zone"),
  }));
}

const fits = (pod: Pod, node: Node): boolean =>
  node.pods >= 1 && node.cpuMillicores >= pod.cpuMillicores && node.memoryMiB >= pod.memoryMiB;

/** Kubernetes, pod topology spread constraints: zones count that have a node which the pod selects. */
function mayBeIn(zone: string, pod: Pod, nodes: Node[], placed: Placed): boolean {
  if (pod.zoneSkew === undefined) return true;
  const zones = new Map(
    nodes.filter(({ labels }) => matches(pod.selector, labels)).map(({ zone }) => [zone, 0]),
  );
  for (const [other, node] of placed) {
    if (other.owner === pod.owner) zones.set(node.zone, (zones.get(node.zone) ?? 0) + 1);
  }
  return (zones.get(zone) ?? 0) + 1 - Math.min(...zones.values()) <= pod.zoneSkew;
}

/**
 * Adds one node at a time, after its start, to a group of which a node would take the pod. Of a group in
 * several zones the autoscaler takes a new node for one in the first of them, and AWS picks the zone
 * (kubernetes/autoscaler, cloudprovider/aws/aws_manager.go: "Found multiple availability zones for ASG").
 * Of similar groups it takes the smallest (balance-similar-node-groups). Returns why it adds none, in its words.
 */
function addNode(
  world: World,
  cluster: string,
  pod: Pod,
  { nodes, placed }: { nodes: Node[]; placed: Placed },
): string | undefined {
  const runs = world
    .live("kubernetes:helm.sh/v3:Release")
    .some((one) => one.cluster === cluster && one.inputs.chart === "cluster-autoscaler");
  if (!runs) return undefined;
  const reasons: string[] = [];
  const helpful = nodeGroups(world, cluster).flatMap((group) => {
    const scaling = scalingGroupOf(world, group);
    const room = roomOfGroup(world, group);
    if (!scaling || !room) return [];
    const [subnetId = ""] = group.inputs.subnetIds as string[];
    const node = { ...room, zone: world.zoneOf(subnetId), labels: labelsOfGroup(group) };
    const reason =
      scaling.inputs.desiredCapacity >= scaling.inputs.maxSize
        ? "max node group size reached"
        : !matches(pod.selector, node.labels)
          ? "node(s) didn't match Pod's node affinity/selector"
          : !fits(pod, node)
            ? "Insufficient cpu or memory"
            : !mayBeIn(node.zone, pod, [...nodes, node], placed)
              ? "node(s) didn't match pod topology spread constraints"
              : undefined;
    if (reason) reasons.push(`1 ${reason}`);
    return reason ? [] : [{ group, scaling, room }];
  });
  const [best] = helpful.toSorted(
    (a, b) =>
      a.room.cpuMillicores - b.room.cpuMillicores ||
      a.scaling.inputs.desiredCapacity - b.scaling.inputs.desiredCapacity,
  );
  if (!best) {
    return reasons.length > 0 ? `pod didn't trigger scale-up: ${reasons.join(", ")}` : undefined;
  }
  if (helpful.some(({ scaling }) => scaling.outputs.growing)) return undefined;
  const { group, scaling } = best;
  scaling.outputs.growing = true;
  world.clock.later(waits.nodeStart, () => {
    scaling.outputs.growing = false;
    if (scalingGroupOf(world, group) !== scaling) return;
    scaleTo(world, group, { desiredCapacity: scaling.inputs.desiredCapacity + 1 });
  });
  return undefined;
}
