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
function podsLeft({
  types,
  zones,
  sizes,
  scaled,
  started,
  addons,
  services,
  rest,
}: Placement): Left[] {
  const nodes = outside(sizes.desiredSize, zones);
  const room = smallestRoom(types, addons);
  const stay = `${nodes} of ${sizes.desiredSize} stay`;
  const ofCluster = rest.filter((one) => !services.includes(one));
  const onGroup = started ? ofCluster : rest;
  if (!room) return [{ of: "nodes", what: `${stay}; NOT CHECKED what fits on them` }];
  const where = { room, zones: zones - 1 };
  const waiting = withoutRoom(onGroup, { ...where, nodes });
  const needed =
    waiting.length > 0 ? nodesFor(onGroup, { ...where, atLeast: nodes, atMost: mostNodes }) : nodes;
  const more = needed === undefined ? undefined : needed - nodes;
  const place = (pods: Pods): string => {
    const without = waiting.find(({ name }) => name === pods.name)?.count ?? 0;
    if (started && services.includes(pods)) return "the others wait for nodes of Karpenter's";
    if (without === 0) return "the others fit on the nodes that stay";
    return scaled
      ? `${without} of the others wait for a node of the autoscaler's`
      : `WARNING: ${without} of the others find no room, and nothing adds nodes`;
  };
  return [
    {
      of: "nodes",
      what: [
        `${stay}${started ? ", of the managed group" : ""}`,
        ...(more === undefined ? ["WARNING: no number of nodes holds all pods at rest"] : []),
        ...(more ? [`all pods at rest need ${counted(more, "node")} more`] : []),
      ].join("; "),
    },
    ...services.map((pods) => {
      const left = outside(pods.count, zones);
      const lost = pods.count - left;
      return {
        of: pods.name,
        what: `${left} of ${counted(pods.count, "pod")} ${left === 1 ? "stays" : "stay"}${left === 0 ? " (WARNING: it is away until a pod starts elsewhere)" : ""}; ${lost > 0 ? place(pods) : "nothing is lost"}`,
      };
    }),
    {
      of: "add-ons",
      what: ofCluster.some(({ name }) => waiting.some((one) => one.name === name))
        ? scaled
          ? "some wait for a node of the autoscaler's"
          : "WARNING: some find no room, and nothing adds nodes"
        : "fit on the nodes that stay",
    },
  ];
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
