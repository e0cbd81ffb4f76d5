import { dirname, join, resolve } from "node:path";
import { readEnvFile } from "../env-file.ts";
import { interpolated, type Unset, type Variables } from "../interpolation.ts";
import { checked, refusal } from "../refusal.ts";
import type { Path } from "../report.ts";
import { readYaml, shown } from "../yaml-source.ts";
import { composeSchema, type Spec, serviceSchema, type Top } from "./compose-schema.ts";
import { extended } from "./extends.ts";

/** A service with what it extends, and the folder that its paths are relative to. */
export interface ComposeService {
  name: string;
  spec: Spec;
  folder: string;
  /** The file that it stands in, as messages name it. */
  file: string;
}

/** A Compose file with all that it includes. */
export interface ComposeSource {
  file: string;
  top: Top;
  services: ComposeService[];
  unset: Unset[];
  variables: Variables;
  /** What must be accounted for: the file, with its services as they are after `extends`. */
  document: Record<string, unknown>;
}

/**
 * Reads a Compose file with its .env, what it includes and what its services extend.
 *
 * @param environment variables that win over .env
 * @throws {PlanError} if a file is missing or is no YAML, or a value is not allowed
 */
export function readCompose(
  path: string,
  environment: Variables,
  within: string[] = [],
): ComposeSource {
  const folder = dirname(path);
  const file = shown(path);
  const variables = { ...readEnvFile(join(folder, ".env"), environment), ...environment };
  const unset: Unset[] = [];
  const read = (from: string) =>
    interpolated(readYaml(from), {
      file: shown(from),
      variables,
      unset: (found) => {
        if (from === path) unset.push(found);
      },
    }) as Record<string, unknown>;
  const raw = readYaml(path);
  if (raw.services === undefined && raw.include === undefined) {
    throw refusal(file, ["services"], undefined, "a map of services by name");
  }
  const given = read(path);
  const included = includesOf(given.include, { file, folder }).map((one) => {
    if (within.includes(one) || one === path) {
      throw refusal(file, ["include"], shown(one), "a file that does not include this one");
    }
    return readCompose(one, environment, [...within, path]);
  });
  const top = checked(composeSchema, given, { file });
  const services = Object.entries(top.services).map(([name, one]) => {
    const at: Path = ["services", name];
    const spec = checked(serviceSchema, one ?? {}, { file, path: at });
    return { name, folder, file, spec: extended({ name, spec, top, path, read }) };
  });
  if (services.length + included.length === 0) {
    throw refusal(file, ["services"], top.services, "at least one service");
  }
  const all = [...included.flatMap((one) => one.services), ...services];
  for (const [index, { name }] of all.entries()) {
    if (all.findIndex((one) => one.name === name) < index) {
      throw refusal(file, ["services", name], name, "a service that no included file has too");
    }
  }
  const tops = included.map((one) => one.top);
  const merged = (key: "secrets" | "volumes" | "configs") =>
    Object.assign({}, ...tops.map((one) => one[key]), top[key]);
  const documents = [
    ...included.map((one) => one.document),
    { ...given, services: Object.fromEntries(services.map(({ name, spec }) => [name, spec])) },
  ];
  const shared = ["services", "secrets", "volumes", "configs", "networks"].flatMap((key) => {
    const maps = documents.flatMap((one: Record<string, unknown>) => one[key] ?? []);
    return maps.length > 0 ? [[key, Object.assign({}, ...maps)]] : [];
  });
  return {
    file,
    top: {
      ...top,
      secrets: merged("secrets"),
      volumes: merged("volumes"),
      configs: merged("configs"),
    },
    services: all,
    unset: [...unset, ...included.flatMap((one) => one.unset)],
    variables,
    document: { ...given, ...Object.fromEntries(shared) },
  };
}

/** Compose specification, 14: a file, or files with `path`. */
function includesOf(given: unknown, { file, folder }: { file: string; folder: string }): string[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) throw refusal(file, ["include"], given, "a list of files");
  return given.flatMap((one, index) => {
    const paths = typeof one === "object" && one !== null ? (one as { path?: unknown }).path : one;
    return [paths].flat().map((path) => {
      if (typeof path !== "string")
        throw refusal(file, ["include", index], one, "a file, or a map with path");
      return resolve(folder, path);
    });
  });
}
