import { annotation, balancerSubnets, ingressType } from "../world/rules/load-balancer-rules.ts";
import type { World } from "../world/world.ts";
import type { Fleet } from "./fleet.ts";
import { startFleet, until } from "./life.ts";
import type { FleetNode } from "./pods.ts";
import { setLoad } from "./replicas.ts";
import type { Workload } from "./workloads.ts";

const minutes = (count: number) => count * 60;
/** Until the autoscalers have ended what a cluster at rest does not need. */
const restSeconds = minutes(45);
/** Max. time until all pods are ready after a change. */
const readySeconds = minutes(30);

/** Another load, and the former one again. */
export interface ScaleFigures {
  service: string;
  from: number;
  to: number;
  /** Until all pods were ready; undefined if they were not within 30 minutes. */
  outSeconds: number | undefined;
  /** Until the pods and the nodes were as few as before. */
  backSeconds: number | undefined;
  nodes: { before: number; most: number; after: number };
  /** Zones in which its pods then run. A ReplicaSet looks at no zone when it ends pods. */
  zonesAfter: number;
  failures: string[];
}

/** What a service had while a part of the cloud was lost. */
export interface Strength {
  service: string;
  replicas: number;
  /** Pods that answered requests, at the fewest. */
  fewest: number;
}

/** The loss of a node or a zone, without notice. */
export interface LossFigures {
  lost: string;
  services: Strength[];
  /** Until the load balancer sends nothing to the lost pods. */
  awaySeconds: number;
  /** Until all pods were ready again; undefined if they were not within 30 minutes. */
  seconds: number | undefined;
  failures: string[];
}

const clusterOf = (world: World): string =>
  world.live("aws:eks/cluster:Cluster")[0]?.inputs.name ?? "";

/** The cluster of the cloud at rest. Its nodes are the fewest that the autoscalers find. */
export function fleetAtRest(world: World): Fleet {
  const fleet = startFleet(world, clusterOf(world));
  until(fleet, () => false, restSeconds);
  return fleet;
}

/**
 * Gives a service as much work as its most pods can do, and takes it away again. Fails where they are not
 * ready in time, where fewer answer than its disruption budget leaves of the fewest, and where nodes stay.
 */
export function scaleOutAndBack(fleet: Fleet, service: string): ScaleFigures {
  const workload = serviceOf(fleet, service);
  const from = workload.replicas;
  const to = workload.scale?.most ?? from;
  const start = { at: fleet.now, nodes: fleet.nodes.length };
  let [fewest, most] = [from, start.nodes];
  const watch = () => {
    fewest = Math.min(fewest, fleet.serving(workload));
    most = Math.max(most, fleet.nodes.length);
  };
  // An autoscaler lets a tenth more be.
  setLoad(fleet, workload, 1.2 * to);
  const isOut = until(
    fleet,
    () => workload.replicas === to && fleet.isComplete(),
    readySeconds,
    watch,
  );
  const outSeconds = isOut ? fleet.now - start.at : undefined;
  const failures = isOut ? [] : [late(fleet, readySeconds)];
  const turned = fleet.now;
  setLoad(fleet, workload, from);
  const isBack = until(
    fleet,
    () => workload.replicas === from && fleet.isComplete() && isIdle(fleet, start.nodes),
    minutes(120),
    watch,
  );
  const left = from - (workload.maxUnavailable ?? 0);
  if (!isBack) {
    failures.push(`${fleet.nodes.length} nodes run, and ${start.nodes} ran before${words(fleet)}`);
  }
  if (fewest < left) {
    failures.push(`${fewest} pods of ${service} answered, and its budget leaves ${left}`);
  }
  return {
    ...{ service, from, to, outSeconds },
    backSeconds: isBack ? fleet.now - turned : undefined,
    nodes: { before: start.nodes, most, after: fleet.nodes.length },
    zonesAfter: new Set(fleet.podsOf(workload).map(({ node }) => node?.zone)).size,
    failures: [...failures, ...disrupted(fleet, start.at)],
  };
}

const isIdle = (fleet: Fleet, nodes: number): boolean =>
  fleet.nodes.length <= nodes &&
  fleet.drains.length === 0 &&
  [...fleet.starting.values()].every((count) => count === 0);

function serviceOf(fleet: Fleet, name: string): Workload {
  const found = fleet.workloads.find((one) => one.name === name);
  if (!found) throw new Error(`the cluster ${fleet.cluster} has no service ${name}`);
  return found;
}

/** The loss of each node of the cluster, on a copy of the cloud each; the worst first. */
export function loseEachNode(world: World): LossFigures[] {
  const rested = restedCopy(world);
  return startFleet(rested, clusterOf(rested))
    .nodes.map(({ name }) =>
      lose(rested, name, (fleet) => fleet.nodes.filter((node) => node.name === name)),
    )
    .sort(worstFirst);
}

