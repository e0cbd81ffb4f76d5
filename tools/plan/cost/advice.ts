import {
  mostNodes,
  nodesFor,
  type OptionalAddons,
  type Pods,
  type Room,
  smallestRoom,
  withoutRoom,
} from "../../../infra/cluster/capacity.ts";
import { instanceType } from "../../../infra/cluster/instance-types.ts";
import { architectureOf } from "../../../infra/config/known-names.ts";
import { nodePrice } from "../../cloud/eks.ts";
import {
  burstBaselines,
  instanceFamilies,
  instanceSizes,
  monthly,
  prices,
  spotSavings,
} from "../../cloud/prices.ts";
import { evaluate, projectFolder } from "../../graph/evaluate.ts";
import { PlanError } from "../../graph/plan-error.ts";
import type { Properties } from "../../graph/resource.ts";
import { type Settings, settingsOf } from "../../graph/stack-settings.ts";
import { type Placement, placementOf } from "../capacity-section.ts";
import { policyViolations } from "../violations.ts";
import { costOf } from "./cost.ts";

/** Settings with which the same pods cost less. */
interface Change {
  /** By their keys, as docs/configuration.md has them. */
  settings: Record<string, unknown>;
  /** What the stack has no longer, in words. */
  lost: string[];
}

/** A change that the plan takes, in US dollars a month. */
export interface Proposal extends Change {
  monthly: number;
  /** With Spot as dear as on demand. */
  ceiling: number;
  saves: number;
}

/** What a stack costs, and how it would cost less; the largest saving first. */
export interface Advice {
  stack: string;
  monthly: number;
  ceiling: number;
  proposals: Proposal[];
}

/** Below it a saving is not worth a change, in US dollars a month. */
const leastSaving = 1;
/** Changes of the nodes that are proposed at most, each of another kind of instance. */
const mostNodeChanges = 5;

/**
 * What would serve the same pods for less, one change at a time. Zones, the room for a rollout at rest and
 * the room to lose a node stay where they are. Each proposal is a plan of its own that breaks no rule and no
 * mandatory policy. Nothing is proposed for the nodes of several groups.
 *
 * @throws {PlanError} if the stack has no plan
 */
export async function adviceFor(stack: string, folder = projectFolder): Promise<Advice> {
  const { resources } = await evaluate(stack, folder);
  const { monthly: now, ceiling } = costOf(resources);
  const slices = slicesOf(settingsOf(stack, folder));
  const placement = placementOf(resources);
  const changes = [
    ...(placement && !placement.started && placement.others.length === 0
      ? nodeChanges(placement, slices)
      : []),
    ...diskChanges(slices),
    ...networkChanges(slices),
  ];
  const proposals: Proposal[] = [];
  for (const change of changes) {
    const cost = await costWith(change, stack, folder);
    if (cost && now - cost.monthly >= leastSaving) {
      proposals.push({ ...change, ...cost, saves: now - cost.monthly });
    }
  }
  return { stack, monthly: now, ceiling, proposals: proposals.sort((a, b) => b.saves - a.saves) };
}

/** What the stack costs with a change; undefined where the plan refuses it. */
async function costWith({ settings }: Change, stack: string, folder: string) {
  try {
    const { resources } = await evaluate(stack, folder, (given) => changed(given, settings));
    const { monthly, ceiling } = costOf(resources);
    const refused = policyViolations(resources).some(({ level }) => level === "mandatory");
    return refused ? undefined : { monthly, ceiling };
  } catch (error) {
    if (error instanceof PlanError) return undefined;
    throw error;
  }
}

function changed(given: Settings, settings: Change["settings"]): Settings {
  const config = { ...given.config };
  for (const [key, value] of Object.entries(settings)) {
    const [slice = "", ...path] = key.split(".");
    const at = `${given.project}:${slice}`;
    config[at] = JSON.stringify(withValue(JSON.parse(config[at] ?? "{}"), path, value));
  }
  return { ...given, config };
}

function withValue(of: Properties, [name = "", ...path]: string[], value: unknown): Properties {
  return { ...of, [name]: path.length > 0 ? withValue(of[name] ?? {}, path, value) : value };
}

type Slices = Record<"nodes" | "network", Properties> & { development: boolean };

function slicesOf({ project, config }: Settings): Slices {
  const slice = (name: string) => JSON.parse(config[`${project}:${name}`] ?? "{}");
  return {
    nodes: slice("nodes"),
    network: slice("network"),
    development: config[`${project}:environment`] !== "production",
  };
}

/** Nodes that a group may consist of at rest. */
interface Nodes {
  types: string[];
  spot: boolean;
  addons: OptionalAddons;
  count: number;
  /** The least that one of them has. */
  room: Room;
  /** US dollars a month, with their disks. */
  cost: number;
}

