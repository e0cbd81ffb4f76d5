import {
  fits,
  mostNodes,
  nodesFor,
  type Pods,
  type Room,
  smallestRoom,
  withoutRoom,
} from "../cluster/capacity.ts";
import { instanceType, isSubstitute } from "../cluster/instance-types.ts";
import {
  addressesOf,
  loneAddress,
  type PodAddresses,
  prefixSize,
} from "../cluster/pod-addresses.ts";
import {
  addressesOfStarted,
  roomsOfStarted,
  type StartedAddresses,
  startedBy,
} from "../cluster/started-nodes.ts";
import { interfaceEndpoints } from "../network/needed-endpoints.ts";
import { clockOf } from "../services/clock.ts";
import { nodeDeadlines } from "../services/drain.ts";
import { podSize } from "../services/pod-size.ts";
import { surgeOf } from "../services/rollout.ts";
import { limitsOfPods } from "./karpenter-rules.ts";
import { addonSlices, addonsOf, podsAtMost } from "./pods-at-most.ts";
import type { NetworkConfig, NodesConfig, Settings } from "./schema.ts";
import { perService, rule } from "./setting-rule.ts";
import type { JobConfig, ServiceConfig } from "./workload-schema.ts";

/** What decides which interface endpoints there are. */
const endpointSlices = [
  "network",
  "services",
  "jobs",
  "resources",
  "autoscaler",
  "insights",
  "cluster",
] as const;
/**
 * `nodes.capacityType`; where it is not set, Spot in development, where nodes may be away for a while, if
 * Spot has types to choose from. Karpenter's controller needs nodes that stay.
 */
export function capacityTypeOf({
  environment,
  nodes: { kind, capacityType, instanceTypes },
}: Pick<Settings, "environment" | "nodes">): NodesConfig["capacityType"] {
  const types = new Set(instanceTypes).size;
  const spot = environment === "development" && kind === "managed" && types > 1;
  return capacityType ?? (spot ? "SPOT" : "ON_DEMAND");
}

