import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readConfig } from "../../service/src/config.ts";
import { Traffic } from "../../service/src/drain.ts";
import { serviceMetrics as names } from "../../service/src/metric-names.ts";
import { Metrics } from "../../service/src/metrics.ts";

const counted = (environment: Record<string, string> = {}, requests = 1) => {
  const metrics = new Metrics(
    readConfig({ SERVICE_NAME: "web", METRICS_NAMESPACE: "platform", ...environment }),
    new Traffic(),
  );
  for (let at = 1; at <= requests; at++) metrics.record("GET", "/", 200, at);
  return metrics;
};

describe("the embedded metric format", () => {
  it("declares each metric with its unit, for the service alone, at the time given", () => {
    const document = JSON.parse(counted().embedded(1_700_000_000_000) ?? "");
    const { Timestamp, CloudWatchMetrics } = document._aws;
    assert.equal(Timestamp, 1_700_000_000_000);
    assert.deepEqual(CloudWatchMetrics, [
      {
        Namespace: "platform",
        Dimensions: [[names.dimension]],
        Metrics: [
          { Name: names.requests, Unit: "Count" },
          { Name: names.errors, Unit: "Count" },
          { Name: names.duration, Unit: "Milliseconds" },
        ],
      },
    ]);
    for (const name of [names.requests, names.errors, names.duration]) {
      assert.ok(name in document, name);
    }
    assert.equal(document[names.dimension], "web");
  });

  it("names a log group to the agent only, by default the service's", () => {
    const groupOf = (environment: Record<string, string>) =>
      JSON.parse(counted(environment).embedded() ?? "")._aws.LogGroupName;
    assert.equal(groupOf({}), undefined);
    const agent = { AWS_EMF_AGENT_ENDPOINT: "udp://127.0.0.1:25888" };
    assert.equal(groupOf(agent), "web-metrics");
    assert.equal(groupOf({ ...agent, AWS_EMF_LOG_GROUP_NAME: "/shop" }), "/shop");
  });

  it("has at most the 100 values of a metric that CloudWatch takes, spread over all", () => {
    const [few, many] = [7, 1000].map((requests) => {
      const document = JSON.parse(counted({}, requests).embedded() ?? "");
      assert.equal(document[names.requests], requests);
      return document[names.duration] as number[];
    });
    assert.equal(few?.length, 7);
    assert.equal(many?.length, 100);
    assert.deepEqual(
      many,
      many?.toSorted((a, b) => a - b),
    );
    for (const [at, value] of many?.entries() ?? []) {
      assert.ok(Math.abs(value - (at * 10 + 5)) <= 0.02 * value + 5, `${at}: ${value}`);
    }
  });

  it("leaves out a pod without a name, and is one line", () => {
    const text = counted().embedded() ?? "";
    assert.equal("pod" in JSON.parse(text), false);
    assert.match(text, /^\{[^\n]*\}\n$/);
    assert.equal(counted({}, 0).embedded(), undefined);
  });
});

describe("Prometheus' text format", () => {
  it("gives each family its help and its type before its samples, counters by their names", () => {
    const lines = counted().prometheus().trimEnd().split("\n");
    const types = new Map<string, string>();
    for (const [at, line] of lines.entries()) {
      if (line.startsWith("# TYPE ")) {
        const [, , name = "", type = ""] = line.split(" ");
        assert.match(lines[at - 1] ?? "", new RegExp(`^# HELP ${name} \\S`));
        assert.ok(!types.has(name), name);
        types.set(name, type);
      } else if (!line.startsWith("#")) {
        const [name = ""] = line.split(/[ {]/);
        assert.ok(types.has(name) || types.has(name.replace(/_(bucket|sum|count)$/, "")), name);
      }
    }
    assert.deepEqual(Object.fromEntries(types), {
      http_request_duration_seconds: "histogram",
      http_requests_in_flight: "gauge",
      service_draining: "gauge",
      service_info: "gauge",
      process_resident_memory_bytes: "gauge",
      process_start_time_seconds: "gauge",
      nodejs_heap_size_used_bytes: "gauge",
      nodejs_heap_size_total_bytes: "gauge",
      nodejs_external_memory_bytes: "gauge",
      process_cpu_seconds_total: "counter",
      nodejs_eventloop_active_seconds_total: "counter",
      nodejs_eventloop_idle_seconds_total: "counter",
    });
  });

  it("is one labelled value that says which version and revision runs", () => {
    const text = counted({ SERVICE_VERSION: "1.2.3", SERVICE_REVISION: "abc" }).prometheus();
    assert.match(text, /^service_info\{version="1\.2\.3",revision="abc"\} 1$/m);
  });
});