/** @returns the cheapest that are no worse than each other in all that they have */
function nodeChanges(placement: Placement, { nodes, development }: Slices): Change[] {
  const { types, spot, sizes } = placement;
  const now = nodesOf(placement, types, spot, sizes.desiredSize, nodes);
  if (!now) return [];
  const prefixes = nodes.operatingSystem === "bottlerocket" ? "all" : "few";
  const more = placement.addons.prefixes
    ? []
    : [{ types, spot, addons: { ...placement.addons, prefixes } as const }];
  const cheaper = [...choicesOf(placement, nodes.architecture ?? "arm64", development), ...more]
    .flatMap(({ types, spot, addons = placement.addons }) => {
      const choice = { ...placement, addons };
      const count = fewest(placement, choice, types);
      return count === undefined ? [] : (nodesOf(choice, types, spot, count, nodes) ?? []);
    })
    .filter(({ cost }) => now.cost - cost >= leastSaving);
  return cheaper
    .filter((one) => !cheaper.some((other) => other !== one && isBetter(other, one)))
    .sort((a, b) => a.cost - b.cost)
    .slice(0, mostNodeChanges)
    .map((one) => ({
      settings: nodeSettings(placement, one, nodes.capacityType, nodes.desiredSize),
      lost: lostNodes(now, one),
    }));
}

/** The types of now in smaller numbers, each type with a price, and in development each with its next size on Spot. */
function choicesOf(
  { types, spot }: Placement,
  architecture: string,
  development: boolean,
): (Pick<Nodes, "types" | "spot"> & { addons?: OptionalAddons })[] {
  const known = Object.keys(instanceFamilies)
    .filter((family) => architectureOf(family) === architecture)
    .flatMap((family) => Object.keys(instanceSizes).map((size) => `${family}.${size}`))
    .filter((type) => instanceType(type));
  const onSpot = development ? known.filter((type) => spotSavings.percent[type]) : [];
  return [
    { types, spot },
    ...known.map((type) => ({ types: [type], spot: false })),
    ...onSpot.flatMap((type) => {
      const [family, size = ""] = type.split(".");
      const sizes = Object.keys(instanceSizes);
      const larger = `${family}.${sizes[sizes.indexOf(size) + 1]}`;
      return known.includes(larger) ? [{ types: [type, larger], spot: true }] : [];
    }),
  ];
}

function nodesOf(
  { addons }: Placement,
  types: string[],
  spot: boolean,
  count: number,
  { diskSizeGiB = 20 }: Properties,
): Nodes | undefined {
  const room = smallestRoom(types, addons);
  const node = nodePrice(types, spot);
  if (!room || !node) return undefined;
  const disks = { what: "GB of gp3", count: count * diskSizeGiB, price: prices.gp3 };
  return { types, spot, addons, count, room, cost: monthly({ ...node, count }) + monthly(disks) };
}

/**
 * The fewest nodes that hold the pods at rest in as many zones as now, and for a rollout, and that hold them
 * without one of the nodes where those of now do. Without an autoscaler they hold the pods at their most.
 */
function fewest(now: Placement, choice: Placement, types: string[]): number | undefined {
  const { zones, sizes, scaled, rest, least, most } = now;
  const holds = (types: string[], nodes: number, pods: Pods[], { addons } = choice) => {
    const room = smallestRoom(types, addons);
    return room !== undefined && withoutRoom(pods, { room, nodes, zones }).length === 0;
  };
  const losesOne = holds(now.types, sizes.desiredSize - 1, rest, now);
  for (let count = Math.min(zones, sizes.desiredSize); count <= 2 * sizes.maxSize; count++) {
    const atRest = holds(types, count, scaled ? least : most);
    if (atRest && (!losesOne || holds(types, count - 1, rest))) return count;
  }
  return undefined;
}

function nodeSettings(
  { types, sizes, zones, most, scaled, addons }: Placement,
  { count, room, spot, ...now }: Nodes,
  capacityType: string | undefined,
  desiredSize: number | undefined,
): Change["settings"] {
  const kind = spot ? "SPOT" : "ON_DEMAND";
  const atLeast = Math.max(count, sizes.maxSize);
  const maxSize =
    (scaled && nodesFor(most, { room, zones, atLeast, atMost: mostNodes })) || atLeast;
  return {
    ...(now.addons.prefixes &&
      !addons.prefixes && { "cluster.podAddresses.prefixDelegation": true }),
    ...(now.types.join() !== types.join() && { "nodes.instanceTypes": now.types }),
    // What is not set follows the types and the environment.
    ...(capacityType !== undefined && capacityType !== kind && { "nodes.capacityType": kind }),
    ...(count !== sizes.minSize && { "nodes.minSize": count }),
    ...(desiredSize !== undefined && count !== desiredSize && { "nodes.desiredSize": count }),
    ...(maxSize !== sizes.maxSize && { "nodes.maxSize": maxSize }),
  };
}

