import type { Resource } from "./resource.ts";

/** The properties that determine the order. */
export type Node = Pick<Resource, "urn" | "custom" | "parent" | "provider" | "dependsOn">;

/** The nodes of each parent, in the given order; those without one are at `undefined`. */
export function childrenByParent<N extends Pick<Node, "parent">>(
  nodes: N[],
): Map<string | undefined, N[]> {
  const children = new Map<string | undefined, N[]>();
  for (const node of nodes) {
    const siblings = children.get(node.parent);
    if (siblings) siblings.push(node);
    else children.set(node.parent, [node]);
  }
  return children;
}

/**
 * The direct prerequisites of each resource: its parent with the parent's prerequisites, its provider and
 * its dependencies. They are created before it and deleted after it.
 *
 * As in Pulumi's engine, a dependency on a component is one on all its children; a dependency on another
 * resource does not include its children.
 */
export function prerequisites(nodes: Node[]): Map<string, Set<string>> {
  const byUrn = new Map(nodes.map((node) => [node.urn, node]));
  const children = childrenByParent(nodes);
  const members = (node: Node): Node[] =>
    node.custom ? [node] : [node, ...(children.get(node.urn) ?? []).flatMap(members)];

  return new Map(
    nodes.map((node) => {
      const own = new Set(members(node));
      const depended = node.dependsOn
        .flatMap((urn) => byUrn.get(urn) ?? [])
        .flatMap(members)
        .filter((other) => !own.has(other))
        .map(({ urn }) => urn);
      const direct = [node.parent, node.provider].flat();
      const needed = [...direct, ...depended].filter((urn) => urn !== undefined && byUrn.has(urn));
      return [node.urn, new Set(needed)] as [string, Set<string>];
    }),
  );
}

/** The components around a resource, the innermost first. */
export function ancestors<N extends Pick<Node, "parent">>(node: N, byUrn: Map<string, N>): N[] {
  const parent = node.parent === undefined ? undefined : byUrn.get(node.parent);
  return parent ? [parent, ...ancestors(parent, byUrn)] : [];
}

/**
 * The resources in layers; each layer waits only for the layers before it, and keeps the given order.
 *
 * @throws {Error} for a cycle
 */
export function order(nodes: Node[]): { create: string[][]; delete: string[][] } {
  const needs = prerequisites(nodes);
  const neededBy = new Map(nodes.map(({ urn }) => [urn, new Set<string>()]));
  for (const [urn, others] of needs) {
    for (const other of others) neededBy.get(other)?.add(urn);
  }
  return { create: layers(needs), delete: layers(neededBy) };
}

function layers(waitsFor: Map<string, Set<string>>): string[][] {
  const remaining = new Map(waitsFor);
  const result: string[][] = [];
  while (remaining.size > 0) {
    const layer = [...remaining]
      .filter(([, others]) => ![...others].some((other) => remaining.has(other)))
      .map(([urn]) => urn);
    if (layer.length === 0) {
      throw new Error(`These wait for each other: ${[...remaining.keys()].join(", ")}`);
    }
    for (const urn of layer) remaining.delete(urn);
    result.push(layer);
  }
  return result;
}

/** The resources that are created before the resource and deleted after it. */
export function outlivedBy(mortal: string, needs: Map<string, Set<string>>): Set<string> {
  const seen = new Set<string>();
  const visit = (urn: string) => {
    for (const next of needs.get(urn) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      visit(next);
    }
  };
  visit(mortal);
  return seen;
}
