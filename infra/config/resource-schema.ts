import { z } from "zod";
import { flag, matching, oneOf, shortName, whole } from "./values.ts";

/** Amazon DynamoDB Developer Guide, naming rules and data types of keys. */
const attribute = (meaning: string) =>
  matching(
    /^[\w.-]{1,255}(:[SNB])?$/,
    "an attribute such as id, or id:N with its type S (text), N (number) or B (binary)",
  ).describe(meaning);

const bucketSchema = z.strictObject({
  kind: z.literal("bucket", "bucket").describe("An S3 bucket that keeps versions of its objects."),
  keepVersionsDays: whole(1, 3650)
    .default(30)
    .describe("Days after which an object's old version is deleted."),
  expireDays: whole(1, 3650)
    .optional()
    .describe("Days after which an object is deleted. Default: never."),
});

const queueSchema = z.strictObject({
  kind: z.literal("queue", "queue").describe("An SQS queue with a dead-letter queue."),
  fifo: flag()
    .default(false)
    .describe("Keeps the order of messages in a group, and takes none of them twice."),
  visibilityTimeoutSeconds: whole(1, 43_200)
    .default(30)
    .describe("Time that a consumer has for a message, in seconds. Then others receive it."),
  retentionDays: whole(1, 13)
    .default(4)
    .describe("Days that a message waits to be received. A dead letter is kept until day 14."),
  maxReceives: whole(1, 1000)
    .default(5)
    .describe("How often a message is received before it is a dead letter."),
});

const topicSchema = z.strictObject({
  kind: z.literal("topic", "topic").describe("An SNS topic that delivers to queues."),
  deliverTo: z
    .array(shortName(), "a list of queues of platform:resources")
    .default([])
    .describe("Queues of `resources` that get every message, as it was published."),
});

/** Amazon DynamoDB Developer Guide, quotas: 20 for a table. */
const mostIndexes = 20;

const tableSchema = z.strictObject({
  kind: z.literal("table", "table").describe("A DynamoDB table, billed by request."),
  partitionKey: attribute("Partition key of a table, with its type; text without one."),
  sortKey: attribute("Sort key of a table, with its type; text without one.").optional(),
  timeToLive: matching(/^[\w.-]{1,255}$/, "an attribute such as expiresAt")
    .optional()
    .describe("Attribute with the time, in seconds since 1970, after which an item is deleted."),
  indexes: z
    .record(
      matching(/^[\w.-]{3,255}$/, "a name of 3 to 255 of a-z, A-Z, 0-9, _, - and ."),
      z.strictObject({
        partitionKey: attribute("Partition key of the index."),
        sortKey: attribute("Sort key of the index.").optional(),
      }),
      "a map of indexes by name",
    )
    .refine((indexes) => Object.keys(indexes).length <= mostIndexes, `at most ${mostIndexes}`)
    .default({})
    .describe(
      "Global secondary indexes by name, each with `partitionKey` and perhaps `sortKey`. They have all attributes.",
    ),
});

const secretSchema = z.strictObject({
  kind: z.literal("secret", "secret").describe("A secret of Secrets Manager that a person fills."),
});

/**
 * The major versions of Aurora PostgreSQL that can be made, the oldest first. Standard support ends in
 * February 2029, 2030 and 2031 (Aurora PostgreSQL release calendar: five years after the community's
 * release). All their default minor versions can pause.
 */
export const postgresVersions = ["16", "17", "18"] as const;

/** Aurora capacity units. Amazon Aurora User Guide, Serverless v2 capacity. */
const capacity = (min: number) => {
  const allowed = `a multiple of 0.5 from ${min} to 256`;
  return z.number(allowed).min(min, allowed).max(256, allowed).multipleOf(0.5, allowed);
};

const postgresSchema = z.strictObject({
  kind: z
    .literal("postgres", "postgres")
    .describe("A PostgreSQL database: Aurora Serverless v2, with a password that RDS manages."),
  version: z
    .enum(postgresVersions, `one of "${postgresVersions.join('", "')}", in quotes`)
    .describe("Major version of PostgreSQL. AWS applies minor versions in the maintenance window."),
  minCapacity: capacity(0)
    .default(0.5)
    .describe("Fewest capacity units, of 2 GiB each. 0 pauses an idle database."),
  maxCapacity: capacity(1)
    .default(2)
    .describe("Most capacity units. They also limit the number of connections."),
  pauseAfterMinutes: whole(5, 1440)
    .optional()
    .describe("Minutes without a connection until a pause, with `minCapacity: 0`. Default: 5."),
  replicas: whole(0, 15)
    .optional()
    .describe("Instances besides the first, in other zones. Default: 1 in production, else 0."),
  backupRetentionDays: whole(1, 35).default(7).describe("Days whose every second can be restored."),
  passwordRotationDays: whole(1, 365)
    .optional()
    .describe("Days between rotations of the password. Default: it is rotated by hand."),
});