/**
 * The loss of each zone in which a node runs, with its nodes, NAT gateway and targets, on a copy of the cloud
 * each; the worst first.
 */
export function loseEachZone(world: World): LossFigures[] {
  const rested = restedCopy(world);
  const zones = new Set(startFleet(rested, clusterOf(rested)).nodes.map(({ zone }) => zone));
  return [...zones]
    .map((zone) =>
      lose(rested, zone, (fleet) => {
        fleet.world.lostZones.add(zone);
        return fleet.nodes.filter((node) => node.zone === zone);
      }),
    )
    .sort(worstFirst);
}

/** The cloud as its autoscalers leave it. */
function restedCopy(world: World): World {
  const copy = world.copy();
  fleetAtRest(copy);
  return copy;
}

const worstFirst = (a: LossFigures, b: LossFigures): number =>
  (b.seconds ?? Number.POSITIVE_INFINITY) - (a.seconds ?? Number.POSITIVE_INFINITY) || 0;

/**
 * Fails where a service of two pods or more has none that answers, where the pods are not all ready again
 * in time, where an eviction takes one of those that are left, and where the load balancer has no subnet.
 */
function lose(world: World, lost: string, dying: (fleet: Fleet) => FleetNode[]): LossFigures {
  const copy = world.copy();
  const fleet = startFleet(copy, clusterOf(copy));
  until(fleet, fleet.isComplete, restSeconds);
  const start = fleet.now;
  const services = fleet.workloads.filter(({ isService, replicas }) => isService && replicas > 0);
  const before = new Map(services.map((one) => [one, one.replicas]));
  for (const node of dying(fleet)) node.lostAt = fleet.now;
  const survivors = new Map(services.map((one) => [one, fleet.serving(one)]));
  const fewest = new Map(survivors);
  const watch = () => {
    for (const one of services) {
      fewest.set(one, Math.min(fewest.get(one) ?? 0, fleet.serving(one)));
    }
  };
  const isWhole = until(fleet, fleet.isComplete, readySeconds, watch);
  return {
    lost,
    services: services.map((one) => ({
      ...{ service: one.name, replicas: before.get(one) ?? 0, fewest: fewest.get(one) ?? 0 },
    })),
    awaySeconds: awaySeconds(fleet),
    seconds: isWhole ? fleet.now - start : undefined,
    failures: [
      ...services.flatMap((one) => strengthProblem(one, lost, survivors.get(one), fewest.get(one))),
      ...(isWhole ? [] : [late(fleet, readySeconds)]),
      ...balancerProblem(fleet.world),
      ...disrupted(fleet, start),
    ],
  };
}

function strengthProblem(
  { name, replicas }: Workload,
  lost: string,
  survivors = 0,
  fewest = 0,
): string[] {
  if (replicas > 1 && survivors === 0) return [`all ${replicas} pods of ${name} were in ${lost}`];
  return fewest < survivors
    ? [`${fewest} pods of ${name} answered, and ${survivors} had survived the loss of ${lost}`]
    : [];
}

/** A target that does not answer is unhealthy after so many checks, of which the last one times out. */
function awaySeconds({ world, workloads }: Fleet): number {
  const served = workloads.filter(({ serves }) => serves).map(({ name }) => name);
  const ingresses = world
    .live(ingressType)
    .filter(({ outputs }) => served.includes(outputs.metadata?.namespace));
  const seconds = ingresses.map(({ inputs }) => {
    const of = (name: string, otherwise: number) => Number(annotation(inputs, name) ?? otherwise);
    const interval = of("healthcheck-interval-seconds", 15);
    return of("unhealthy-threshold-count", 2) * interval + of("healthcheck-timeout-seconds", 5);
  });
  return Math.max(0, ...seconds);
}

function balancerProblem(world: World): string[] {
  return world.live(ingressType).flatMap((ingress) => {
    const subnets = balancerSubnets(world, ingress);
    if (typeof subnets === "string" || subnets.some(({ id }) => !world.isLost(id))) return [];
    return [`the load balancer of ${ingress.name} has no subnet left`];
  });
}

/** Which pods are not ready, and what controllers say of them. */
function late(fleet: Fleet, seconds: number): string {
  const short = fleet.workloads
    .filter((one) => one.priority >= 0 && fleet.serving(one) < one.replicas)
    .map((one) => `${one.name} has ${fleet.serving(one)} of ${one.replicas} pods`);
  return `after ${seconds / 60} minutes ${short.join(", ")}${words(fleet)}`;
}

/** What controllers said in the last minute. */
const words = (fleet: Fleet): string =>
  fleet
    .eventsSince(fleet.now - 60)
    .map(({ reason, message }) => `; ${reason}: ${message}`)
    .join("");

const disrupted = (fleet: Fleet, from: number): string[] =>
  fleet
    .eventsSince(from)
    .filter(({ reason }) => reason === "Disrupted")
    .map(({ about, message }) => `a pod of ${about} ${message}`);
