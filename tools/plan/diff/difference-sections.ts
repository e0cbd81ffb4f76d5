import { labelOf } from "../../graph/labels.ts";
import type { Difference, PropertyChange } from "./difference-model.ts";
import {
  byKind,
  chains,
  isObject,
  labelsByUrn,
  replacedLine,
  toldChanges,
} from "./difference-words.ts";

/** A resource that changes. */
export interface Item {
  sign: "±" | "-" | "+" | "~";
  label: string;
  /** Why it is replaced. */
  because?: string;
  changes?: PropertyChange[];
  /** The resources that are replaced with it. */
  followers?: string;
}

/** Lines that begin with `+ `, `- ` or two spaces. */
export interface Block {
  name: string;
  lines: string[];
}

export interface Section {
  title: string;
  items: Item[];
  blocks: Block[];
}

/** The parts of a difference that say something, in the order in which people read them. */
export function sectionsOf(difference: Difference): Section[] {
  const { removed, added, changed, permissions, manifests, cost } = difference;
  const names = labelsByUrn(difference);
  const items = (title: string, items: Item[]) => ({ title, items, blocks: [] });
  const blocks = (title: string, blocks: Block[]) => ({ title, items: [], blocks });
  return [
    items(
      "Replaced",
      chains(difference).map(({ root, followers }) => ({
        sign: "±",
        label: labelOf(root),
        because: replacedLine(root, names),
        changes: toldChanges(root),
        ...(followers.length > 0 && { followers: byKind(followers) }),
      })),
    ),
    items(
      "Removed",
      removed.map((one) => ({ sign: "-", label: labelOf(one) })),
    ),
    items(
      "Added",
      added.map((one) => ({ sign: "+", label: labelOf(one) })),
    ),
    items(
      "Changed",
      changed.map((one) =>
        isObject(one)
          ? { sign: "~", label: `${labelOf(one)} (below)` }
          : { sign: "~", label: labelOf(one), changes: toldChanges(one) },
      ),
    ),
    blocks("Cost at rest, US dollars a month", [
      ...cost.components.map(({ name, from, to, lines }) => ({
        name: `${name}: ${from.toFixed(2)} -> ${to.toFixed(2)}`,
        lines,
      })),
      ...cost.nodes.map(({ name, from, to }) => ({
        name: `of the nodes, ${name}: ${from.toFixed(2)} -> ${to.toFixed(2)}`,
        lines: [],
      })),
    ]),
    blocks(
      "Permissions",
      permissions.map(({ who, isNew, gained, lost, trusts }) => ({
        name: `${who}${isNew ? " (new)" : ""}`,
        lines: [
          ...trusts.map((one) => `+ assumed by ${one}`),
          ...gained.map((one) => `+ ${one}`),
          ...lost.map((one) => `- ${one}`),
        ],
      })),
    ),
    blocks(
      "Kubernetes objects",
      manifests.map(({ name, is, lines }) =>
        is === "changed" ? { name, lines } : { name: `${name} (${is})`, lines: [] },
      ),
    ),
  ].filter(({ items, blocks }) => items.length + blocks.length > 0);
}
