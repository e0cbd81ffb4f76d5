import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { performance } from "node:perf_hooks";
import { describe, it } from "mocha";
import { readConfig } from "../../service/src/config.ts";
import { embeddedMetricsSink } from "../../service/src/emf.ts";
import { serviceMetrics as names } from "../../service/src/metric-names.ts";
import { Metrics } from "../../service/src/metrics.ts";

const counting = (environment: Record<string, string> = {}, traffic = {}) =>
  new Metrics(readConfig(environment), { draining: false, inFlight: 0, lastAt: 0, ...traffic });
const numberOf = (metrics: Metrics, name: string): number => {
  const line = metrics
    .prometheus()
    .split("\n")
    .find((one) => one.startsWith(`${name} `) || one.startsWith(`${name}{`));
  assert.ok(line, name);
  return Number(line.split(" ").at(-1));
};

describe("a histogram of requests", () => {
  const bucket = (metrics: Metrics, le: string) => {
    const found = metrics.prometheus().match(new RegExp(`_bucket\\{[^}]*le="${le}"\\} (\\d+)`));
    assert.ok(found, le);
    return Number(found[1]);
  };

  it("has a request in each bucket that is not below it, and in the last one always", () => {
    const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
    for (const at of bounds) {
      const metrics = counting();
      metrics.record("GET", "/", 200, at * 1000);
      for (const bound of bounds) {
        assert.equal(bucket(metrics, String(bound)), bound >= at ? 1 : 0, `${at} s in ${bound}`);
      }
      assert.equal(bucket(metrics, "\\+Inf"), 1);
    }
    const slow = counting();
    slow.record("GET", "/", 200, 31_000);
    assert.equal(bucket(slow, "30"), 0);
    assert.equal(bucket(slow, "\\+Inf"), 1);
  });

  it("adds up seconds and requests, each method, route and status for itself", () => {
    const metrics = counting();
    metrics.record("GET", "/", 200, 1500);
    metrics.record("GET", "/", 200, 500);
    metrics.record("POST", "/echo", 400, 250);
    const text = metrics.prometheus();
    const labels = 'method="GET",route="/",status="200"';
    assert.ok(text.includes(`_sum{${labels}} 2\n`));
    assert.ok(text.includes(`_count{${labels}} 2\n`));
    assert.ok(text.includes('_count{method="POST",route="/echo",status="400"} 1\n'));
  });
});

describe("metrics of the process", () => {
  it("are in the units of their names", () => {
    const metrics = counting({}, { draining: true, inFlight: 3 });
    assert.equal(numberOf(metrics, "http_requests_in_flight"), 3);
    assert.equal(numberOf(metrics, "service_draining"), 1);
    assert.equal(numberOf(counting(), "service_draining"), 0);
    const started = numberOf(metrics, "process_start_time_seconds");
    assert.ok(Math.abs(started - (Date.now() / 1000 - process.uptime())) < 5, String(started));
    const cpu = process.cpuUsage();
    const told = numberOf(metrics, "process_cpu_seconds_total");
    assert.ok(Math.abs(told - (cpu.user + cpu.system) / 1e6) < 2, String(told));
    const { idle, active } = performance.eventLoopUtilization();
    for (const [name, milliseconds] of [
      ["idle", idle],
      ["active", active],
    ] as const) {
      const seconds = numberOf(metrics, `nodejs_eventloop_${name}_seconds_total`);
      assert.ok(Math.abs(seconds - milliseconds / 1000) < 2, name);
    }
    const megabytes = numberOf(metrics, "process_resident_memory_bytes") / 1e6;
    assert.ok(megabytes > 20 && megabytes < 20_000);
  });

  it("keep quotes and backslashes of a version inside its label", () => {
    const text = counting({ SERVICE_VERSION: 'a"b\\c' }).prometheus();
    assert.ok(text.includes('service_info{version="a\\"b\\\\c"'));
  });
});

describe("the document of a period", () => {
  const documentOf = (metrics: Metrics) => JSON.parse(metrics.embedded() ?? "");

  it("counts an error from 500 on, and begins at zero again", () => {
    const metrics = counting();
    for (const status of [200, 404, 499, 500, 503]) metrics.record("GET", "/", status, 1);
    assert.equal(documentOf(metrics)[names.errors], 2);
    metrics.record("GET", "/", 200, 1);
    const next = documentOf(metrics);
    assert.equal(next[names.errors], 0);
    assert.equal(next[names.requests], 1);
    assert.deepEqual(next[names.duration], [1]);
  });

  it("has durations in milliseconds, from the shortest to the longest", () => {
    const metrics = counting();
    for (const milliseconds of [400, 20, 3]) metrics.record("GET", "/", 200, milliseconds);
    const [shortest, middle, longest] = documentOf(metrics)[names.duration];
    for (const [told, meant] of [
      [shortest, 3],
      [middle, 20],
      [longest, 400],
    ]) {
      assert.ok(Math.abs(told - meant) <= meant * 0.02, `${told} for ${meant}`);
    }
  });

  it("says which pod and version it is of", () => {
    const metrics = counting({ POD_NAME: "web-1", SERVICE_VERSION: "1.2.3", SERVICE_NAME: "web" });
    metrics.record("GET", "/", 200, 1);
    const document = documentOf(metrics);
    assert.equal(document.pod, "web-1");
    assert.equal(document.version, "1.2.3");
    assert.equal(document[names.dimension], "web");
  });

  it("goes to the agent's port as one datagram, and to the log without an agent", async () => {
    const agent = createSocket("udp4").bind(0, "127.0.0.1");
    await once(agent, "listening");
    const { port } = agent.address() as AddressInfo;
    const written: string[] = [];
    const log = { write: (text: string) => void written.push(text) };
    const sink = embeddedMetricsSink(new URL(`udp://127.0.0.1:${port}`), log);
    const arrived = once(agent, "message");
    sink.write("document");
    assert.equal(String((await arrived)[0]), "document");
    await sink.close();
    agent.close();
    assert.deepEqual(written, []);
    const toLog = embeddedMetricsSink(undefined, log);
    toLog.write("document");
    await toLog.close();
    assert.deepEqual(written, ["document"]);
  });
});
