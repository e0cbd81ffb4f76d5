import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { linkRules } from "../../../infra/config/resource-schema.ts";
import { mostConnections } from "../../../infra/observability/alarms/resource-alarms.ts";
import {
  Observability,
  type ObservabilityArgs,
} from "../../../infra/observability/observability.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { observabilityArgs } from "../../support/observability-args.ts";

const { measured } = observabilityArgs.resources;
type Measured = (typeof measured)[number];

/** Each with its metrics, its statistic and its threshold, by kind. */
const expected: Record<string, Record<string, [metric: string, stat: string, limit: number]>> = {
  cache: {
    evictions: ["Evictions", "Sum", 1],
    "throttled-commands": ["ThrottledCmds", "Sum", 1],
  },
  files: {
    "io-limit": ["PercentIOLimit", "Average", 95],
    "throughput-limit": ["MeteredIOBytes", "Sum", 90],
  },
  postgres: {
    "capacity-ceiling": ["ACUUtilization", "Maximum", 95],
    connections: ["DatabaseConnections", "Maximum", 1335],
    "database-cpu": ["CPUUtilization", "Average", 90],
    "transaction-ids": ["MaximumUsedTransactionIDs", "Maximum", 1e9],
  },
  queue: {
    "dead-letters": ["ApproximateNumberOfMessagesVisible", "Maximum", 1],
    "old-messages": ["ApproximateAgeOfOldestMessage", "Maximum", 900],
  },
  table: {
    "throttled-reads": ["ReadThrottleEvents", "Sum", 5],
    "throttled-reads-byCustomer": ["ReadThrottleEvents", "Sum", 5],
    "throttled-writes": ["WriteThrottleEvents", "Sum", 5],
    "throttled-writes-byCustomer": ["WriteThrottleEvents", "Sum", 5],
  },
  topic: { "failed-deliveries": ["NumberOfNotificationsFailed", "Sum", 1] },
};

/** Kinds without an alarm, and without a graph. */
const silent = { alarms: ["bucket", "secret"], graphs: ["secret"] };