/** Rules by which the numbers of nodes, pods, addresses and seconds fit together. */
export const scaleRules = [
  rule(["autoscaler", "nodes"], ({ autoscaler: { enabled, spareCapacity }, nodes }) => [
    spareCapacity.replicas > 0 &&
      !enabled &&
      nodes.kind === "managed" &&
      `autoscaler.spareCapacity.replicas: ${spareCapacity.replicas} needs autoscaler.enabled: only the autoscaler adds a node when these pods give way`,
  ]),
  rule(["autoscaler", "services", "jobs"], ({ autoscaler: { spareCapacity }, ...kinds }) =>
    (["services", "jobs"] as const).map(
      (kind) =>
        spareCapacity.replicas > 0 &&
        "spare-capacity" in kinds[kind] &&
        `${kind}.spare-capacity: is not allowed with autoscaler.spareCapacity, whose namespace has that name`,
    ),
  ),
  rule(["nodes"], ({ nodes: { capacityType, instanceTypes } }) => [
    capacityType === "SPOT" &&
      new Set(instanceTypes).size < 2 &&
      `nodes.instanceTypes: ${instanceTypes.join(", ")} is not enough for nodes.capacityType SPOT: at least 2 types, or one that AWS runs out of takes all nodes`,
  ]),
  rule(["environment", "nodes"], ({ environment, nodes: { capacityType } }) => [
    environment === "production" &&
      capacityType === "SPOT" &&
      "nodes.capacityType: SPOT is not allowed in production: all nodes are Spot then, and none is left when AWS has none",
  ]),
  rule(["environment", "nodes", "autoscaler"], ({ environment, nodes, autoscaler }) => {
    const [first = "", ...others] = nodes.instanceTypes;
    const spot = capacityTypeOf({ environment, nodes }) === "SPOT";
    const one = instanceType(first);
    return others
      .filter((type) => {
        const other = instanceType(type);
        return autoscaler.enabled && one && other && !isSubstitute(one, other, spot);
      })
      .map((type) =>
        spot
          ? `nodes.instanceTypes: ${type} has less vCPUs or memory than ${first}, and the autoscaler takes every node for one of the first type`
          : `nodes.instanceTypes: ${type} has not the vCPUs and memory of ${first}, and the autoscaler takes every node for one of the first type`,
      );
  }),
  perService(["environment", "nodes", "ingress"], (at, service, settings) => {
    const { terminationGracePeriodSeconds } = clockOf(service, settings.ingress);
    const ends = `${at}.drainSeconds: ${service.drainSeconds} with ${at}.requestTimeoutSeconds ${service.requestTimeoutSeconds} gives a pod ${terminationGracePeriodSeconds} seconds to end`;
    const spot = spotSetting(settings);
    return [
      spot !== undefined &&
        terminationGracePeriodSeconds > nodeDeadlines.spotNotice &&
        `${ends}, but ${spot.setting} at most ${nodeDeadlines.spotNotice}; allowed: shorter times, or ${spot.instead}`,
      terminationGracePeriodSeconds > nodeDeadlines.nodeUpdate &&
        `${ends}, but an update of a node at most ${nodeDeadlines.nodeUpdate}; allowed: shorter times`,
    ];
  }),
  rule([...addonSlices], (settings) => {
    const started = startedBy(settings.nodes);
    const { at = "nodes", instanceTypes } = started ?? { ...settings.nodes, at: undefined };
    const addons = addonsOf(settings);
    // Karpenter starts a node of the type that a pod needs; a group starts one of any of its types.
    const rooms = started
      ? roomsOfStarted(instanceTypes, addons)
      : [smallestRoom(instanceTypes, addons)];
    const known = rooms.filter((room) => room !== undefined);
    const [room] = known.toSorted((a, b) => b.cpuMillicores - a.cpuMillicores);
    return (["services", "jobs"] as const).flatMap((kind) =>
      Object.entries<ServiceConfig | JobConfig>(settings[kind]).map(([name, workload]) => {
        const size = podSize(workload);
        return (
          room !== undefined &&
          known.length === rooms.length &&
          !known.some((one) => fits(size, one)) &&
          `${kind}.${name}: ${requestOf(size)} for a pod are more than a node has left: ${requestOf(room)} with ${at}.instanceTypes ${instanceTypes.join(", ")}`
        );
      }),
    );
  }),
  rule([...addonSlices, "network", "autoscaler", "pullRequests"], (settings) => {
    if (settings.nodes.kind === "auto") return [];
    const room = smallestRoom(settings.nodes.instanceTypes, addonsOf(settings));
    const { own, ofCluster, spare } = podsAtMost(settings);
    const byDemand = startedBy(settings.nodes) !== undefined;
    // A service or a job that is larger than a node is refused by the rule above.
    if (!room || !(byDemand || own.every((one) => fits(one, room)))) return [];
    const pods = byDemand ? ofCluster : [...own, ...ofCluster, ...spare];
    return [tooFewNodes(settings, pods, room)];
  }),
  // Of a network that is there already, AWS is asked (existing-network.ts).
  rule([...endpointSlices, "nodes", "cluster"], (settings) => {
    const { network, nodes } = settings;
    const { podAddresses } = settings.cluster;
    if (network.existing) return [];
    const zones = network.zones.length;
    const endpoints = interfaceEndpoints(settings).length;
    const started = startedBy(nodes);
    const { each, others, needed } = addressesNeeded(
      { ...nodes, started, podAddresses },
      zones,
      endpoints,
    );
    const there = privateAddresses(network, podAddresses);
    if (nodes.auto) {
      return [
        needed > there &&
          `nodes.auto.cpuLimit: ${nodes.auto.cpuLimit} vCPUs and nodes.auto.memoryLimitGiB ${nodes.auto.memoryLimitGiB} need ${needed} addresses in a private subnet, but with network.cidrBlock ${network.cidrBlock} it has ${there}; allowed: lower limits, or a larger network`,
      ];
    }
    const most = nodesOfAll(Math.floor((there - others) / each), zones);
    return [
      needed > there &&
        `nodes.maxSize: ${nodes.maxSize} needs ${needed} addresses in a private subnet (${each} a node, ${others} for AWS${started ? " and for Karpenter's nodes" : ""}${podAddresses.prefixDelegation ? ", in prefixes of 16" : ""}), but with network.cidrBlock ${network.cidrBlock} it has ${there}; allowed: ${most > 0 ? `at most ${most}` : "a larger network"}`,
    ];
  }),
];

/** Addresses of a private subnet: of each node, of all that is no node, and of all together at most. */
export function addressesNeeded(
  {
    instanceTypes,
    maxSize,
    started,
    podAddresses,
  }: Pick<NodesConfig, "instanceTypes" | "maxSize"> & {
    started: StartedAddresses | undefined;
    podAddresses: PodAddresses;
  },
  zones: number,
  interfaceEndpoints: number,
): { each: number; others: number; needed: number } {
  const types = instanceTypes.map(instanceType).filter((type) => type !== undefined);
  const each = Math.max(0, ...types.map((type) => addressesOf(type, podAddresses)));
  const lone =
    controlPlaneAddresses +
    interfaceEndpoints +
    (podAddresses.prefixDelegation ? otherInterfaces : 0);
  const others =
    lone * loneAddress(podAddresses) + addressesOfStarted(started, zones, podAddresses);
  return { each, others, needed: nodesOfZone(maxSize, zones) * each + others };
}

