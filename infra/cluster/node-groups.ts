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
}

/** A managed node group as AWS has it. */
export interface NodeGroupPlan extends GroupSettings {
  /** What tells it from the others of the stack, also by its tag; empty of one that is `nodes` itself. */
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
  "instanceTypes" | "capacityType" | "minSize" | "desiredSize" | "maxSize" | "groups"
>;

/** What the settings say of each group: of `nodes` first, then of `nodes.groups`. */
export function groupSettings({ groups, ...nodes }: Grouped): GroupSettings[] {
  const all = [["", nodes] as const, ...Object.entries(groups)];
  return all.map(([name, { instanceTypes, capacityType, minSize, desiredSize, maxSize }]) => ({
    at: name === "" ? "nodes" : `nodes.groups.${name}`,
    ...{ name, instanceTypes, capacityType, minSize, maxSize },
    desiredSize: desiredSize ?? minSize,
  }));
}

/** The groups that the settings ask AWS for, in so many zones. */
export function nodeGroupPlans(nodes: Grouped, zones: number): NodeGroupPlan[] {
  const all = Array.from({ length: zones }, (_, zone) => zone);
  return groupSettings(nodes).map((group) => ({ ...group, key: group.name, zones: all }));
}