/** Whether the one costs no more than the other and is worse in nothing. */
function isBetter(one: Nodes, other: Nodes): boolean {
  const all = ({ room, count }: Nodes, of: keyof Room) => room[of] * count;
  return (
    one.cost <= other.cost &&
    one.count >= other.count &&
    one.spot <= other.spot &&
    isBurstable(one) <= isBurstable(other) &&
    generationOf(one) >= generationOf(other) &&
    (one.addons.prefixes === undefined) >= (other.addons.prefixes === undefined) &&
    (["cpuMillicores", "memoryMiB", "pods"] as const).every((of) => all(one, of) >= all(other, of))
  );
}

function lostNodes(before: Nodes, now: Nodes): string[] {
  const least = ({ room }: Nodes) =>
    `${room.cpuMillicores}m CPU, ${room.memoryMiB} MiB and ${room.pods} pods`;
  const smaller = (["cpuMillicores", "memoryMiB", "pods"] as const).some(
    (of) => now.room[of] < before.room[of],
  );
  const [type = ""] = now.types;
  const size = type.split(".")[1] ?? "";
  const baseline = (burstBaselines[size] ?? 0) * (instanceType(type)?.vcpus ?? 0);
  const credits = type.startsWith("t4g.") ? prices.credits : prices.creditsOfX86;
  return [
    ...(now.addons.prefixes && !before.addons.prefixes
      ? ["addresses of the subnets, which nodes take by 16"]
      : []),
    ...(smaller ? [`a node has ${least(now)} left, not ${least(before)}`] : []),
    ...(now.count < before.count
      ? [`a node that is lost is one of ${now.count}, not one of ${before.count}`]
      : []),
    ...(generationOf(now) < generationOf(before) ? ["processors of an older generation"] : []),
    ...(isBurstable(now) && !isBurstable(before)
      ? [
          `burstable: above ${baseline} % of one vCPU, in the mean of a day, a node costs $${credits.usd} a vCPU hour more`,
        ]
      : []),
    ...(now.spot && !before.spot
      ? ["Spot: AWS takes a node back two minutes after its notice, and may have none"]
      : []),
  ];
}

const isBurstable = ({ types }: Nodes) => types.some((type) => /^t\d/.test(type));

/** T3 has the processors of the fifth generation, T4g of the sixth. */
function generationOf({ types }: Nodes): number {
  const [, family = "", digit = "0"] = /^([a-z]+)(\d)/.exec(types[0] ?? "") ?? [];
  return Number(digit) + (family === "t" ? 2 : 0);
}

const smallestDisk = 20;

function diskChanges({ nodes: { diskSizeGiB = smallestDisk } }: Slices): Change[] {
  return diskSizeGiB > smallestDisk
    ? [
        {
          settings: { "nodes.diskSizeGiB": smallestDisk },
          lost: [`images and logs of a node share ${smallestDisk} GiB, not ${diskSizeGiB}`],
        },
      ]
    : [];
}

function networkChanges({ network, development }: Slices): Change[] {
  const egress: string = network.egress ?? "gateway";
  // Without a way out, what an endpoint serves would have none.
  const endpoints: string[] = egress === "none" ? [] : (network.interfaceEndpoints ?? []);
  const zones: number = network.zones?.length ?? 0;
  const { interfaceEndpoint: price, endpointTraffic, natTraffic } = prices;
  const month = monthly({ what: "endpoint", count: zones, price });
  const breakEven = Math.round(month / (natTraffic.usd - endpointTraffic.usd));
  return [
    ...endpoints.map((endpoint) => ({
      settings: { "network.interfaceEndpoints": endpoints.filter((one) => one !== endpoint) },
      lost: [
        egress === "instance"
          ? `what goes to ${endpoint} takes the NAT instance, and is not private`
          : `what goes to ${endpoint} takes the NAT gateway: dearer from ${breakEven} GB a month on, and not private`,
      ],
    })),
    ...(development && egress === "gateway" && !network.natPerZone && !network.existing
      ? [
          {
            settings: { "network.egress": "instance" },
            lost: ["while the NAT instance is replaced, nothing leaves the network"],
          },
        ]
      : []),
    ...(development && network.natPerZone
      ? [
          {
            settings: { "network.natPerZone": false },
            lost: ["with the zone of the NAT gateway every zone loses its way out"],
          },
        ]
      : []),
  ];
}
