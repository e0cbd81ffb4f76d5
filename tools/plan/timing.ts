import { resourceTypes } from "../cloud/catalogue.ts";
import { waits } from "../cloud/durations.ts";
import { oneCall, seconds } from "../cloud/resource-type.ts";
import { prerequisites } from "../graph/order.ts";
import type { Resource } from "../graph/resource.ts";

export type Operation = "create" | "update" | "replace" | "delete";

/** The chain of operations that wait for each other: the lower bound of a deployment. */
export interface Timing {
  seconds: number;
  path: { urn: string; seconds: number }[];
}

/**
 * The seconds of an operation by the catalogue, with the wait for pods or a load balancer. AWS guarantees
 * none.
 */
export function secondsOf({ type, custom, remote }: Resource, operation: Operation): number {
  if (!custom && !remote) return 0;
  const { create, update, delete: remove } = resourceTypes[type]?.duration ?? composed(type);
  const { onCreate, onDelete } = waitsOf(type);
  return {
    create: create + onCreate,
    update: update + (isWorkload(type) ? onCreate + onDelete : type === imageType ? onCreate : 0),
    replace: remove + onDelete + create + onCreate,
    delete: remove + onDelete,
  }[operation];
}

/** The seconds of remote components: the longest chain of their children. */
function composed(type: string) {
  const parts = (resourceTypes[type]?.chain ?? []).flatMap(
    (one) => resourceTypes[one]?.duration ?? [],
  );
  const sum = (of: "create" | "update" | "delete") =>
    parts.reduce((all, part) => all + part[of], 0);
  // A type outside the catalogue takes one call.
  return parts.length > 0 ? seconds(sum("create"), sum("update"), sum("delete")) : oneCall;
}

const imageType = "docker:index/image:Image";
const isWorkload = (type: string) => type.startsWith("kubernetes:apps/") || type.includes("helm");

function waitsOf(type: string): { onCreate: number; onDelete: number } {
  if (isWorkload(type)) return { onCreate: waits.podStart, onDelete: waits.podDrain };
  if (type === imageType) return { onCreate: waits.buildAndPush, onDelete: 0 };
  // A job is created when it has ended; the duration of its command is unknown.
  if (type === "kubernetes:batch/v1:Job") return { onCreate: waits.podStart, onDelete: 0 };
  if (type === "kubernetes:networking.k8s.io/v1:Ingress") {
    return { onCreate: waits.loadBalancerActive, onDelete: waits.loadBalancerInterfacesGone };
  }
  return { onCreate: 0, onDelete: 0 };
}

/**
 * The seconds of the operations with full parallelism. Deletions come last, in the reverse order, as in
 * Pulumi's engine.
 */
export function timingOf(
  from: Resource[],
  to: Resource[],
  operations: Map<string, Operation>,
): Timing {
  const changes = longestPath(to, prerequisites(to), (one) => {
    const operation = operations.get(one.urn);
    return operation && operation !== "delete" ? secondsOf(one, operation) : 0;
  });
  const needs = prerequisites(from);
  const neededBy = new Map(from.map(({ urn }) => [urn, new Set<string>()]));
  for (const [urn, others] of needs) for (const other of others) neededBy.get(other)?.add(urn);
  const deletions = longestPath(from, neededBy, (one) =>
    operations.get(one.urn) === "delete" ? secondsOf(one, "delete") : 0,
  );
  return {
    seconds: changes.seconds + deletions.seconds,
    path: [...changes.path, ...deletions.path],
  };
}

/** The earliest start and end of each creation in a new stack, in seconds. */
export function schedule(resources: Resource[]): Map<string, { start: number; end: number }> {
  const needs = prerequisites(resources);
  const spans = new Map<string, { start: number; end: number }>();
  const spanOf = (one: Resource): { start: number; end: number } => {
    const known = spans.get(one.urn);
    if (known) return known;
    const before = resources.filter(({ urn }) => needs.get(one.urn)?.has(urn));
    const start = Math.max(0, ...before.map((other) => spanOf(other).end));
    const span = { start, end: start + secondsOf(one, "create") };
    spans.set(one.urn, span);
    return span;
  };
  for (const one of resources) spanOf(one);
  return spans;
}

function longestPath(
  resources: Resource[],
  waitsFor: Map<string, Set<string>>,
  cost: (one: Resource) => number,
): Timing {
  const byUrn = new Map(resources.map((one) => [one.urn, one]));
  const best = new Map<string, Timing>();
  const upTo = (urn: string): Timing => {
    const known = best.get(urn);
    if (known) return known;
    const before = [...(waitsFor.get(urn) ?? [])]
      .map(upTo)
      .reduce((a, b) => (b.seconds > a.seconds ? b : a), { seconds: 0, path: [] });
    const own = cost(byUrn.get(urn) as Resource);
    const timing = {
      seconds: before.seconds + own,
      path: own > 0 ? [...before.path, { urn, seconds: own }] : before.path,
    };
    best.set(urn, timing);
    return timing;
  };
  return resources
    .map(({ urn }) => upTo(urn))
    .reduce((a, b) => (b.seconds > a.seconds ? b : a), { seconds: 0, path: [] });
}
