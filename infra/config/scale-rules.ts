import {
  fits,
  mostNodes,
  type NodePool,
  nodesFor,
  type Pods,
  type Room,
  smallestRoom,
  withoutRoom,
} from "../cluster/capacity.ts";
import { instanceType, isSubstitute } from "../cluster/instance-types.ts";
import { type GroupSettings, groupSettings, nodeGroupPlans } from "../cluster/node-groups.ts";
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

/** What decides whether pods have room. */
export const placedSlices = [
  ...addonSlices,
  "environment",
  "network",
  "autoscaler",
  "pullRequests",
] as const;

/** What the settings say of each managed group. */
export const groupsOf = (settings: Pick<Settings, "environment" | "nodes">): GroupSettings[] =>
  groupSettings({ ...settings.nodes, capacityType: capacityTypeOf(settings) });

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
  rule(["environment", "nodes"], (settings) =>
    groupsOf(settings).map(
      ({ at, capacityType, instanceTypes }) =>
        capacityType === "SPOT" &&
        new Set(instanceTypes).size < 2 &&
        `${at}.instanceTypes: ${instanceTypes.join(", ")} is not enough for ${at}.capacityType SPOT: at least 2 types, or one that AWS runs out of takes all nodes`,
    ),
  ),
  rule(["environment", "nodes"], ({ environment, nodes: { capacityType } }) => [
    environment === "production" &&
      capacityType === "SPOT" &&
      "nodes.capacityType: SPOT is not allowed in production: all nodes are Spot then, and none is left when AWS has none",
  ]),
  rule(["environment", "nodes", "autoscaler"], ({ autoscaler, ...settings }) =>
    groupsOf(settings).flatMap(({ at, instanceTypes: [first = "", ...others], capacityType }) => {
      const spot = capacityType === "SPOT";
      const one = instanceType(first);
      return others
        .filter((type) => {
          const other = instanceType(type);
          return autoscaler.enabled && one && other && !isSubstitute(one, other, spot);
        })
        .map((type) =>
          spot
            ? `${at}.instanceTypes: ${type} has less vCPUs or memory than ${first}, and the autoscaler takes every node for one of the first type`
            : `${at}.instanceTypes: ${type} has not the vCPUs and memory of ${first}, and the autoscaler takes every node for one of the first type`,
        );
    }),
  ),
  perService(["environment", "nodes", "ingress"], (at, service, settings) => {
    const { terminationGracePeriodSeconds } = clockOf(service, settings.ingress);
    const ends = `${at}.drainSeconds: ${service.drainSeconds} with ${at}.requestTimeoutSeconds ${service.requestTimeoutSeconds} gives a pod ${terminationGracePeriodSeconds} seconds to end`;
    const spot = service.onDemandOnly ? undefined : spotSetting(settings);
    return [
      spot !== undefined &&
        terminationGracePeriodSeconds > nodeDeadlines.spotNotice &&
        `${ends}, but ${spot.setting} at most ${nodeDeadlines.spotNotice}; allowed: shorter times, or ${spot.instead}${spot.mixed ? `, or ${at}.onDemandOnly true` : ""}`,
      terminationGracePeriodSeconds > nodeDeadlines.nodeUpdate &&
        `${ends}, but an update of a node at most ${nodeDeadlines.nodeUpdate}; allowed: shorter times`,
    ];
  }),
  rule([...addonSlices, "environment"], (settings) => {
    const started = startedBy(settings.nodes);
    const addons = addonsOf(settings);
    // Karpenter starts a node of the type that a pod needs; a group starts one of any of its types.
    const kinds = started
      ? roomsOfStarted(started.instanceTypes, addons).map((room) => ({
          ...{ at: started.at, instanceTypes: started.instanceTypes, room },
          capacityType: "ON_DEMAND",
        }))
      : groupsOf(settings).map(({ at, instanceTypes, capacityType }) => ({
          ...{ at, instanceTypes, capacityType },
          room: smallestRoom(instanceTypes, addons),
        }));
    return (["services", "jobs"] as const).flatMap((kind) =>
      Object.entries<ServiceConfig | JobConfig>(settings[kind]).map(([name, workload]) => {
        const size = podSize(workload);
        const open = kinds.filter(
          ({ capacityType }) => !(workload.onDemandOnly && capacityType === "SPOT"),
        );
        const known = open.flatMap(({ room, ...group }) => (room ? [{ ...group, room }] : []));
        const [most] = known.toSorted((a, b) => b.room.cpuMillicores - a.room.cpuMillicores);
        return (
          most !== undefined &&
          known.length === open.length &&
          !known.some(({ room }) => fits(size, room)) &&
          `${kind}.${name}: ${requestOf(size)} for a pod are more than a node has left: ${requestOf(most.room)} with ${most.at}.instanceTypes ${most.instanceTypes.join(", ")}`
        );
      }),
    );
  }),
  rule([...placedSlices], (settings) => {
    if (settings.nodes.kind === "auto") return [];
    const { own, ofCluster, spare } = podsAtMost(settings);
    const pools = poolsOf(settings);
    const byDemand = startedBy(settings.nodes) !== undefined;
    const held = (one: Pods) =>
      pools?.some(({ pool }) => !(one.onDemand && pool.spot) && fits(one, pool.room));
    // A service or a job that is larger than a node is refused by the rule above.
    if (!pools || !(byDemand || own.every(held))) return [];
    const pods = byDemand ? ofCluster : [...own, ...ofCluster, ...spare];
    return [tooFewNodes(settings, pods, pools)];
  }),
  // Of a network that is there already, AWS is asked (existing-network.ts).
  rule([...endpointSlices, "nodes", "environment", "cluster"], (settings) => {
    const { network, nodes } = settings;
    const { podAddresses } = settings.cluster;
    if (network.existing) return [];
    const zones = network.zones.length;
    const started = startedBy(nodes);
    const managed = { ...nodes, capacityType: capacityTypeOf(settings) };
    const { each, others, needed } = addressesNeeded(nodeGroupPlans(managed, zones), {
      ...{ zones, started, podAddresses },
      interfaceEndpoints: interfaceEndpoints(settings).length,
    });
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

/** What decides how many addresses a group takes of each of its subnets. */
interface Addressed {
  instanceTypes: string[];
  maxSize: number;
  /** Instances that wait have addresses too. @default none */
  warmPool?: { size: number } | undefined;
  /** What tells its subnets from those of others. */
  zones: (number | string)[];
}

/**
 * Addresses of the private subnet that has the least left: of each node of the first group, of all that is
 * none of its nodes, and of all together at most.
 */
export function addressesNeeded(
  groups: Addressed[],
  of: {
    zones: number;
    interfaceEndpoints: number;
    started: StartedAddresses | undefined;
    podAddresses: PodAddresses;
    /** Nodes that an upgrade adds to each zone of a group. @default 2 */
    upgradeNodes?: number;
  },
): { each: number; others: number; needed: number } {
  const { upgradeNodes = mostUpgradeNodes, podAddresses } = of;
  const each = (instanceTypes: string[]) =>
    Math.max(
      0,
      ...instanceTypes
        .flatMap((name) => instanceType(name) ?? [])
        .map((type) => addressesOf(type, podAddresses)),
    );
  const inZone = (zone: number | string) =>
    groups
      .filter(({ zones }) => zones.includes(zone))
      .reduce((sum, { instanceTypes, maxSize, warmPool, zones }) => {
        const most = Math.ceil((maxSize + (warmPool?.size ?? 0)) / zones.length);
        return sum + (most + upgradeNodes) * each(instanceTypes);
      }, 0);
  const fullest = Math.max(0, ...groups.flatMap(({ zones }) => zones).map(inZone));
  const lone =
    controlPlaneAddresses +
    of.interfaceEndpoints +
    (podAddresses.prefixDelegation ? otherInterfaces : 0);
  const started = addressesOfStarted(of.started, of.zones, podAddresses);
  const needed = fullest + lone * loneAddress(podAddresses) + started;
  const [first] = groups;
  const ofNode = each(first?.instanceTypes ?? []);
  const ofFirst = first
    ? (Math.ceil(first.maxSize / first.zones.length) + upgradeNodes) * ofNode
    : 0;
  return { each: ofNode, others: needed - ofFirst, needed };
}

/**
 * The setting by which nodes may be Spot instances, which end two minutes after their notice, the one
 * without them, and whether others are on demand.
 */
function spotSetting(
  settings: Pick<Settings, "environment" | "nodes">,
): { setting: string; instead: string; mixed: boolean } | undefined {
  const groups = groupsOf(settings);
  const spot = groups.find(({ capacityType }) => capacityType === "SPOT");
  if (spot)
    return {
      setting: `${spot.at}.capacityType SPOT`,
      instead: `${spot.at}.capacityType ON_DEMAND`,
      mixed: groups.some(({ capacityType }) => capacityType === "ON_DEMAND"),
    };
  const started = startedBy(settings.nodes);
  return started?.capacityTypes.includes("spot")
    ? {
        setting: `${started.at}.capacityTypes spot`,
        instead: `${started.at}.capacityTypes on-demand`,
        mixed: started.capacityTypes.includes("on-demand"),
      }
    : undefined;
}

type Placed = Pick<Settings, (typeof placedSlices)[number]>;

/** A rollout in 1, 2, 3, 4, 5 and 10 steps. */
const shares = [100, 50, 34, 25, 20, 10].map((percent) => `${percent}%`);

/**
 * The services, each with the pods that a rollout of it adds: its own setting, else the largest of these
 * shares of `maxReplicas` for which all pods at their most have room, every service in a rollout at once.
 * It is a number, so that fewer pods than that change in one step. One where the nodes' room is not known.
 */
export function withSurge(settings: Placed): Settings["services"] {
  const pools = poolsOf(settings);
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
    return pools !== undefined && !tooFewNodes(settings, [...own, ...ofCluster, ...spare], pools);
  };
  return shares.map(at).find(holds) ?? at(undefined);
}

/** A group at its largest, with the setting that says how large that is. */
interface LargestGroup {
  key: string;
  pool: NodePool;
}

/** The groups at their largest; undefined where the room of a node of one is not known. */
export function poolsOf(
  settings: Pick<Settings, "environment" | "nodes" | "network" | "autoscaler"> &
    Parameters<typeof addonsOf>[0],
): LargestGroup[] | undefined {
  const { network, autoscaler } = settings;
  const pools = groupsOf(settings).flatMap((group): LargestGroup[] => {
    const { at, instanceTypes, capacityType } = group;
    const room = smallestRoom(instanceTypes, addonsOf(settings));
    const key = autoscaler.enabled ? "maxSize" : "desiredSize";
    const [nodes, zones] = [group[key], network.zones.length];
    return room
      ? [{ key: `${at}.${key}`, pool: { room, nodes, zones, spot: capacityType === "SPOT" } }]
      : [];
  });
  return pools.length === groupsOf(settings).length ? pools : undefined;
}

/** What is wrong when the pods find no room on the most nodes there can be. */
function tooFewNodes(
  { nodes, autoscaler }: Pick<Settings, "nodes" | "autoscaler">,
  pods: Pods[],
  groups: LargestGroup[],
): string | false {
  const left = withoutRoom(
    pods,
    groups.map(({ pool }) => pool),
  );
  const [first] = groups;
  if (left.length === 0 || !first) return false;
  const larger = groups.map((group) => {
    const beside = groups.filter((one) => one !== group).map(({ pool }) => pool);
    const bounds = { atLeast: group.pool.nodes, atMost: mostNodes };
    return { ...group, enough: nodesFor(pods, { ...group.pool, ...bounds, beside }) };
  });
  const { key, pool, enough } = larger.find((one) => one.enough !== undefined) ?? {
    ...first,
    enough: undefined,
  };
  const whose = left.map(
    ({ name, count }) => `${count} of ${pods.find((one) => one.name === name)?.count} ${name}`,
  );
  const scaled = autoscaler.enabled ? "" : " (autoscaler.enabled is false: nothing adds nodes)";
  return `${key}: ${pool.nodes}${scaled} is too few for all pods${startedBy(nodes) ? " of add-ons" : ""} at their most: no room for ${few(whose)}; allowed: ${enough ? `at least ${enough}` : "fewer or smaller pods"}`;
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
const mostUpgradeNodes = 2;
const nodesOfAll = (nodesOfZone: number, zones: number) => (nodesOfZone - mostUpgradeNodes) * zones;

/** Of one private subnet, which is a sixteenth of the VPC (network.ts). */
export function privateAddresses(
  { cidrBlock }: Pick<NetworkConfig, "cidrBlock">,
  { prefixDelegation }: Pick<PodAddresses, "prefixDelegation">,
): number {
  const reserved = prefixDelegation ? 2 * prefixSize : reservedAddresses;
  return 2 ** (28 - Number(cidrBlock.split("/")[1])) - reserved;
}
