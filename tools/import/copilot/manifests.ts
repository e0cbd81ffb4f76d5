import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isMap } from "../../graph/stack-settings.ts";
import type { ImportOptions } from "../import-options.ts";
import type { Variables } from "../interpolation.ts";
import { checked, refusal } from "../refusal.ts";
import type { Path } from "../report.ts";
import { readYaml, shown } from "../yaml-source.ts";
import { type Manifest, manifestSchema } from "./manifest-schema.ts";

/** A manifest with the overrides of the environment that counts. */
export interface Workload {
  /** Under which its keys are told. */
  name: string;
  manifest: Manifest;
  /** The manifest as it stands, with the overrides in place. */
  document: Record<string, unknown>;
  file: string;
  /** Folders beside the manifest, such as `addons`. */
  beside: string[];
}

export interface CopilotSource {
  /** The folder that paths of manifests are relative to. */
  root: string;
  application: string;
  workloads: Workload[];
  /** Folders of `copilot/` that are no workloads. */
  others: string[];
}

/** Whether a folder has manifests, each in a folder of its own. */
export const isCopilot = (folder: string) =>
  readdirSync(folder).some((name) => existsSync(join(folder, name, "manifest.yml")));

/**
 * Reads the manifests of a folder `copilot/`, or one of them.
 *
 * @throws {PlanError} if a file is no YAML, a variable has no value, or a value is not allowed
 */
export function readManifests(source: string, options: ImportOptions): CopilotSource {
  const path = resolve(source);
  const single = statSync(path).isFile();
  const folders = single
    ? []
    : readdirSync(path, { withFileTypes: true })
        .filter((one) => one.isDirectory())
        .map(({ name }) => name)
        .sort();
  const named = folders.filter(
    (name) =>
      existsSync(join(path, name, "manifest.yml")) && !["environments", "pipelines"].includes(name),
  );
  const within = basename(dirname(dirname(path))) === "copilot";
  const root = single ? (within ? resolve(path, "../../..") : dirname(path)) : dirname(path);
  const files = single ? [path] : named.map((name) => join(path, name, "manifest.yml"));
  const application = applicationOf(single ? dirname(dirname(path)) : path) ?? basename(root);
  const workloads = files.map((file) => readWorkload(file, { application, single }, options));
  return { root, application, workloads, others: folders.filter((name) => !named.includes(name)) };
}

/** `copilot/.workspace` has the application's name. */
function applicationOf(folder: string): string | undefined {
  const file = join(folder, ".workspace");
  if (!existsSync(file)) return undefined;
  const { application } = readYaml(file);
  return typeof application === "string" ? application : undefined;
}

function readWorkload(
  file: string,
  { application, single }: { application: string; single: boolean },
  { copilotEnvironment, environment }: ImportOptions,
): Workload {
  const place = shown(file);
  const variables = {
    ...environment,
    COPILOT_APPLICATION_NAME: application,
    COPILOT_ENVIRONMENT_NAME: copilotEnvironment ?? "test",
  };
  const raw = readYaml(file);
  const given = overridden(raw, copilotEnvironment, place);
  const { environments, ...own } = given;
  const document = {
    ...(expanded(own, { file: place, variables }) as Record<string, unknown>),
    ...(environments !== undefined && { environments }),
  };
  const manifest = checked(manifestSchema, document, { file: place });
  const beside = single
    ? []
    : readdirSync(dirname(file), { withFileTypes: true })
        .filter((one) => one.isDirectory())
        .map((one) => one.name);
  return { name: manifest.name, manifest, document, file: place, beside };
}

/** The manifest with the overrides of an environment; they stay named under `environments`. */
function overridden(
  manifest: Record<string, unknown>,
  environment: string | undefined,
  file: string,
): Record<string, unknown> {
  const { environments } = manifest;
  if (environment === undefined || !isMap(environments)) return manifest;
  if (!Object.hasOwn(environments, environment)) return manifest;
  const { [environment]: own, ...others } = environments;
  if (own === null || own === undefined) return manifest;
  if (!isMap(own)) {
    throw refusal(file, ["environments", environment], own, "a map of overrides");
  }
  return overlaid({ ...manifest, environments: others }, own);
}

/**
 * A value with the variables of all its texts: `${NAME}`, and `\${NAME}` for the text itself
 * (aws/copilot-cli, internal/pkg/manifest/interpolate.go).
 *
 * @throws {PlanError} if a variable has no value, as Copilot does
 */
function expanded(
  value: unknown,
  source: { file: string; variables: Variables },
  path: Path = [],
): unknown {
  if (Array.isArray(value))
    return value.map((one, index) => expanded(one, source, [...path, index]));
  if (isMap(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, expanded(one, source, [...path, key])]),
    );
  }
  if (typeof value !== "string") return value;
  return value.replace(
    /(\\?)(\$\{([A-Za-z_]\w*)\})/g,
    (_, escaped: string, whole: string, name: string) => {
      if (escaped) return whole;
      const found = source.variables[name];
      if (found !== undefined) return found;
      throw refusal(source.file, path, value, `a value for ${name}, in the environment`);
    },
  );
}

/** Kinds of one value, of which the last one given counts (copilot docs, environments). */
const exclusive = [
  ["build", "location"],
  ["range", "spot"],
];

function overlaid(
  base: Record<string, unknown>,
  over: Record<string, unknown>,
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...base };
  for (const pair of exclusive) {
    for (const key of pair)
      if (key in over) for (const other of pair) if (other !== key) delete result[other];
  }
  for (const [key, value] of Object.entries(over)) {
    const former = result[key];
    const both = isMap(former) && isMap(value);
    result[key] = both ? overlaid(former, value) : value;
  }
  return result;
}
