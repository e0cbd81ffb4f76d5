import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { similar } from "./known-names.ts";

// Settings are read once; zod's compiled checks pay off only if they are read often.
z.config({ jitless: true });

/**
 * The project's settings of the stack, by a schema with its defaults; `texts` are those that are
 * taken as they stand, though they may look like numbers. A rule tells what is wrong between the
 * settings that are valid each by itself.
 *
 * Throws one `pulumi.RunError` with every problem.
 */
export function readSettings<Shape extends z.core.$ZodLooseShape>(
  schema: z.ZodObject<Shape>,
  texts: string[],
  rules: ((valid: Partial<z.infer<z.ZodObject<Shape>>>) => string[])[] = [],
): z.infer<z.ZodObject<Shape>> {
  const project = pulumi.getProject();
  const given = settingsOf(project, texts);
  const parsed = schema.safeParse(given);
  const valid = validOnes(schema, given);
  const problems = [
    ...describeAll(parsed.error?.issues ?? [], { schema, given }),
    ...rules.flatMap((check) => check(valid)),
  ];
  if (!parsed.success || problems.length > 0) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    const lines = problems.map((problem) => `  ${project}:${problem}`);
    throw new pulumi.RunError([`Pulumi.${pulumi.getStack()}.yaml: ${count}`, ...lines].join("\n"));
  }
  return parsed.data;
}

/** The project's settings as one object; texts, and values that are no JSON, stay the strings they are. */
function settingsOf(project: string, texts: string[]): Record<string, unknown> {
  const config = new pulumi.Config(project);
  const names = Object.keys(pulumi.runtime.allConfig())
    .filter((key) => key.startsWith(`${project}:`))
    .map((key) => key.slice(project.length + 1));
  return Object.fromEntries(
    names.map((name) => {
      const text = config.require(name);
      if (texts.includes(name)) return [name, text];
      try {
        return [name, JSON.parse(text)];
      } catch {
        return [name, text];
      }
    }),
  );
}

/** The settings that are valid each by itself, with their defaults. */
function validOnes<Shape extends z.core.$ZodLooseShape>(
  schema: z.ZodObject<Shape>,
  given: Record<string, unknown>,
): Partial<z.infer<z.ZodObject<Shape>>> {
  return Object.fromEntries(
    Object.entries(schema.shape).flatMap(([name, one]) => {
      const parsed = (one as z.ZodType).safeParse(given[name]);
      return parsed.success ? [[name, parsed.data]] : [];
    }),
  ) as Partial<z.infer<z.ZodObject<Shape>>>;
}

interface Read {
  schema: z.ZodObject;
  given: unknown;
}

/** Of the settings as they are given, before defaults. */
export const jsonSchemaOptions = { io: "input", unrepresentable: "any" } as const;

/** The names of the settings that a map at a path may have, of whichever kind it is. */
function settingsAt(schema: z.core.JSONSchema.JSONSchema, path: PropertyKey[]): string[] {
  const of = (one: z.core.JSONSchema._JSONSchema | undefined) =>
    typeof one === "object" ? settingsAt(one, path) : [];
  const among = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  const [name, ...rest] = path;
  const own =
    name === undefined
      ? Object.keys(schema.properties ?? {})
      : [schema.properties?.[String(name)] ?? schema.additionalProperties ?? schema.items].flatMap(
          (one) => (typeof one === "object" && !Array.isArray(one) ? settingsAt(one, rest) : []),
        );
  return [...new Set([...own, ...among.flatMap(of)])];
}

/** Where a key has no setting, a rule of its map would only say once more that another one is missing. */
function describeAll(issues: z.core.$ZodIssue[], read: Read): string[] {
  const at = ({ path }: z.core.$ZodIssue) => JSON.stringify(path.map(String));
  const misspelled = issues.filter(({ code }) => code === "unrecognized_keys").map(at);
  return issues
    .filter((issue) => issue.code !== "custom" || !misspelled.includes(at(issue)))
    .flatMap((issue) => describe(issue, read));
}

function describe(issue: z.core.$ZodIssue, { schema, given }: Read): string[] {
  const at = (path: PropertyKey[]) => path.map(String).join(".");
  if (issue.code === "invalid_union") {
    // The one that takes such a value at all says what is wrong within it.
    const meant = issue.errors.find((branch) => branch.every((one) => !isOfOtherType(one)));
    const within = meant?.map((one) => ({ ...one, path: [...issue.path, ...one.path] }));
    if (within) return describeAll(within, { schema, given });
  }
  if (issue.code === "unrecognized_keys") {
    const known = settingsAt(z.toJSONSchema(schema, jsonSchemaOptions), issue.path);
    return issue.keys.map((key) => {
      const meant = similar(key, known);
      const hint = meant === undefined ? "" : `; ${meant} is the nearest`;
      return `${at([...issue.path, key])}: there is no such setting${hint}`;
    });
  }
  if (issue.code === "invalid_key") {
    const key = String(issue.path.at(-1));
    return [`${at(issue.path.slice(0, -1))}: ${key} is not allowed: ${issue.issues[0]?.message}`];
  }
  const value = issue.path.reduce<unknown>(
    (object, key) => (object as Record<PropertyKey, unknown> | undefined)?.[key],
    given,
  );
  const allowed =
    issue.code === "invalid_type" && issue.expected === "object"
      ? "a map of settings"
      : issue.code === "too_small" && issue.origin === "number"
        ? `at least ${issue.minimum}`
        : issue.code === "too_big" && issue.origin === "number"
          ? `at most ${issue.maximum}`
          : issue.message;
  return [
    value === undefined
      ? `${at(issue.path)}: is missing; allowed: ${allowed}`
      : `${at(issue.path)}: ${JSON.stringify(value)} is not allowed: ${allowed}`,
  ];
}

function isOfOtherType({ code, path }: z.core.$ZodIssue): boolean {
  return code === "invalid_type" && path.length === 0;
}
