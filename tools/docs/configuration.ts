import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { instanceType } from "../../infra/cluster/instance-types.ts";
import { settingsSchema } from "../../infra/config/schema.ts";

/** A family of each kind that infra/cluster/instance-types.ts has. */
const families = ["t4g", "t3a", "m7g", "c7g", "r7g", "m8i", "m8a"];
const project = parse(readFileSync(new URL("../../Pulumi.yaml", import.meta.url), "utf8"));
export const projectDefaults: Record<string, string | undefined> = Object.fromEntries(
  Object.entries<{ default?: string }>(project.config).map(([key, of]) => [key, of.default]),
);
const sizes = [
  ...["nano", "micro", "small", "medium", "large", "xlarge", "2xlarge", "4xlarge"],
  ...["8xlarge", "12xlarge", "16xlarge", "24xlarge"],
];

// biome-ignore lint/suspicious/noExplicitAny: zod's definitions differ by type
type Definition = any;

/** One setting: what docs/configuration.md says of it. */
interface Setting {
  key: string;
  meaning: string;
  /** In the words of the error that any other value gets. */
  allowed: string;
  /** As YAML; nothing when the setting must be given or has no default. */
  default?: string;
  required: boolean;
  /** The optional group without which it need not be given. */
  group?: string;
}

/** Settings by a name that the stack chooses. */
const records: Record<string, Pick<Setting, "meaning" | "required">> = {
  services: { meaning: "A service, its namespace and its role.", required: true },
  jobs: { meaning: "A job, its namespace and its role.", required: false },
  "nodes.groups": {
    meaning:
      "A further managed node group beside the one that the keys of `nodes` describe, such as one of Spot instances (docs/nodes.md).",
    required: false,
  },
};

/** Every setting of the schema, in its order; `<name>` stands for the name of a service. */
export function settingsOfSchema(schema: z.core.$ZodType, key = "", group?: string): Setting[] {
  const { inner, optional, preset, meaning } = unwrapped(schema);
  const { type, shape, valueType, keyType } = definitionOf(inner);
  const below = (name: string) => (key ? `${key}.${name}` : name);
  if (type === "object" && key !== "release") {
    return Object.entries<z.core.$ZodType>(shape).flatMap(([name, of]) =>
      settingsOfSchema(of, below(name), optional ? key : group),
    );
  }
  if (type === "record" && key === "resources") {
    return definitionOf(valueType).options.flatMap((kind: z.ZodObject<{ kind: z.ZodLiteral }>) => {
      const name = `resources.<${kind.shape.kind.value}>`;
      return settingsOfSchema(kind, name, name);
    });
  }
  const record = type === "record" ? records[key] : undefined;
  if (record) {
    const name = { key: `${key}.<name>`, ...record };
    return [
      { ...name, allowed: wordsOf(keyType).join("; ") },
      ...settingsOfSchema(
        valueType,
        `${key}.<name>`,
        key === "services" ? undefined : `${key}.<name>`,
      ),
    ];
  }
  return [
    {
      key,
      meaning: meaning ?? "",
      allowed: wordsOf(inner).join("; "),
      ...(preset !== undefined && { default: JSON.stringify(preset) }),
      required: !optional && preset === undefined,
      ...(group && { group }),
    },
  ];
}

/** The page, with a row for each setting and each instance type that the capacity check knows. */
export function configurationPage(): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const rows = settingsOfSchema(settingsSchema).map((setting) => {
    const { key, meaning, allowed } = setting;
    return `| \`${key}\` | ${cell(meaning)} | ${cell(allowed)} | ${cell(defaultOf(setting))} |`;
  });
  const types = families.flatMap((family) =>
    sizes.flatMap((size) => {
      const type = instanceType(`${family}.${size}`);
      if (!type) return [];
      const { vcpus, memoryMiB, interfaces, addressesPerInterface } = type;
      const pods = interfaces * (addressesPerInterface - 1) + 2;
      return `| ${family}.${size} | ${vcpus} | ${memoryMiB / 1024} | ${interfaces} | ${pods} |`;
    }),
  );
  return [
    "# Configuration",
    "",
    "Written by `npm run docs` from infra/config/schema.ts. Settings stand in `Pulumi.<stack>.yaml` with",
    "the prefix `platform:`. All problems are reported at once, unknown keys too.",
    "",
    "Editors complete and check these files by [stack.schema.json](stack.schema.json). VS Code's YAML extension finds it by",
    "the first line of the file. In a JetBrains IDE, map it to `Pulumi.*.yaml` (Settings, JSON Schema Mappings). Rules",
    "between settings are the plan's alone.",
    "",
    "| setting | meaning | allowed | default |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
    "## Instance types",
    "",
    "The capacity check knows common families of today. One of each kind, with the pods that EKS allows:",
    "",
    "| type | vCPU | memory, GiB | network interfaces | pods |",
    "| --- | --- | --- | --- | --- |",
    ...types,
    "",
  ].join("\n");
}

/** The schema's default, or what Pulumi.yaml gives to all stacks. */
function defaultOf({ key, default: preset, required, group }: Setting): string {
  const given = preset ?? projectDefaults[key];
  if (given !== undefined) return `\`${given}\``;
  if (!required) return "";
  return group ? `required with \`${group}\`` : "**required**";
}

const definitionOf = (schema: z.core.$ZodType): Definition => schema._zod.def;

function unwrapped(schema: z.core.$ZodType) {
  let inner = schema;
  let optional = false;
  // A default that depends on another setting stands beside the description.
  let preset = z.globalRegistry.get(schema)?.default;
  let meaning = z.globalRegistry.get(schema)?.description;
  for (;;) {
    const { type, innerType, in: input, defaultValue } = definitionOf(inner);
    if (type === "optional") optional = true;
    else if (type === "default") preset ??= defaultValue;
    else if (type !== "pipe" && type !== "prefault") return { inner, optional, preset, meaning };
    inner = innerType ?? input;
    meaning ??= z.globalRegistry.get(inner)?.description;
  }
}

/** What the errors of a schema and of its elements say is allowed. */
export function wordsOf(schema: z.core.$ZodType): string[] {
  const { inner } = unwrapped(schema);
  const { type, error, element, keyType, valueType, shape, checks = [] } = definitionOf(inner);
  const own = [error, ...checks.map((check: z.core.$ZodCheck) => check._zod.def.error)];
  const words = own.flatMap((say) => {
    const text = say?.({ code: "custom", input: undefined });
    return typeof text === "string" ? text : [];
  });
  const parts: string[] = element
    ? wordsOf(element)
    : type === "record"
      ? [...wordsOf(keyType).map((one) => `keys: ${one}`), ...wordsOf(valueType)]
      : type === "object" && "image" in shape
        ? ["the settings of a container, from `image` to `memoryMiB`"]
        : type === "object"
          ? Object.entries<z.core.$ZodType>(shape).flatMap(([name, of]) =>
              wordsOf(of).map((one) => `${name}: ${one}`),
            )
          : [];
  return [...new Set([...words, ...parts])];
}
