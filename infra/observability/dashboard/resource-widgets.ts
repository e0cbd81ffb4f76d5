import { awsMetric, type Emitter, type Metric, type MetricOf, type Watched } from "../metrics.ts";
import type { ReadConfig, WatchedResource } from "../resource-metrics.ts";
import { graph, heading, type Widget } from "./widgets.ts";

/** A graph of all resources of one kind. */
interface KindGraph {
  title: string;
  /** Of a resource, by what is written after its name. */
  metrics: (resource: WatchedResource) => Record<string, Metric>;
  unit?: string;
  /** Whether AWS measures it once a day: then the last 28 are shown. */
  daily?: boolean;
}

const writer = { Role: "WRITER" };

const kinds: Record<ReadConfig["kind"], { title: string; graphs: KindGraph[] }> = {
  bucket: {
    title: "Buckets",
    graphs: [
      {
        title: "Stored",
        metrics: of(
          "AWS/S3",
          { "": ["BucketSizeBytes", "Average"] },
          { StorageType: "StandardStorage" },
        ),
        unit: "bytes",
        daily: true,
      },
      {
        title: "Objects",
        metrics: of(
          "AWS/S3",
          { "": ["NumberOfObjects", "Average"] },
          { StorageType: "AllStorageTypes" },
        ),
        daily: true,
      },
    ],
  },
  cache: {
    title: "Caches",
    graphs: [
      {
        title: "Stored",
        metrics: of("AWS/ElastiCache", { "": ["BytesUsedForCache", "Maximum"] }),
        unit: "bytes",
      },
      {
        title: "Processing units a minute",
        metrics: of("AWS/ElastiCache", { "": ["ElastiCacheProcessingUnits", "Sum"] }),
      },
      {
        title: "Keys evicted, commands throttled a minute",
        metrics: of("AWS/ElastiCache", {
          evicted: ["Evictions", "Sum"],
          throttled: ["ThrottledCmds", "Sum"],
        }),
      },
      { title: "Hit rate", metrics: of("AWS/ElastiCache", { "": ["CacheHitRate", "Average"] }) },
    ],
  },
  files: {
    title: "File systems",
    graphs: [
      {
        title: "Of the I/O limit",
        metrics: of("AWS/EFS", { "": ["PercentIOLimit", "Average"] }),
        unit: "%",
      },
      {
        title: "Metered bytes a minute",
        metrics: of("AWS/EFS", { "": ["MeteredIOBytes", "Sum"] }),
        unit: "bytes",
      },
      {
        title: "Permitted bytes a second",
        metrics: of("AWS/EFS", { "": ["PermittedThroughput", "Average"] }),
        unit: "bytes",
      },
    ],
  },
  postgres: {
    title: "Databases",
    graphs: [
      {
        title: "Of the most capacity",
        metrics: (database) => ({
          ...of("AWS/RDS", { ACUs: ["ACUUtilization", "Maximum"] })(database),
          ...of("AWS/RDS", { CPU: ["CPUUtilization", "Average"] }, writer)(database),
        }),
        unit: "%",
      },
      {
        title: "Capacity units",
        metrics: of("AWS/RDS", { "": ["ServerlessDatabaseCapacity", "Average"] }),
      },
      { title: "Connections", metrics: of("AWS/RDS", { "": ["DatabaseConnections", "Maximum"] }) },
      {
        title: "Stored",
        metrics: of("AWS/RDS", { "": ["VolumeBytesUsed", "Average"] }),
        unit: "bytes",
      },
    ],
  },
  queue: {
    title: "Queues",
    graphs: [
      {
        title: "Age of the oldest message",
        metrics: of("AWS/SQS", { "": ["ApproximateAgeOfOldestMessage", "Maximum"] }),
        unit: "s",
      },
      {
        title: "Messages",
        metrics: of("AWS/SQS", {
          waiting: ["ApproximateNumberOfMessagesVisible", "Maximum"],
          received: ["ApproximateNumberOfMessagesNotVisible", "Maximum"],
        }),
      },
      {
        title: "Messages a minute",
        metrics: of("AWS/SQS", {
          sent: ["NumberOfMessagesSent", "Sum"],
          deleted: ["NumberOfMessagesDeleted", "Sum"],
        }),
      },
      {
        title: "Dead letters",
        metrics: ({ deadLetterDimensions: dimensions, ...queue }) =>
          dimensions
            ? of("AWS/SQS", { "": ["ApproximateNumberOfMessagesVisible", "Maximum"] })({
                ...queue,
                dimensions,
              })
            : {},
      },
    ],
  },
  secret: { title: "Secrets", graphs: [] },
  table: {
    title: "Tables",
    graphs: [
      {
        title: "Units a minute",
        metrics: ofTable({
          read: ["ConsumedReadCapacityUnits", "Sum"],
          written: ["ConsumedWriteCapacityUnits", "Sum"],
        }),
      },
      {
        title: "Throttled a minute",
        metrics: ofTable({
          reads: ["ReadThrottleEvents", "Sum"],
          writes: ["WriteThrottleEvents", "Sum"],
        }),
      },
    ],
  },
  topic: {
    title: "Topics",
    graphs: [
      {
        title: "Messages a minute",
        metrics: of("AWS/SNS", {
          published: ["NumberOfMessagesPublished", "Sum"],
          delivered: ["NumberOfNotificationsDelivered", "Sum"],
        }),
      },
      {
        title: "Failed deliveries a minute",
        metrics: of("AWS/SNS", { "": ["NumberOfNotificationsFailed", "Sum"] }),
      },
    ],
  },
};