const cacheSchema = z.strictObject({
  kind: z.literal("cache", "cache").describe("A cache: ElastiCache Serverless with Valkey."),
  maxStorageGiB: whole(1, 5000)
    .default(1)
    .describe("Most GiB that the cache holds. Above it Valkey evicts what has an expiry."),
  maxRequestsPerSecond: whole(1000, 15_000_000)
    .default(5000)
    .describe("Most requests a second, each of up to 1 KB (ElastiCache processing units)."),
});

const filesSchema = z.strictObject({
  kind: z
    .literal("files", "files")
    .describe("An EFS file system, mounted into the containers of its users."),
  user: whole(1, 4_294_967_295)
    .default(65_532)
    .describe("User ID that owns all files, whoever writes them."),
  group: whole(1, 4_294_967_295)
    .optional()
    .describe("Group ID that owns all files. Default: `user`."),
  // At most four folders deep (Amazon EFS API, RootDirectory).
  directory: matching(
    /^(?=.{2,100}$)(\/(?!\.{1,2}(\/|$))[\w.-]+){1,4}$/,
    "an absolute path of 1 to 4 folders such as /data, of at most 100 characters",
  )
    .default("/data")
    .describe("Folder of the file system that its users get; EFS makes it."),
});

/** By kind. What is not a setting of a kind has a safe default (infra/resources/). */
const kinds = [
  bucketSchema,
  cacheSchema,
  filesSchema,
  postgresSchema,
  queueSchema,
  secretSchema,
  tableSchema,
  topicSchema,
] as const;

/** What `uses` may ask of each kind, and what its variables are named after the resource's name. */
export const linkRules: Record<ResourceConfig["kind"], LinkRule> = {
  bucket: { accesses: ["read", "write", "readWrite"], variables: ["_BUCKET"], secrets: [] },
  cache: {
    accesses: ["readWrite"],
    because: "it has no users to tell apart",
    variables: ["_HOST", "_PORT", "_URL"],
    secrets: [],
  },
  postgres: {
    accesses: ["readWrite"],
    because: "it has one user, who owns the database",
    variables: ["_HOST", "_PORT", "_DATABASE", "_USER"],
    secrets: ["_PASSWORD"],
  },
  files: { accesses: ["read", "readWrite"], variables: ["_PATH"], secrets: [] },
  queue: { accesses: ["read", "write", "readWrite"], variables: ["_URL"], secrets: [] },
  secret: { accesses: ["read"], variables: [], secrets: [""] },
  table: { accesses: ["read", "write", "readWrite"], variables: ["_TABLE"], secrets: [] },
  topic: { accesses: ["write"], variables: ["_ARN"], secrets: [] },
};

interface LinkRule {
  accesses: Access[];
  /** Why it has no other access. */
  because?: string;
  variables: string[];
  /** Those whose value the secrets store fetches. */
  secrets: string[];
}

/** What the variables of a kind end with. */
export function suffixesOf(kind: ResourceConfig["kind"]): string[] {
  const { variables, secrets } = linkRules[kind];
  return [...variables, ...secrets];
}

/** What the variables of a resource or a callee begin with: `ORDERS_DB` of `orders-db`. */
export const stemOf = (name: string) => name.toUpperCase().replaceAll("-", "_");

/** Where the users of files find them. */
export const folderOf = (name: string) => `/mnt/${name}`;

export const resourcesSchema = z
  .record(
    shortName(),
    z.discriminatedUnion("kind", kinds, `a map with kind: ${kindNames().join(", ")}`),
    "a map of resources by name",
  )
  .default({});

function kindNames(): string[] {
  return kinds.map(({ shape }) => shape.kind.value);
}

export const usesSetting = z
  .record(shortName(), oneOf(["read", "write", "readWrite"]), "access by resource")
  .default({})
  .describe(
    "Resources that it uses, each with `read`, `write` or `readWrite`. Its role, its network policy and its variables follow from it.",
  );

export type ResourceConfig = z.infer<(typeof kinds)[number]>;
/** What has no address in the VPC, and works as soon as it is there. */
export type StoreConfig = Extract<ResourceConfig, { kind: "bucket" | "queue" | "table" | "topic" }>;

export const isStore = (config: ResourceConfig): config is StoreConfig =>
  ["bucket", "queue", "table", "topic"].includes(config.kind);
export type BucketConfig = z.infer<typeof bucketSchema>;
export type FilesConfig = z.infer<typeof filesSchema>;
export type QueueConfig = z.infer<typeof queueSchema>;
export type CacheConfig = z.infer<typeof cacheSchema>;
export type PostgresConfig = z.infer<typeof postgresSchema>;
export type TableConfig = z.infer<typeof tableSchema>;
export type Access = z.infer<typeof usesSetting>[string];
