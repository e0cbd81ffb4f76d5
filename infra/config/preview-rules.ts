import { nearest } from "./known-names.ts";
import { isStore, linkRules, type ResourceConfig, type StoreConfig } from "./resource-schema.ts";
import type { Settings } from "./schema.ts";
import { own, rule } from "./setting-rule.ts";

type Kind = ResourceConfig["kind"];

/** Why an environment has none of its own. */
const notOwn: Partial<Record<Kind, string>> = {
  cache: "its addresses would keep the VPC from being deleted",
  files: "its addresses would keep the VPC from being deleted",
  secret: "it would be empty, and its pods would wait",
};

/** Why an environment cannot read that of the stack. */
const notOffered: Partial<Record<Kind, string>> = {
  cache: "it has no users to tell apart",
  files: "its volume would outlive the namespace of the environment",
  postgres: "each environment has a schema of its own in it",
  queue: "whoever reads a message takes it from the stack",
  topic: "it is only written",
};

const kindsBut = (reasons: Partial<Record<Kind, string>>) =>
  Object.keys(linkRules)
    .filter((kind) => !Object.hasOwn(reasons, kind))
    .join(", ");

/** What environments of pull requests could not have, and what the stack could not offer them. */
export const previewRules = [
  rule(["services", "resources", "pullRequests"], ({ services, resources, pullRequests }) =>
    pullRequests.environments > 0
      ? copied(services).flatMap(([name, { uses }]) =>
          Object.keys(uses)
            .filter((used) => !Object.hasOwn(pullRequests.resources, used))
            .map((used) => {
              const kind = own(resources, used)?.kind;
              return kind && useProblem(`services.${name}.uses.${used}`, kind, used);
            })
            .filter((problem) => problem !== undefined),
        )
      : [],
  ),
  rule(["services", "resources", "pullRequests"], ({ services, resources, pullRequests }) =>
    Object.keys(pullRequests.resources).map((name) => {
      const kind = own(resources, name)?.kind;
      const known = Object.keys(resources);
      if (!kind) {
        const allowed =
          known.length > 0
            ? `a resource such as ${nearest(name, known)}`
            : "a name of platform:resources, which has none";
        return `pullRequests.resources: ${name} is no resource; allowed: ${allowed}`;
      }
      const because = notOffered[kind];
      if (because !== undefined) {
        return `pullRequests.resources.${name}: ${kind} is not allowed, because ${because}; allowed: ${kindsBut(notOffered)}`;
      }
      return (
        !copied(services).some(([, { uses }]) => isRead(own(uses, name))) &&
        `pullRequests.resources.${name}: nothing in an environment reads it; allowed: a resource that a service, which is no worker, uses with read or readWrite`
      );
    }),
  ),
];

/** What of the stack's resources no environment has, neither its own nor the stack's. */
function useProblem(at: string, kind: Kind, resource: string): string | undefined {
  const because = notOwn[kind];
  if (because === undefined) return undefined;
  const problem = `${at}: ${kind} is not allowed with pullRequests.environments: an environment has none of its own, because ${because}`;
  return Object.hasOwn(notOffered, kind)
    ? `${problem}; nor that of the stack, because ${notOffered[kind]}; allowed: ${kindsBut(notOwn)}`
    : `${problem}; allowed: pullRequests.resources.${resource} read`;
}

const isRead = (access: string | undefined) => access === "read" || access === "readWrite";

/** The services that each environment has. */
const copied = (services: Settings["services"]) =>
  Object.entries(services).filter(([, { worker }]) => !worker);

/**
 * What the services of an environment use: of which resources it has its own, which ones the stack offers,
 * in which databases it has a schema, and how it makes its own. Nothing where they use none.
 */
export function previewResources<Provider>(
  {
    services,
    resources,
    pullRequests,
    permissionsBoundary,
  }: Pick<Settings, "services" | "resources" | "pullRequests" | "permissionsBoundary">,
  provider: Provider,
) {
  const used = new Set(copied(services).flatMap(([, { uses }]) => Object.keys(uses)));
  if (used.size === 0) return undefined;
  const { resources: offered } = pullRequests;
  const databases = previewDatabases({ services, resources, pullRequests });
  const stores = Object.fromEntries(
    Object.entries(resources).flatMap(([name, config]): [string, StoreConfig][] =>
      used.has(name) && !Object.hasOwn(offered, name) && isStore(config) ? [[name, config]] : [],
    ),
  );
  return { provider, permissionsBoundary, own: stores, offered, databases };
}

/** The databases in which each environment has a schema of its own. */
export function previewDatabases({
  services,
  resources,
  pullRequests,
}: Pick<Settings, "services" | "resources" | "pullRequests">): string[] {
  if (pullRequests.environments === 0) return [];
  const used = new Set(copied(services).flatMap(([, { uses }]) => Object.keys(uses)));
  return [...used].filter((name) => own(resources, name)?.kind === "postgres").sort();
}
