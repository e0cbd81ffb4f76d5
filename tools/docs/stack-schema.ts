import { z } from "zod";
import { jsonSchemaOptions } from "../../infra/config/reading.ts";
import { settingsSchema } from "../../infra/config/schema.ts";
import { projectDefaults, wordsOf } from "./configuration.ts";

/** Types whose values an editor judges by the words of the program's own errors. */
const leaves = new Set(["string", "number", "boolean", "enum", "literal"]);

/**
 * The JSON schema of `Pulumi.<stack>.yaml` for editors: every setting with its description, its default and
 * what is allowed. It has no rules between settings: the plan has.
 */
export function stackSchema(): object {
  const { $schema, definitions, properties, required } = z.toJSONSchema(settingsSchema, {
    ...jsonSchemaOptions,
    target: "draft-07",
    reused: "ref",
    override: ({ zodSchema, jsonSchema }) => {
      const words = wordsOf(zodSchema).join("; ");
      // Of the YAML language server, in place of the pattern.
      if (leaves.has(zodSchema._zod.def.type) && words) jsonSchema.errorMessage = words;
    },
  });
  const settings = Object.entries(properties ?? {}).map(([name, schema]) => [
    `platform:${name}`,
    name in projectDefaults && typeof schema === "object"
      ? { ...schema, default: projectDefaults[name] }
      : schema,
  ]);
  return {
    $schema,
    title: "Settings of a stack of the platform",
    type: "object",
    properties: {
      config: {
        type: "object",
        properties: Object.fromEntries(settings),
        patternProperties: { "^(?!platform:)": true },
        additionalProperties: false,
        required: (required ?? [])
          .filter((name) => projectDefaults[name] === undefined)
          .map((name) => `platform:${name}`),
      },
    },
    required: ["config"],
    definitions,
  };
}