/** A row of graphs for each kind that the stack has. */
export function resourceRows({
  watched,
  region,
}: {
  watched: Pick<Watched, "resources">;
  region: string;
}): Widget[][] {
  return Object.entries(kinds).flatMap(([kind, { title, graphs }]) => {
    const resources = watched.resources.filter(({ config }) => config.kind === kind);
    if (resources.length === 0 || graphs.length === 0) return [];
    return [
      [heading(`## ${title}`)],
      graphs.map((one) => kindGraph(title, one, resources, { share: graphs.length, region })),
    ];
  });
}

function kindGraph(
  kind: string,
  { title, metrics, unit, daily }: KindGraph,
  resources: WatchedResource[],
  options: { share: number; region: string },
): Widget {
  return graph(
    `${kind}: ${title.toLowerCase()}`,
    resources.flatMap((resource) =>
      Object.entries(metrics(resource)).map(([what, metric]) => ({
        label: `${resource.name} ${what}`.trim(),
        metric,
      })),
    ),
    { ...options, unit, ...(daily && { periodSeconds: 86_400, days: 28 }) },
  );
}

/** Metrics of a resource's dimensions and perhaps others, by what is written after its name. */
function of<Of extends Emitter>(
  namespace: Of,
  metrics: Record<string, [name: MetricOf<Of>, statistic: Metric["statistic"]]>,
  others: Record<string, string> = {},
): KindGraph["metrics"] {
  return ({ dimensions }) =>
    Object.fromEntries(
      Object.entries(metrics).map(([what, [name, statistic]]) => [
        what,
        awsMetric(namespace, name, statistic, { ...dimensions, ...others }),
      ]),
    );
}

/** Of a table and of each of its indexes, which the table's own metrics leave out. */
function ofTable(metrics: Parameters<typeof of<"AWS/DynamoDB">>[1]): KindGraph["metrics"] {
  return (table) => {
    const indexes = table.config.kind === "table" ? Object.keys(table.config.indexes ?? {}) : [];
    return Object.assign(
      of("AWS/DynamoDB", metrics)(table),
      ...indexes.map((index) =>
        of(
          "AWS/DynamoDB",
          Object.fromEntries(
            Object.entries(metrics).map(([what, metric]) => [`${index} ${what}`, metric]),
          ),
          { GlobalSecondaryIndexName: index },
        )(table),
      ),
    );
  };
}
