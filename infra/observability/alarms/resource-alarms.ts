import { awsMetric, type Metric } from "../metrics.ts";
import type { ReadConfig, WatchedResource } from "../resource-metrics.ts";
import { type AlarmRule, fewestFailures, inARow } from "./alarm-rules.ts";

type ConfigOf<Kind> = Extract<ReadConfig, { kind: Kind }>;

const [minute, day] = [60, 86_400];
/** A consumer that starts on a new node takes some minutes; a message may wait for longer than that. */
const leastWaitSeconds = 15 * minute;
/** Aurora forces a database into read-only mode at 2,146,483,648. AWS recommends half of it. */
const mostTransactionIds = 1_000_000_000;

/**
 * What can go wrong with one resource.
 *
 * Nothing of a secret, which has no metrics, and nothing of a bucket: S3 counts errors only in request
 * metrics, each at the price of a custom metric, and its users see them first.
 */
export function resourceRules(resource: WatchedResource): AlarmRule[] {
  const { config } = resource;
  switch (config.kind) {
    case "bucket":
    case "secret":
      return [];
    case "cache":
      return cacheRules(resource);
    case "files":
      return filesRules(resource);
    case "postgres":
      return postgresRules(resource, config);
    case "queue":
      return queueRules(resource, config);
    case "table":
      return tableRules(resource, config);
    case "topic":
      return [failedDeliveries(resource)];
  }
}

/** An alarm on one metric, which tells somebody and takes silence for health. */
function ruleOf(
  { name }: WatchedResource,
  alarm: string,
  runbook: string,
  value: Metric,
  rule: Pick<AlarmRule, "says" | "comparison" | "threshold" | "periods" | "periodSeconds">,
): AlarmRule {
  return {
    name: `${name}/${alarm}`,
    runbook,
    metrics: { value },
    missing: "notBreaching",
    notifies: true,
    ...rule,
  };
}

/** The table itself and each of its indexes: DynamoDB counts them apart. */
function tableRules(resource: WatchedResource, { indexes = {} }: ConfigOf<"table">): AlarmRule[] {
  const { name, dimensions } = resource;
  const parts = [
    { part: `The table ${name}`, suffix: "", of: dimensions },
    ...Object.keys(indexes).map((index) => ({
      part: `The index ${index} of the table ${name}`,
      suffix: `-${index}`,
      of: { ...dimensions, GlobalSecondaryIndexName: index },
    })),
  ];
  return parts.flatMap(({ part, suffix, of }) =>
    (["Read", "Write"] as const).map((access) =>
      ruleOf(
        resource,
        `throttled-${access.toLowerCase()}s${suffix}`,
        "throttled-table",
        awsMetric("AWS/DynamoDB", `${access}ThrottleEvents`, "Sum", of),
        {
          says: `${part} has throttled ${access.toLowerCase()}s for 10 minutes.`,
          comparison: "GreaterThanOrEqualToThreshold",
          threshold: fewestFailures,
          // A table on demand grows within minutes, and the SDKs try again.
          ...inARow(2, "of 5 minutes"),
        },
      ),
    ),
  );
}

function queueRules(resource: WatchedResource, config: ConfigOf<"queue">): AlarmRule[] {
  const { name, dimensions, deadLetterDimensions } = resource;
  const mostSeconds = longestWaitSeconds(resource, config);
  return [
    ruleOf(
      resource,
      "old-messages",
      "old-messages",
      awsMetric("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", dimensions),
      {
        says: `The oldest message of the queue ${name} has been there for more than ${mostSeconds} s, for 5 minutes.`,
        comparison: "GreaterThanThreshold",
        threshold: mostSeconds,
        ...inARow(5),
      },
    ),
    ...(deadLetterDimensions
      ? [
          ruleOf(
            resource,
            "dead-letters",
            "dead-letters",
            // SQS does not count what it moves there as sent.
            awsMetric(
              "AWS/SQS",
              "ApproximateNumberOfMessagesVisible",
              "Maximum",
              deadLetterDimensions,
            ),
            {
              says: `Messages of the queue ${name} are in its dead-letter queue.`,
              comparison: "GreaterThanOrEqualToThreshold",
              threshold: 1,
              ...inARow(1, "of 5 minutes"),
            },
          ),
        ]
      : []),
  ];
}

/**
 * No message is older while all is well: after the longest pause of its readers, all tries at it take
 * so long. Half of the retention is left to those who are told.
 */
function longestWaitSeconds(
  { readEverySeconds }: Pick<WatchedResource, "readEverySeconds">,
  { maxReceives, visibilityTimeoutSeconds, retentionDays }: ConfigOf<"queue">,
): number {
  const tries = maxReceives * visibilityTimeoutSeconds;
  return Math.min(readEverySeconds + Math.max(leastWaitSeconds, tries), (retentionDays * day) / 2);
}

function failedDeliveries(resource: WatchedResource): AlarmRule {
  return ruleOf(
    resource,
    "failed-deliveries",
    "failed-deliveries",
    awsMetric("AWS/SNS", "NumberOfNotificationsFailed", "Sum", resource.dimensions),
    {
      says: `The topic ${resource.name} has given up deliveries to a queue.`,
      comparison: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      // SNS has tried for 23 days, or the queue has refused the message.
      ...inARow(1, "of 5 minutes"),
    },
  );
}

