import { resourceTypes } from "../cloud/catalogue.ts";
import { waits } from "../cloud/durations.ts";
import type { Props, Span } from "./world/world.ts";

/** A resource as the engine's state has it. */
export interface StateResource {
  urn: string;
  type: string;
  custom?: boolean;
  parent?: string;
  provider?: string;
  dependencies?: string[];
  id?: string;
  inputs?: Props;
  outputs?: Props;
  retainOnDelete?: boolean;
  ignoreChanges?: string[];
}

export interface PathResource {
  name: string;
  type: string;
  start: number;
  end: number;
  /** Seconds between the end of its last dependency and its start. */
  unexplained: number;
}

/** The chain of resources up to `target` in which each waits for its predecessor. */
export function criticalPath(
  resources: StateResource[],
  spans: Span[],
  target: (resource: StateResource) => boolean,
): PathResource[] {
  const created = new Map(
    spans.filter(({ action, error }) => action === "create" && !error).map((s) => [s.urn, s]),
  );
  const blockers = blockersOf(resources);
  const path: PathResource[] = [];
  let urn = latest(resources.filter(target).map((resource) => resource.urn));
  for (let span = urn && created.get(urn); urn && span; span = urn && created.get(urn)) {
    const { start } = span;
    const before = latest([...blockers(urn)].filter((candidate) => end(candidate) <= start));
    path.unshift({
      name: span.name,
      type: span.type,
      start: span.start,
      end: span.end,
      unexplained: span.start - (before ? (created.get(before)?.end ?? 0) : 0),
    });
    urn = before;
  }
  return path;

  function latest(urns: Iterable<string>): string | undefined {
    return [...urns]
      .filter((candidate) => created.has(candidate))
      .sort((one, other) => end(one) - end(other))
      .at(-1);
  }

  function end(candidate: string): number {
    return created.get(candidate)?.end ?? 0;
  }
}

/**
 * The resources that a resource waits for: its dependencies, and those of its parents and its provider,
 * since it is registered after them. A dependency on a component is one on all its children.
 */
function blockersOf(resources: StateResource[]): (urn: string) => Set<string> {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const children = new Map<string, string[]>();
  for (const { urn, parent = "" } of resources) {
    children.set(parent, [...(children.get(parent) ?? []), urn]);
  }
  const beneath = (urn: string): string[] => [urn, ...(children.get(urn) ?? []).flatMap(beneath)];
  /**
   * A component stands for all its children, a resource for itself alone. A component of a provider
   * (awsx, eks) returns its outputs when all beneath it is done.
   */
  const inside = (urn: string): string[] => {
    const { custom, type = "" } = byUrn.get(urn) ?? {};
    if (custom) return [urn];
    if (/^(awsx|eks):/.test(type)) return beneath(urn);
    return [urn, ...(children.get(urn) ?? []).flatMap(inside)];
  };
  return (urn) => {
    const found = new Set<string>();
    for (
      let resource = byUrn.get(urn);
      resource;
      resource = resource.parent ? byUrn.get(resource.parent) : undefined
    ) {
      const provider = byUrn.get(resource.provider?.replace(/::[^:]*$/, "") ?? "");
      for (const edges of [resource, provider]) {
        for (const dependency of edges?.dependencies ?? []) {
          for (const each of inside(dependency)) found.add(each);
        }
      }
      if (resource.parent) found.add(resource.parent);
    }
    found.delete(urn);
    return found;
  };
}

/** The waits that no graph can avoid or run in parallel, in seconds. */
export function lowerBound(): { name: string; seconds: number }[] {
  const seconds = (type: string) => resourceTypes[type]?.duration?.create ?? 0;
  return [
    { name: "control plane", seconds: seconds("aws:eks/cluster:Cluster") },
    { name: "nodes", seconds: seconds("aws:eks/nodeGroup:NodeGroup") },
    { name: "load balancer", seconds: waits.reconcile + waits.loadBalancerActive },
    { name: "image pull and start", seconds: waits.podStart },
  ];
}
