import type { NodesConfig } from "../config/schema.ts";

/** Of `nodes`, or of a group beside it: what its nodes are, and how many there may be. */
export interface GroupSettings {
  /** Where its settings stand. */
  at: string;
  /** Its name in `nodes.groups`; empty of `nodes` itself. */
  name: string;
  instanceTypes: string[];
  capacityType: NodesConfig["capacityType"];
  minSize: number;
  desiredSize: number;
  maxSize: number;
  /** Instances that wait beside it. @default none */
  warmPool: NodesConfig["warmPool"];
}

/** A managed node group as AWS has it. */
export interface NodeGroupPlan extends GroupSettings {
  /**
   * What tells it from the others of the stack, also by its tag; empty of one that is `nodes` itself. Of one
   * in a single zone it ends with the place of the zone, from 1 on: a name of AWS's would have the region.
   */
  key: string;
  /** Its zones, by their places in `network.zones`. */
  zones: number[];
}

/** The label of EKS's on each node of a managed group; its values are those of `capacityType`. */
export const capacityTypeLabel = "eks.amazonaws.com/capacityType";

/** The tag that bears a group's key. A group without it is `nodes` itself. */
export const groupTag = "node-group";

type Grouped = Pick<
  NodesConfig,
  | "instanceTypes"
  | "capacityType"
  | "minSize"
  | "desiredSize"
  | "maxSize"
  | "warmPool"
  | "groupPerZone"
  | "groups"
>;

/** What the settings say of each group: of `nodes` first, then of `nodes.groups`. */
export function groupSettings({
  groups,
  ...nodes
}: Omit<Grouped, "groupPerZone">): GroupSettings[] {
  const all = [["", nodes] as const, ...Object.entries(groups)];
  return all.map(([name, group]) => ({
    at: name === "" ? "nodes" : `nodes.groups.${name}`,
    name,
    instanceTypes: group.instanceTypes,
    capacityType: group.capacityType,
    minSize: group.minSize,
    desiredSize: group.desiredSize ?? group.minSize,
    maxSize: group.maxSize,
    warmPool: group.warmPool,
  }));
}

/** The groups that the settings ask AWS for, in so many zones. */
export function nodeGroupPlans(nodes: Grouped, zones: number): NodeGroupPlan[] {
  const all = Array.from({ length: zones }, (_, zone) => zone);
  return groupSettings(nodes).flatMap((group) =>
    nodes.groupPerZone
      ? all.map((zone) => ({
          ...ofZone(group, zone, zones),
          key: keyOf(group, zone),
          zones: [zone],
        }))
      : [{ ...group, key: group.name, zones: all }],
  );
}

const keyOf = ({ name }: Pick<GroupSettings, "name">, zone: number) =>
  name === "" ? `${zone + 1}` : `${name}-${zone + 1}`;

/** What of a group's sizes falls to one of its zones. */
function ofZone(group: GroupSettings, zone: number, zones: number): GroupSettings {
  const of = (size: number) => shareOf(size, zone, zones);
  const { minSize, desiredSize, maxSize, warmPool } = group;
  const waiting = warmPool ? of(warmPool.size) : 0;
  return {
    ...group,
    ...{ minSize: of(minSize), desiredSize: of(desiredSize), maxSize: of(maxSize) },
    warmPool: warmPool && waiting > 0 ? { ...warmPool, size: waiting } : undefined,
  };
}

/** So many, evenly over the zones; what is left over is in the first ones. */
const shareOf = (size: number, zone: number, zones: number): number =>
  Math.floor(size / zones) + (zone < size % zones ? 1 : 0);

/**
 * What runs of a group on AWS: of one that is not there what ran of its settings, over all zones or one group
 * a zone, before `nodes.groupPerZone` was changed.
 */
export function runningOf<Running extends { desiredSize: number; replaced: boolean }>(
  { key, name, zones: [zone = 0] }: NodeGroupPlan,
  running: Record<string, Running>,
  zones: number,
): Running | undefined {
  const now = running[key];
  if (now) return now;
  const whole = key === name ? undefined : running[name];
  if (whole) {
    const desiredSize = shareOf(whole.desiredSize, zone, zones);
    return { ...whole, desiredSize, replaced: true };
  }
  const parts = Array.from({ length: zones }, (_, at) => running[keyOf({ name }, at)]);
  const [first] = parts.filter((part) => part !== undefined);
  if (key !== name || !first) return undefined;
  const desiredSize = parts.reduce((sum, part) => sum + (part?.desiredSize ?? 0), 0);
  return { ...first, desiredSize, replaced: true };
}
