import { z } from "zod";
import { matching, oneOf, shortName } from "./values.ts";

const resourceName = () =>
  shortName("a name of 2 to 30 of a-z, 0-9 and single -, beginning with a letter");

/** Amazon DynamoDB Developer Guide, naming rules and data types of keys. */
const attribute = (meaning: string) =>
  matching(
    /^[\w.-]{1,255}(:[SNB])?$/,
    "an attribute such as id, or id:N with its type S (text), N (number) or B (binary)",
  ).describe(meaning);

const tableSchema = z.strictObject({
  kind: z.literal("table", "table").describe("A DynamoDB table, billed by request."),
  partitionKey: attribute("Partition key of a table, with its type; text without one."),
  sortKey: attribute("Sort key of a table, with its type; text without one.").optional(),
  timeToLive: matching(/^[\w.-]{1,255}$/, "an attribute such as expiresAt")
    .optional()
    .describe("Attribute with the time, in seconds since 1970, after which an item is deleted."),
});

const secretSchema = z.strictObject({
  kind: z.literal("secret", "secret").describe("A secret of Secrets Manager that a person fills."),
});

/** By kind. What is not a setting of a kind has a safe default (infra/resources/). */
const kinds = [secretSchema, tableSchema] as const;

/** What `uses` may ask of each kind, and what its variables are named after the resource's name. */
export const linkRules: Record<ResourceConfig["kind"], LinkRule> = {
  secret: { accesses: ["read"], variables: [], secrets: [""] },
  table: { accesses: ["read", "write", "readWrite"], variables: ["_TABLE"], secrets: [] },
};

interface LinkRule {
  accesses: Access[];
  variables: string[];
  /** Those whose value the secrets store fetches. */
  secrets: string[];
}

/** What the variables of a resource or a callee begin with: `ORDERS_DB` of `orders-db`. */
export const stemOf = (name: string) => name.toUpperCase().replaceAll("-", "_");

export const resourcesSchema = z
  .record(
    resourceName(),
    z.discriminatedUnion("kind", kinds, `a map with kind: ${kindNames().join(", ")}`),
    "a map of resources by name",
  )
  .default({});

function kindNames(): string[] {
  return kinds.map(({ shape }) => shape.kind.value);
}

export const usesSetting = z
  .record(resourceName(), oneOf(["read", "write", "readWrite"]), "access by resource")
  .default({})
  .describe(
    "Resources that it uses, each with `read`, `write` or `readWrite`. Its role, its network policy and its variables follow from it.",
  );

export type ResourceConfig = z.infer<(typeof kinds)[number]>;
export type TableConfig = z.infer<typeof tableSchema>;
export type Access = z.infer<typeof usesSetting>[string];
