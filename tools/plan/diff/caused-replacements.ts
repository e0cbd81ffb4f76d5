import { resourceTypes } from "../../cloud/catalogue.ts";
import { forcesReplacement } from "../../cloud/replacements.ts";
import { order, outlivedBy, prerequisites } from "../../graph/order.ts";
import type { Resource } from "../../graph/resource.ts";
import { type Change, changesOf } from "./changes.ts";

/** A resource that goes and comes anew, because a property of it cannot be changed in place. */
export interface Replacement {
  urn: string;
  /** The property that replaces it. */
  because: string;
  /** The URN of the replaced resource that this property comes from; `null` when it is the first. */
  cause: string | null;
  /** Whether the old one goes before the new one comes: both would bear the same name. */
  goesFirst: boolean;
  /** The URNs of what cannot work while it is away; nothing when the new one comes first. */
  takesDown: string[];
}

const kubernetesProvider = "pulumi:providers:kubernetes";

/** What the changes replace: by the table of replacing properties, and by one another. */
export function replacementsOf(from: Resource[], to: Resource[]): Replacement[] {
  const old = new Map(from.map((one) => [one.urn, one]));
  const needs = prerequisites(from);
  const found = new Map<string, Replacement>();
  // A cause comes before what it causes.
  const inOrder = order(to).create.flat();
  const kept = to
    .filter(({ urn }) => old.has(urn))
    .sort((a, b) => inOrder.indexOf(a.urn) - inOrder.indexOf(b.urn));
  for (const resource of kept) {
    const before = old.get(resource.urn) as Resource;
    const changed = changesOf(before.inputs, resource.inputs).find((change) =>
      forces(resource, change),
    );
    const sources = sourcesOf(resource).filter(({ urn }) => found.has(urn));
    const source = sources[0];
    const because = source?.property ?? changed?.path;
    if (because === undefined) continue;
    const goesFirst =
      identityOf(before) !== undefined && identityOf(before) === identityOf(resource);
    // What is in a cluster that goes is gone with it, and what is in a new one collides with nothing.
    const elsewhere = sources.some(({ property }) => property === "provider");
    found.set(resource.urn, {
      urn: resource.urn,
      because,
      cause: source?.urn ?? null,
      goesFirst: goesFirst && !elsewhere,
      takesDown: [],
    });
  }
  for (const one of found.values()) {
    if (!one.goesFirst) continue;
    one.takesDown = from.map(({ urn }) => urn).filter((urn) => outlivedBy(urn, needs).has(one.urn));
  }
  return [...found.values()];
}

/** Whether this change of this resource makes a new one. */
export function forces({ type }: Pick<Resource, "type">, { path, from }: Change): boolean {
  // Of components and providers, whose own default may be what is now given.
  if (!/^(aws|kubernetes|docker):/.test(type) && from === undefined) return false;
  return forcesReplacement(type, path);
}

/** By replacing property, the resources that its value comes from; last the provider. */
function sourcesOf(resource: Resource): { property: string; urn: string }[] {
  const { type, provider, propertyDependencies } = resource;
  // Of a Kubernetes object only the namespace counts: labels and annotations change in place.
  const kubernetes = type.startsWith("kubernetes:");
  const tops = (resourceTypes[type]?.replacedBy ?? []).map((entry) => entry.split(".")[0]);
  const values = Object.entries(propertyDependencies).flatMap(([property, urns]) => {
    if (kubernetes) return property === "metadata" ? urns.filter(isNamespace).map(pair) : [];
    return tops.includes(property) || tops.includes("*") ? urns.map(pair) : [];

    function pair(urn: string) {
      return { property: kubernetes ? "metadata.namespace" : property, urn };
    }
  });
  const cluster = [provider ?? []].flat().filter((urn) => urn.includes(kubernetesProvider));
  return [...values, ...cluster.map((urn) => ({ property: "provider", urn }))];
}

const isNamespace = (urn: string) => urn.includes("kubernetes:core/v1:Namespace::");

/** The name of which the cloud takes only one; nothing when Pulumi appends digits of its own. */
export function identityOf({
  type,
  inputs,
}: Pick<Resource, "type" | "inputs">): string | undefined {
  // A provider's name is Pulumi's own.
  if (type.startsWith("pulumi:")) return undefined;
  const name = inputs.name ?? inputs.metadata?.name ?? inputs.repositoryName;
  if (typeof name === "string") return `${inputs.metadata?.namespace}/${name}`;
  if (type === "aws:eks/addon:Addon") return `${inputs.clusterName}/${inputs.addonName}`;
  return undefined;
}
