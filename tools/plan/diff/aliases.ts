import type { Alias, Resource } from "../../graph/resource.ts";

/**
 * The resources of an older program with the URNs of a newer one, by its aliases. As in Pulumi's engine,
 * an alias of a component applies to its children.
 */
export function renamed(
  from: Resource[],
  to: Resource[],
): { resources: Resource[]; names: [old: string, now: string][] } {
  const known = new Set(from.map(({ urn }) => urn));
  const present = new Set(to.map(({ urn }) => urn));
  const byUrn = new Map(to.map((one) => [one.urn, one]));
  const names = to.flatMap((one): [string, string][] => {
    if (known.has(one.urn)) return [];
    const old = formerUrns(one, byUrn).find((urn) => known.has(urn) && !present.has(urn));
    return old ? [[old, one.urn]] : [];
  });
  const now = new Map(names);
  const current = (urn: string) => now.get(urn) ?? urn;
  const resources = from.map((one) => ({
    ...one,
    urn: current(one.urn),
    name: byUrn.get(current(one.urn))?.name ?? one.name,
    dependsOn: one.dependsOn.map(current),
    propertyDependencies: Object.fromEntries(
      Object.entries(one.propertyDependencies).map(([key, urns]) => [key, urns.map(current)]),
    ),
    ...(one.parent && { parent: current(one.parent) }),
    ...(one.provider && {
      provider: Array.isArray(one.provider) ? one.provider.map(current) : current(one.provider),
    }),
  }));
  return { resources, names };
}

/** The possible former URNs, by the aliases of the resource and of its parents. */
function formerUrns(resource: Resource, byUrn: Map<string, Resource>): string[] {
  const parent = byUrn.get(resource.parent ?? "");
  const self: Alias = {};
  const own = [self, ...(resource.aliases ?? [])].flatMap((alias) => {
    if (alias.urn) return [alias.urn];
    const above = alias.parent === undefined ? parent : byUrn.get(alias.parent);
    const parents =
      alias.noParent || !above ? [undefined] : [above.urn, ...formerUrns(above, byUrn)];
    return parents.map((urn) => {
      const name = alias.name ?? inherited(resource.name, above?.name, urn);
      return urnWith(resource.urn, alias.type ?? resource.type, name, urn);
    });
  });
  return [...new Set(own)].filter((urn) => urn !== resource.urn);
}

/** A child whose name begins with its parent's had the parent's former name. */
function inherited(name: string, parentName?: string, parentUrn?: string): string {
  const former = parentUrn?.split("::")[3];
  return former && parentName && name.startsWith(parentName)
    ? former + name.slice(parentName.length)
    : name;
}

function urnWith(like: string, type: string, name: string, parent?: string): string {
  const [stack = "", project = ""] = like.split("::");
  const above = parent?.split("::")[2] ?? "";
  const types = above && above !== "pulumi:pulumi:Stack" ? `${above}$${type}` : type;
  return [stack, project, types, name].join("::");
}