function postgresRules(resource: WatchedResource, config: ConfigOf<"postgres">): AlarmRule[] {
  const { name, dimensions } = resource;
  const { minCapacity, maxCapacity } = config;
  const connections = mostConnections(config);
  const rds = (metric: "ACUUtilization" | "DatabaseConnections" | "MaximumUsedTransactionIDs") =>
    awsMetric("AWS/RDS", metric, "Maximum", dimensions);
  const comparison = "GreaterThanThreshold";
  return [
    // At one size all the time it is always at its ceiling.
    ...(minCapacity < maxCapacity
      ? [
          ruleOf(resource, "capacity-ceiling", "capacity-ceiling", rds("ACUUtilization"), {
            says: `The database ${name} has been above 95 % of its most capacity, ${maxCapacity} ACUs, for 15 minutes.`,
            comparison,
            threshold: 95,
            ...inARow(15),
          }),
        ]
      : []),
    ruleOf(
      resource,
      "database-cpu",
      "database-cpu",
      // Of the most capacity, not of the present one. A reader that idles would halve the average.
      awsMetric("AWS/RDS", "CPUUtilization", "Average", { ...dimensions, Role: "WRITER" }),
      {
        says: `The database ${name} has used more than 90 % of the CPU of its most capacity for 15 minutes.`,
        comparison,
        threshold: 90,
        ...inARow(15),
      },
    ),
    ruleOf(resource, "connections", "database-connections", rds("DatabaseConnections"), {
      says: `The database ${name} has had more than four fifths of its ${connections} connections for 5 minutes.`,
      comparison,
      threshold: Math.floor(0.8 * connections),
      ...inARow(5),
    }),
    ruleOf(resource, "transaction-ids", "transaction-ids", rds("MaximumUsedTransactionIDs"), {
      says: `The database ${name} has transactions in use that are half as old as PostgreSQL can tell apart.`,
      comparison,
      threshold: mostTransactionIds,
      ...inARow(1, "of an hour"),
    }),
  ];
}

/**
 * The connections that Aurora allows by default: by the memory of the most capacity, 5,000 at most, and
 * 2,000 where it can shrink below 1 ACU. Aurora User Guide, "Maximum connections for Aurora Serverless
 * v2", whose table (189 of 1 ACU, 823 of 4, 1,669 of 8, 3,360 of 16) is this line.
 */
export function mostConnections({
  minCapacity,
  maxCapacity,
}: Pick<ConfigOf<"postgres">, "minCapacity" | "maxCapacity">): number {
  return Math.min(Math.floor(211.4 * maxCapacity - 22), minCapacity < 1 ? 2000 : 5000);
}

function cacheRules(resource: WatchedResource): AlarmRule[] {
  const { name, dimensions } = resource;
  const sustained = {
    comparison: "GreaterThanOrEqualToThreshold" as const,
    threshold: 1,
    ...inARow(3, "of 5 minutes"),
  };
  const sum = (metric: "Evictions" | "ThrottledCmds") =>
    awsMetric("AWS/ElastiCache", metric, "Sum", dimensions);
  return [
    ruleOf(resource, "evictions", "evictions", sum("Evictions"), {
      says: `The cache ${name} is full, and has dropped keys before their time for 15 minutes.`,
      ...sustained,
    }),
    ruleOf(resource, "throttled-commands", "throttled-commands", sum("ThrottledCmds"), {
      says: `The cache ${name} has refused commands as too many for 15 minutes.`,
      // A cache doubles what it takes within some minutes.
      ...sustained,
    }),
  ];
}

/**
 * Elastic throughput has no burst credits. What it has are the I/O limit of the General Purpose
 * performance mode, and a most throughput of the region.
 */
function filesRules(resource: WatchedResource): AlarmRule[] {
  const { name, dimensions } = resource;
  const efs = (
    metric: "MeteredIOBytes" | "PercentIOLimit" | "PermittedThroughput",
    statistic: "Average" | "Sum",
  ) => awsMetric("AWS/EFS", metric, statistic, dimensions);
  const comparison = "GreaterThanThreshold";
  return [
    ruleOf(resource, "io-limit", "file-system-limit", efs("PercentIOLimit", "Average"), {
      says: `The file system ${name} has been above 95 % of its I/O limit for 15 minutes.`,
      comparison,
      threshold: 95,
      ...inARow(3, "of 5 minutes"),
    }),
    {
      name: `${name}/throughput-limit`,
      runbook: "file-system-limit",
      says: `The file system ${name} has been above 90 % of its permitted throughput for 15 minutes.`,
      metrics: {
        metered: efs("MeteredIOBytes", "Sum"),
        permitted: efs("PermittedThroughput", "Average"),
      },
      expression: "100 * metered / PERIOD(metered) / permitted",
      comparison,
      threshold: 90,
      ...inARow(3, "of 5 minutes"),
      missing: "notBreaching",
      notifies: true,
    },
  ];
}
