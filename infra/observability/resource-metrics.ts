import type * as pulumi from "@pulumi/pulumi";

/** What alarms and dashboard read of a resource's settings, by its kind. */
export type ReadConfig =
  | { kind: "bucket" | "cache" | "files" | "secret" | "topic" }
  | {
      kind: "queue";
      visibilityTimeoutSeconds: number;
      maxReceives: number;
      retentionDays: number;
    }
  | { kind: "postgres"; minCapacity: number; maxCapacity: number }
  | { kind: "table"; indexes?: Record<string, unknown> };

/** A resource of the settings, as its metrics name it. */
export interface WatchedResource {
  name: string;
  config: ReadConfig;
  dimensions: Record<string, pulumi.Input<string>>;
  /** Of its dead-letter queue. @default it has none */
  deadLetterDimensions?: Record<string, pulumi.Input<string>>;
  /**
   * So long its content may wait for a reader: 0 where a service reads it, the longest pause of the
   * jobs that do, or else Infinity.
   */
  readEverySeconds: number;
}

const buckets = [["BucketName", "StorageType"]];
const caches = [["clusterId"]];
const clusters = [["DBClusterIdentifier"], ["DBClusterIdentifier", "Role"]];
const fileSystems = [["FileSystemId"]];
const queues = [["QueueName"]];
const tables = [["TableName"], ["TableName", "GlobalSecondaryIndexName"]];
const topics = [["TopicName"]];

/**
 * The sets of dimensions with which AWS emits the metrics that we read of resources.
 *
 * Metric names, units and statistics: CloudWatch's metadata of its recommended alarms
 * (metric_metadata.json of awslabs/mcp, 100b55b, 2026-08). Dimensions: the developer guides of DynamoDB
 * ("Metrics and dimensions"), SQS, SNS, EFS and S3; the Aurora User Guide ("CloudWatch dimensions for
 * Aurora"). Metrics of a table leave its indexes out. ElastiCache: its guide, "Serverless metrics", and
 * `clusterId` by open-constructs/aws-cdk-library#68.
 */
export const emittedOfResources = {
  "AWS/DynamoDB": {
    ConsumedReadCapacityUnits: tables,
    ConsumedWriteCapacityUnits: tables,
    ReadThrottleEvents: tables,
    WriteThrottleEvents: tables,
  },
  "AWS/EFS": {
    MeteredIOBytes: fileSystems,
    PercentIOLimit: fileSystems,
    PermittedThroughput: fileSystems,
  },
  "AWS/ElastiCache": {
    BytesUsedForCache: caches,
    CacheHitRate: caches,
    ElastiCacheProcessingUnits: caches,
    Evictions: caches,
    ThrottledCmds: caches,
  },
  "AWS/RDS": {
    ACUUtilization: clusters,
    CPUUtilization: clusters,
    DatabaseConnections: clusters,
    MaximumUsedTransactionIDs: clusters,
    ServerlessDatabaseCapacity: clusters,
    VolumeBytesUsed: [["DBClusterIdentifier"]],
  },
  "AWS/S3": { BucketSizeBytes: buckets, NumberOfObjects: buckets },
  "AWS/SNS": {
    NumberOfMessagesPublished: topics,
    NumberOfNotificationsDelivered: topics,
    NumberOfNotificationsFailed: topics,
  },
  "AWS/SQS": {
    ApproximateAgeOfOldestMessage: queues,
    ApproximateNumberOfMessagesNotVisible: queues,
    ApproximateNumberOfMessagesVisible: queues,
    NumberOfMessagesDeleted: queues,
    NumberOfMessagesSent: queues,
  },
} as const;
