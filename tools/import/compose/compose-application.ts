import type { Draft, Resource } from "../draft.ts";
import type { ImportOptions } from "../import-options.ts";
import type { Path, Report } from "../report.ts";
import type { FormerContainer } from "../resource-variables.ts";
import type { ComposeService, ComposeSource } from "./compose-source.ts";
import { type Roles, valueIn } from "./roles.ts";
import { type Address, aliasesOf } from "./routes.ts";

/** What the parts of an import know of each other. */
export interface ComposeApplication {
  source: ComposeSource;
  roles: Roles;
  addresses: Map<string, Address>;
  /** By the service of Compose. */
  resources: Map<string, FormerContainer>;
  /** Of a service, by the volume of Compose: the resource of its files. */
  volumes: Map<string, string>;
  draft: Draft;
  report: Report;
  options: ImportOptions;
}

/** Where the files of secrets are in a container of Compose. */
export const secretFile = (name: string) => `/run/secrets/${name}`;

/** The resource whose password a secret is. */
export const passwordOwner = (
  secret: string,
  { resources }: Pick<ComposeApplication, "resources">,
) =>
  [...resources.values()].find(({ passwordFiles }) => passwordFiles.includes(secretFile(secret)));

/** A service that became a resource, with what its own variables say. */
export function formerContainer(
  service: ComposeService,
  { name, config, port }: { name: string; config: Pick<Resource, "kind">; port: number },
): FormerContainer {
  const { spec } = service;
  const file = valueIn(spec, "POSTGRES_PASSWORD_FILE");
  const user = valueIn(spec, "POSTGRES_USER") ?? valueIn(spec, "MINIO_ROOT_USER");
  const password = valueIn(spec, "POSTGRES_PASSWORD") ?? valueIn(spec, "MINIO_ROOT_PASSWORD");
  const database = valueIn(spec, "POSTGRES_DB") ?? user;
  return {
    ...{
      name,
      port,
      kind: config.kind,
      hosts: aliasesOf(service),
      passwordFiles: file ? [file] : [],
    },
    ...(user && { user }),
    ...(password && { password }),
    ...(database && config.kind === "postgres" && { database }),
  };
}

/** Tells what becomes of the keys of a container that AWS runs from now on. */
export function leaveToAws(service: ComposeService, report: Report): void {
  const at: Path = ["services", service.name];
  const { spec } = service;
  for (const [index, volume] of (spec.volumes ?? []).entries()) {
    const target = typeof volume === "string" ? (volume.split(":")[1] ?? "") : volume.target;
    if (/initdb/.test(target)) {
      report.left(
        [...at, "volumes", index],
        "nothing runs in the database",
        "`release` with a command that makes the tables",
      );
    }
  }
  for (const key of Object.keys(spec)) {
    for (const path of pathsOf(spec[key], [...at, key])) {
      if (!report.has(path)) report.left(path, "AWS runs it", "nothing");
    }
  }
}

/** The items of a list or a map, or the value itself. */
function pathsOf(value: unknown, at: Path): Path[] {
  const inner = typeof value === "object" && value !== null ? Object.keys(value) : [];
  if (inner.length === 0) return [at];
  return inner.map((key) => [...at, Array.isArray(value) ? Number(key) : key]);
}