/**
 * The setting by which nodes may be Spot instances, which end two minutes after their notice, and the one
 * without them.
 */
function spotSetting(
  settings: Pick<Settings, "environment" | "nodes">,
): { setting: string; instead: string } | undefined {
  if (capacityTypeOf(settings) === "SPOT")
    return { setting: "nodes.capacityType SPOT", instead: "nodes.capacityType ON_DEMAND" };
  const started = startedBy(settings.nodes);
  return started?.capacityTypes.includes("spot")
    ? {
        setting: `${started.at}.capacityTypes spot`,
        instead: `${started.at}.capacityTypes on-demand`,
      }
    : undefined;
}

type Placed = Pick<
  Settings,
  (typeof addonSlices)[number] | "network" | "autoscaler" | "pullRequests"
>;

/** A rollout in 1, 2, 3, 4, 5 and 10 steps. */
const shares = [100, 50, 34, 25, 20, 10].map((percent) => `${percent}%`);

/**
 * The services, each with the pods that a rollout of it adds: its own setting, else the largest of these
 * shares of `maxReplicas` for which all pods at their most have room, every service in a rollout at once.
 * It is a number, so that fewer pods than that change in one step. One where the nodes' room is not known.
 */
export function withSurge(settings: Placed): Settings["services"] {
  const room = smallestRoom(settings.nodes.instanceTypes, addonsOf(settings));
  const at = (share: string | undefined) =>
    Object.fromEntries(
      Object.entries(settings.services).map(([name, service]) => {
        const { maxReplicas, maxSurge = share && surgeOf(share, maxReplicas) } = service;
        return [name, { ...service, maxSurge: maxSurge ?? 1 }];
      }),
    );
  const holds = (services: Settings["services"]) => {
    if (startedBy(settings.nodes)) return limitsOfPods({ ...settings, services })?.enough === true;
    const { own, ofCluster, spare } = podsAtMost({ ...settings, services });
    return room !== undefined && !tooFewNodes(settings, [...own, ...ofCluster, ...spare], room);
  };
  return shares.map(at).find(holds) ?? at(undefined);
}

/** What is wrong when the pods find no room on the most nodes there can be. */
function tooFewNodes(
  { network, nodes, autoscaler }: Pick<Settings, "network" | "nodes" | "autoscaler">,
  pods: Pods[],
  room: Room,
): string | false {
  const zones = network.zones.length;
  const [key, size] = autoscaler.enabled
    ? (["maxSize", nodes.maxSize] as const)
    : (["desiredSize", nodes.desiredSize ?? nodes.minSize] as const);
  const left = withoutRoom(pods, { room, nodes: size, zones });
  if (left.length === 0) return false;
  const enough = nodesFor(pods, { room, zones, atLeast: size, atMost: mostNodes });
  const whose = left.map(
    ({ name, count }) => `${count} of ${pods.find((one) => one.name === name)?.count} ${name}`,
  );
  const scaled = autoscaler.enabled ? "" : " (autoscaler.enabled is false: nothing adds nodes)";
  return `nodes.${key}: ${size}${scaled} is too few for all pods${startedBy(nodes) ? " of add-ons" : ""} at their most: no room for ${few(whose)}; allowed: ${enough ? `at least ${enough}` : "fewer or smaller pods"}`;
}

const few = (names: string[]) =>
  [...names.slice(0, 3), ...(names.length > 3 ? [`${names.length - 3} more`] : [])].join(", ");

const requestOf = ({ cpuMillicores, memoryMiB }: Pick<Room, "cpuMillicores" | "memoryMiB">) =>
  `${cpuMillicores} millicores and ${memoryMiB} MiB`;

/** EKS asks for six free addresses in each subnet that it is given, for its own interfaces. */
const controlPlaneAddresses = 6;
/** AWS keeps five of each subnet to itself, the first four and the last: no prefix is in either /28. */
const reservedAddresses = 5;
/** Databases, caches, mount targets and an internal load balancer, each of which may be in a /28 of its own. */
const otherInterfaces = 16;

/** Nodes that an upgrade of the group adds to each zone at most. */
const upgradeNodes = 2;
const nodesOfZone = (nodes: number, zones: number) => Math.ceil(nodes / zones) + upgradeNodes;
const nodesOfAll = (nodesOfZone: number, zones: number) => (nodesOfZone - upgradeNodes) * zones;

/** Of one private subnet, which is a sixteenth of the VPC (network.ts). */
export function privateAddresses(
  { cidrBlock }: Pick<NetworkConfig, "cidrBlock">,
  { prefixDelegation }: Pick<PodAddresses, "prefixDelegation">,
): number {
  const reserved = prefixDelegation ? 2 * prefixSize : reservedAddresses;
  return 2 ** (28 - Number(cidrBlock.split("/")[1])) - reserved;
}
