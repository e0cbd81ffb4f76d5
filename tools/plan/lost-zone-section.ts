import {
  mostNodes,
  nodesFor,
  type Pods,
  smallestRoom,
  withoutRoom,
} from "../../infra/cluster/capacity.ts";
import type { Resource } from "../graph/resource.ts";
import { type Placement, placementOf } from "./capacity-section.ts";

/** A part of the stack, and what is left of it without one of its zones. */
export interface Left {
  of: string;
  what: string;
}

/**
 * What the stack bears when a zone is lost, by its plan: at rest, the zone with the most nodes and pods lost.
 * Pods are taken as spread evenly, as their constraints ask but do not demand. Empty without a node group.
 */
export function lostZoneOf(resources: Resource[]): Left[] {
  const placement = placementOf(resources);
  if (!placement) return [];
  return [
    ...podsLeft(placement),
    { of: "balancer", what: `answers in ${placement.zones - 1} of ${placement.zones} zones` },
    ...wayOutLeft(resources),
    ...dataLeft(resources),
  ];
}

/** Of so many, evenly over the zones, those outside the zone with the most. */
const outside = (count: number, zones: number) => count - Math.ceil(count / zones);

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;

/** The nodes that stay, and for each service, at its fewest replicas, whether the pods of the zone fit on them. */
function podsLeft(placement: Placement): Left[] {
  const { zones, scaled, started, services, rest } = placement;
  const ofCluster = rest.filter((one) => !services.includes(one));
  const byStarted = started && `wait for nodes of ${started.by}'s`;
  const onStarted = !started ? [] : started.by === "EKS Auto Mode" ? rest : services;
  const { what, waiting } = groupsLeft(
    placement,
    rest.filter((one) => !onStarted.includes(one)),
  );
  if (!waiting) return [{ of: "nodes", what }];
  const place = (pods: Pods): string => {
    const without = waiting.find(({ name }) => name === pods.name)?.count ?? 0;
    if (onStarted.includes(pods)) return `the others ${byStarted}`;
    if (without === 0) return "the others fit on the nodes that stay";
    return scaled
      ? `${without} of the others wait for a node of the autoscaler's`
      : `WARNING: ${without} of the others find no room, and nothing adds nodes`;
  };
  const addons = (): string => {
    if (ofCluster.some((one) => onStarted.includes(one))) return `some ${byStarted}`;
    if (!ofCluster.some(({ name }) => waiting.some((one) => one.name === name)))
      return "fit on the nodes that stay";
    return scaled
      ? "some wait for a node of the autoscaler's"
      : "WARNING: some find no room, and nothing adds nodes";
  };
  return [
    { of: "nodes", what },
    ...services.map((pods) => {
      const left = outside(pods.count, zones);
      const lost = pods.count - left;
      return {
        of: pods.name,
        what: `${left} of ${counted(pods.count, "pod")} ${left === 1 ? "stays" : "stay"}${left === 0 ? " (WARNING: it is away until a pod starts elsewhere)" : ""}; ${lost > 0 ? place(pods) : "nothing is lost"}`,
      };
    }),
    { of: "add-ons", what: addons() },
  ];
}

/** What stays of the managed groups, and which of their pods find no room there, where that is known. */
function groupsLeft(
  { others, started, addons, ...group }: Placement,
  pods: Pods[],
): { what: string; waiting?: Pods[] } {
  if (started?.by === "EKS Auto Mode") {
    return { what: "those of EKS Auto Mode in the zone are lost", waiting: [] };
  }
  const kinds = [group, ...others].map(({ types, zones, sizes: { desiredSize: now }, spot }) => ({
    ...{ types, now, spot, zones: zones - 1, nodes: outside(now, zones) },
    room: smallestRoom(types, addons),
  }));
  const sum = (of: "now" | "nodes") => kinds.reduce((total, kind) => total + kind[of], 0);
  const each = kinds.map(
    ({ nodes, now, spot }) => `${nodes} of ${now} ${spot ? "on Spot" : "on demand"}`,
  );
  const stay = `${sum("nodes")} of ${sum("now")} stay${others.length > 0 ? ` (${each.join(", ")})` : ""}${started ? ", of the managed group" : ""}`;
  const pools = kinds.flatMap(({ room, ...kind }) => (room ? [{ ...kind, room }] : []));
  // On-demand nodes hold all pods.
  const grown = pools.find(({ spot }) => !spot) ?? pools[0];
  if (!grown || pools.length < kinds.length) {
    return { what: `${stay}; NOT CHECKED what fits on them` };
  }
  const waiting = withoutRoom(pods, pools);
  const beside = pools.filter((one) => one !== grown);
  const needed =
    waiting.length > 0
      ? nodesFor(pods, { ...grown, atLeast: grown.nodes, atMost: mostNodes, beside })
      : grown.nodes;
  if (needed === undefined) {
    return { what: `${stay}; WARNING: no number of nodes holds all pods at rest`, waiting };
  }
  const more = needed - grown.nodes;
  const ofTypes = others.length > 0 ? `, of ${grown.types.join(", ")}` : "";
  return {
    what: more ? `${stay}; all pods at rest need ${counted(more, "node")} more${ofTypes}` : stay,
    waiting,
  };
}

function wayOutLeft(resources: Resource[]): Left[] {
  const vpc = resources.find(({ type }) => type === "awsx:ec2:Vpc");
  const gateways = resources.filter(({ type }) => type === "aws:ec2/natGateway:NatGateway").length;
  const instance = resources.some(({ type }) => type === "aws:autoscaling/group:Group");
  const one = (what: string) =>
    `WARNING: the one ${what} is in the first of network.zones; with that zone no zone gets out`;
  const what = !vpc
    ? "of the owner of the network"
    : gateways > 1
      ? "each zone has a NAT gateway of its own"
      : gateways === 1
        ? one("NAT gateway")
        : instance
          ? one("NAT instance")
          : "there is none; each zone has its endpoints";
  return [{ of: "way out", what }];
}

/** Aurora and ElastiCache keep their data in several zones, Amazon EFS in each zone of the region. */
function dataLeft(resources: Resource[]): Left[] {
  const of = (type: string) => resources.filter((one) => one.type === type);
  const instances = of("aws:rds/clusterInstance:ClusterInstance");
  return [
    ...of("aws:rds/cluster:Cluster").map(({ name, inputs }) => {
      const count = instances.filter(
        (one) => one.inputs.clusterIdentifier === inputs.clusterIdentifier,
      ).length;
      return {
        of: name,
        what:
          count > 1
            ? "fails over to its instance in another zone, in a minute"
            : "WARNING: its one instance is made anew in another zone, in about ten minutes",
      };
    }),
    ...of("aws:elasticache/serverlessCache:ServerlessCache").map(({ name }) => ({
      of: name,
      what: "goes on in another zone",
    })),
    ...of("aws:efs/fileSystem:FileSystem").map(({ name }) => ({
      of: name,
      what: "is reached by the mount targets of the other zones",
    })),
  ];
}
