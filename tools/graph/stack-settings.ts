import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { PlanError } from "./plan-error.ts";

/** The settings that the program of a stack gets. */
export interface Settings {
  project: string;
  stack: string;
  /** By full key (`project:key`); objects and lists as JSON, as from Pulumi. */
  config: Record<string, string>;
  /** Keys with an encrypted part, which reads `[secret]`. */
  secretKeys: string[];
}

/**
 * The path of a stack's settings below the folder: of the project, else of the example with its name.
 *
 * @throws {PlanError} if the stack does not exist
 */
export function settingsFile(stack: string, folder: string): string {
  const own = stacksIn(folder);
  const file = `Pulumi.${stack}.yaml`;
  if (own.includes(stack)) return file;
  const examples = exampleStacks(folder);
  if (examples.includes(stack)) return join(examplesFolder, stack, file);
  const there = `Stacks here: ${own.join(", ") || "none"}`;
  const more = examples.length > 0 ? `; examples: ${examples.join(", ")}` : "";
  throw new PlanError(`There is no stack "${stack}": ${file} is missing. ${there}${more}.`);
}

const examplesFolder = "examples";

function stacksIn(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();
}

/** The stacks of `examples/`, each with its settings in `<stack>/Pulumi.<stack>.yaml`. */
export function exampleStacks(folder: string): string[] {
  const examples = join(folder, examplesFolder);
  if (!existsSync(examples)) return [];
  return readdirSync(examples, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => stacksIn(join(examples, name)).includes(name))
    .sort();
}

/**
 * The settings of a stack: its file over the defaults of `Pulumi.yaml`.
 *
 * @throws {PlanError} if the stack does not exist, or a file is no valid YAML
 */
export function settingsOf(
  stack: string,
  folder: string,
  file = settingsFile(stack, folder),
): Settings {
  const { name, config: schema } = read(folder, "Pulumi.yaml");
  const project = String(name);
  const given = [
    ...Object.entries(mapOf(schema, "Pulumi.yaml: config")).map(([key, one]) => [key, preset(one)]),
    ...Object.entries(mapOf(read(folder, file).config, `${file}: config`)),
  ] as [key: string, value: unknown][];

  const config: Settings["config"] = {};
  const secretKeys = new Set<string>();
  for (const [key, value] of given.filter(([, value]) => value !== undefined)) {
    const fullKey = key.includes(":") ? key : `${project}:${key}`;
    config[fullKey] = textOf(
      masked(value, () => {
        secretKeys.add(fullKey);
      }),
    );
  }
  return { project, stack, config, secretKeys: [...secretKeys] };
}

/** The default of `Pulumi.yaml`: a plain value, or its schema's. */
function preset(schema: unknown): unknown {
  if (!isMap(schema)) return schema;
  return schema.value ?? schema.default;
}

function read(folder: string, file: string): Record<string, unknown> {
  try {
    return mapOf(parse(readFileSync(join(folder, file), "utf8"), { logLevel: "error" }), file);
  } catch (error) {
    if (error instanceof PlanError) throw error;
    throw new PlanError(`${file}: ${(error as Error).message.trim()}`);
  }
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An empty file, or a key without a value, is an empty map. */
function mapOf(value: unknown, where: string): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (!isMap(value)) throw new PlanError(`${where}: must be a map of keys and values`);
  return value;
}

/** Pulumi keeps an encrypted value as `secure: <cipher>`, at any depth. */
function masked(value: unknown, found: () => void): unknown {
  if (Array.isArray(value)) return value.map((one) => masked(one, found));
  if (!isMap(value)) return value;
  if (typeof value.secure === "string" && Object.keys(value).length === 1) {
    found();
    return "[secret]";
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, masked(one, found)]));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
