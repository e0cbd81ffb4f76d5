import { ancestors } from "./order.ts";
import type { Resource } from "./resource.ts";

type Named = Pick<Resource, "type" | "name">;

export const isProvider = ({ type }: Named) => type.startsWith("pulumi:providers:");

/** Whether it is a component of the program, not of a plugin. */
export const isGroup = ({ custom, remote }: Pick<Resource, "custom" | "remote">) =>
  !custom && !remote;

/** The last part of the type: `Role` of `aws:iam/role:Role`. */
export const kindOf = (resource: Named) =>
  isProvider(resource) ? "Provider" : (resource.type.split(":").at(-1) as string);

/** The short name of a resource: `Role service`. */
export const labelOf = (resource: Named) => `${kindOf(resource)} ${resource.name}`;

/** The outermost component of each resource that has one. */
export function componentsOf(resources: Resource[]): Map<Resource, Resource | undefined> {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  return new Map(resources.map((one) => [one, ancestors(one, byUrn).at(-1)]));
}

/** The namespaces of objects, releases and service accounts. */
export function namespacesOf(resources: Resource[]): string[] {
  const found = resources.flatMap(({ type, inputs }) => [
    ...(type.startsWith("kubernetes:")
      ? [inputs.namespace ?? inputs.metadata?.namespace ?? []]
      : []),
    ...[...JSON.stringify(inputs).matchAll(/system:serviceaccount:([a-z0-9-]+):/g)].map(
      ([, namespace = ""]) => namespace,
    ),
  ]);
  return [...new Set(found.flat())];
}