describe("alarms on resources", () => {
  let resources: Resource[];
  const observe = (changes: Partial<ObservabilityArgs> = {}) =>
    deploy(() => new Observability("observability", { ...observabilityArgs, ...changes }));
  const alarmsOf = (all: Resource[]) => all.filter(({ type }) => type.endsWith(":MetricAlarm"));
  const readOf = ({ inputs }: Resource) =>
    inputs.metricQueries.flatMap(({ metric }: { metric?: object }) => metric ?? []);
  /** The limits of one resource, by alarm. */
  const limits = async (one: Measured, changes: Partial<ObservabilityArgs> = {}) => {
    const all = await observe({ resources: { measured: [one] }, ...changes });
    return Object.fromEntries(
      alarmsOf(all)
        .filter(({ name }) => name.startsWith(`${one.name}/`))
        .map(({ name, inputs }) => [name.slice(one.name.length + 1), inputs.threshold]),
    );
  };
  const kind = (name: string) => measured.find((one) => one.name === name) as Measured;

  before(async () => {
    resources = await observe();
  });

  for (const name of Object.keys(linkRules)) {
    it(`watch the kind ${name}`, () => {
      const one = measured.find(({ config }) => config.kind === name);
      assert.ok(one, `no resource of the kind ${name} in test/support/observability-args.ts`);
      const watched = alarmsOf(resources).some((alarm) => alarm.name.startsWith(`${one.name}/`));
      assert.equal(watched, !silent.alarms.includes(name));
      const { dashboardBody } = only(resources, "aws:cloudwatch/dashboard:Dashboard").inputs;
      const [dimension] = Object.values(one.dimensions);
      const shown = dimension !== undefined && dashboardBody.includes(`"${dimension}"`);
      assert.equal(shown, !silent.graphs.includes(name));
    });
  }

  it("go off at these numbers", () => {
    const found = Object.fromEntries(
      measured
        .filter(({ name }) => !silent.alarms.includes(name))
        .map(({ name }) => [
          name,
          Object.fromEntries(
            alarmsOf(resources)
              .filter((alarm) => alarm.name.startsWith(`${name}/`))
              .map((alarm) => {
                const [{ metricName, stat }] = readOf(alarm);
                const title = alarm.name.slice(name.length + 1);
                // A few events are counted; all else is a level that may be reached.
                const counts = alarm.inputs.threshold <= 5;
                assert.equal(
                  alarm.inputs.comparisonOperator,
                  counts ? "GreaterThanOrEqualToThreshold" : "GreaterThanThreshold",
                );
                return [title, [metricName, stat, alarm.inputs.threshold]];
              }),
          ),
        ]),
    );
    assert.deepEqual(found, expected);
  });

  it("are about the resource itself, its index or its dead-letter queue", () => {
    const dimensions = Object.fromEntries(
      alarmsOf(resources).map((alarm) => [alarm.name, readOf(alarm)[0].dimensions]),
    );
    for (const { name, dimensions: own } of measured) {
      for (const [alarm, read] of Object.entries(dimensions)) {
        if (!alarm.startsWith(`${name}/`) || alarm === "queue/dead-letters") continue;
        for (const [key, value] of Object.entries(own)) assert.equal(read[key], value, alarm);
      }
    }
    assert.deepEqual(dimensions["queue/dead-letters"], { QueueName: "queue-dead-letters-1" });
    assert.deepEqual(dimensions["table/throttled-reads"], { TableName: "table-1" });
    assert.deepEqual(dimensions["table/throttled-writes-byCustomer"], {
      TableName: "table-1",
      GlobalSecondaryIndexName: "byCustomer",
    });
    assert.equal(dimensions["postgres/database-cpu"].Role, "WRITER");
  });

  describe("old messages", () => {
    const queue = (settings: object): Measured => {
      const { config, ...rest } = kind("queue");
      return { ...rest, config: { ...config, ...settings } as Measured["config"] };
    };
    const seconds = async (settings: object, changes: Partial<ObservabilityArgs> = {}) =>
      (await limits(queue(settings), changes))["old-messages"];
    const web = { maxReplicas: 1, drain: "own" as const };
    const daily = { deadlineSeconds: 3600, schedule: "0 3 * * *", timeZone: "Etc/UTC" };

    it("are older than 15 minutes, or than all tries at them", async () => {
      assert.equal(await seconds({ visibilityTimeoutSeconds: 180 }), 900);
      assert.equal(await seconds({ visibilityTimeoutSeconds: 181 }), 905);
    });

    it("have half of the retention left at the latest", async () => {
      const tries = { maxReceives: 1000, visibilityTimeoutSeconds: 43_200 };
      assert.equal(await seconds({ ...tries, retentionDays: 1 }), 43_200);
    });

    it("wait for the next run of the job that reads them, where no service does", async () => {
      const scale = { web: { ...web, uses: { queue: "write" as const } } };
      const jobs = { tidy: { ...daily, uses: { queue: "read" as const } } };
      assert.equal(await seconds({}, { scale, jobs }), 25 * 3600 + 300 + 900);
      const both = { ...jobs, often: { ...jobs.tidy, schedule: "@hourly" } };
      assert.equal(await seconds({}, { scale, jobs: both }), 2 * 3600 + 300 + 900);
      const served = { web: { ...web, uses: { queue: "read" as const } } };
      assert.equal(await seconds({}, { scale: served, jobs }), 900);
    });

    it("wait for half of the retention where nobody reads them, or a job by hand", async () => {
      const byHand = { deadlineSeconds: 60, schedule: undefined, timeZone: "Etc/UTC" };
      const jobs: ObservabilityArgs["jobs"][] = [
        {},
        { tidy: { ...byHand, uses: { queue: "read" } } },
        { tidy: { ...daily, uses: { queue: "write" } } },
      ];
      for (const each of jobs) {
        assert.equal(await seconds({}, { scale: {}, jobs: each }), 2 * 86_400);
      }
    });
  });

  describe("databases", () => {
    const database = (minCapacity: number, maxCapacity: number): Measured => ({
      ...kind("postgres"),
      config: { kind: "postgres", minCapacity, maxCapacity },
    });

    it("allow as many connections as Aurora's table says", () => {
      const table: [min: number, max: number, connections: number][] = [
        [1, 1, 189],
        [1, 4, 823],
        [1, 8, 1669],
        [1, 16, 3360],
        [1, 32, 5000],
        [1, 128, 5000],
        [0.5, 128, 2000],
        [0, 8, 1669],
      ];
      for (const [minCapacity, maxCapacity, connections] of table) {
        assert.equal(mostConnections({ minCapacity, maxCapacity }), connections, `${maxCapacity}`);
      }
    });

    it("have no ceiling to reach at one size", async () => {
      assert.equal((await limits(database(2, 2)))["capacity-ceiling"], undefined);
      assert.equal((await limits(database(0, 2)))["capacity-ceiling"], 95);
    });
  });

  it("compute what a file system uses of its throughput from bytes a second", () => {
    const alarm = alarmsOf(resources).find(({ name }) => name === "files/throughput-limit");
    const [value] = alarm?.inputs.metricQueries ?? [];
    const compute = new Function("metered", "permitted", "PERIOD", `return ${value.expression}`);
    // In CloudWatch a metric's period is that of its query.
    const mebibyte = 2 ** 20;
    const used = compute(
      300 * 90 * mebibyte,
      100 * mebibyte,
      () => readOf(alarm as Resource)[0].period,
    );
    assert.equal(used, 90);
  });
});
