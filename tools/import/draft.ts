import type { z } from "zod";
import type { domainSchema } from "../../infra/config/domain-schema.ts";
import { ownerOf } from "../../infra/config/known-names.ts";
import type { resourcesSchema } from "../../infra/config/resource-schema.ts";
import { clusterName, shortName } from "../../infra/config/values.ts";
import type { jobsSchema, servicesSchema } from "../../infra/config/workload-schema.ts";

type Given<Schema extends z.ZodType> = NonNullable<z.input<Schema>>;
export type Service = Given<typeof servicesSchema>[string];
export type Job = Given<typeof jobsSchema>[string];
export type Resource = Given<typeof resourcesSchema>[string];
export type Container = NonNullable<Service["before"]>[string];
export type Health = NonNullable<Service["health"]>;

/** Something that a person must decide, at a key of the stack file. */
export interface Decision {
  at: string[];
  words: string;
}

/** The settings of a stack that an application becomes. */
export interface Draft {
  clusterName?: string;
  architecture: "arm64" | "amd64";
  domain?: Given<typeof domainSchema>;
  services: Record<string, Service>;
  jobs: Record<string, Job>;
  resources: Record<string, Resource>;
  decisions: Decision[];
}

export const emptyDraft = (): Draft => ({
  architecture: "arm64",
  services: {},
  jobs: {},
  resources: {},
  decisions: [],
});

/** A name that the settings take, as like the given one as can be, and none of `taken`. */
export function nameOf(given: string, taken: Iterable<string> = []): string {
  const plain = given
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "");
  const long = plain.length < 2 ? `${plain || "app"}-app` : plain;
  const free = (ownerOf(long) ? `app-${long}` : long).slice(0, 30).replace(/-+$/, "");
  const others = new Set(taken);
  let name = free;
  for (let count = 2; others.has(name); count++) name = `${free.slice(0, 27)}-${count}`;
  return name;
}

/** Whether the settings take a name as it is. */
export const isName = (name: string) => shortName().safeParse(name).success && !ownerOf(name);

export const isClusterName = (name: string) => clusterName().safeParse(name).success;

/** A map without the keys that have no value, no item and no key. */
export function compact<T extends object>(settings: T): T {
  return Object.fromEntries(
    Object.entries(settings).filter(
      ([, value]) =>
        value !== undefined &&
        !(typeof value === "object" && value !== null && Object.keys(value).length === 0),
    ),
  ) as T;
}
