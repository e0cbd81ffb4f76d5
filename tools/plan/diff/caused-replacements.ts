import { resourceTypes } from "../../cloud/catalogue.ts";
import { forcesReplacement } from "../../cloud/replacements.ts";
import { order, outlivedBy, prerequisites } from "../../graph/order.ts";
import type { Resource } from "../../graph/resource.ts";
import { type Change, changesOf } from "./changes.ts";

/** The replacement of a resource, because a property cannot change in place. */
export interface Replacement {
  urn: string;
  /** The property that replaces it. */
  because: string;
  /** The URN of the replaced resource that causes this replacement; `null` for the first. */
  cause: string | null;
  /** Whether the old resource is deleted first, since both would have the same name. */
  goesFirst: boolean;
  /** The URNs of the resources that do not work meanwhile; empty if the new resource is created first. */
  takesDown: string[];
}

const kubernetesProvider = "pulumi:providers:kubernetes";

/** The replacements by the changes, directly or by another replacement. */
export function replacementsOf(from: Resource[], to: Resource[]): Replacement[] {
  const old = new Map(from.map((one) => [one.urn, one]));
  const needs = prerequisites(from);
  const found = new Map<string, Replacement>();
  // A cause is before its effects.
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
    // A replaced cluster takes its objects along; a new cluster has no name collisions.
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

/** Whether this change replaces the resource. */
export function forces({ type }: Pick<Resource, "type">, { path, from }: Change): boolean {
  // Components and providers may have this value by default.
  if (!/^(aws|kubernetes|docker):/.test(type) && from === undefined) return false;
  return forcesReplacement(type, path);
}

/** The source resources of each replacing property; the provider last. */
function sourcesOf(resource: Resource): { property: string; urn: string }[] {
  const { type, provider, propertyDependencies } = resource;
  // Labels and annotations of a Kubernetes object change in place.
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

/** The unique name in the cloud. Returns undefined if Pulumi appends digits. */
export function identityOf({
  type,
  inputs,
}: Pick<Resource, "type" | "inputs">): string | undefined {
  // A provider has no name in the cloud.
  if (type.startsWith("pulumi:")) return undefined;
  const name = inputs.name ?? inputs.metadata?.name ?? inputs.repositoryName;
  if (typeof name === "string") return `${inputs.metadata?.namespace}/${name}`;
  if (type === "aws:eks/addon:Addon") return `${inputs.clusterName}/${inputs.addonName}`;
  return undefined;
}
