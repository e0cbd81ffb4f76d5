import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, it } from "mocha";
import { createLog } from "../../service/src/log.ts";
import { serviceMetrics as names } from "../../service/src/metric-names.ts";
import { close, listening, service, until } from "../support/service-harness.ts";

const hexadecimal = (seconds: number) => Math.round(seconds).toString(16).padStart(8, "0");
const at = (seconds: number, random = "0123456789abcdef01234567") =>
  `1-${hexadecimal(Date.now() / 1000 + seconds)}-${random}`;
const root = at(0);

describe("the log line of a request", () => {
  afterEach(close);

  it("has all that is needed to find and judge it, and nothing else", async () => {
    const { app, lines } = await service();
    const answer = await app.inject({
      method: "POST",
      url: "/echo?token=hunter2",
      payload: { message: "hunter2" },
      headers: {
        "x-amzn-trace-id": `Self=1-1-1;Root=${root}`,
        "x-forwarded-for": "203.0.113.7",
        authorization: "Bearer hunter2",
        cookie: "session=hunter2",
      },
    });
    const [{ time, requestId, durationMs, ...rest }, ...more] = lines();
    assert.deepEqual(more, []);
    assert.deepEqual(rest, {
      level: "info",
      message: "request",
      traceId: root,
      method: "POST",
      route: "/echo",
      status: 200,
      bytes: answer.rawPayload.length,
      client: "203.0.113.7",
    });
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 10_000);
    assert.ok(durationMs >= 0 && durationMs < 10_000);
    assert.match(requestId, /^[0-9a-f]{12}-1$/);
  });

  it("has the load balancer's id instead of one that a client made up and X-Ray refuses", async () => {
    const day = 24 * 60 * 60;
    const self = at(-1, "fedcba9876543210fedcba98");
    const told = async (header: string) => {
      const { app, lines } = await service();
      await app.inject({ url: "/", headers: { "x-amzn-trace-id": header } });
      return lines()[0].traceId;
    };
    const zeros = "0".repeat(24);
    for (const bad of [
      `1-00000000-${zeros}`,
      "1-00000000-0123456789abcdef01234567",
      at(0, zeros),
      at(-31 * day),
      at(-30 * day),
      at(day),
      at(600),
      "1-ffffffff-0123456789abcdef01234567",
    ]) {
      assert.equal(await told(`Root=${bad}`), undefined, bad);
      assert.equal(await told(`Self=${self};Root=${bad};Sampled=1`), self, bad);
    }
    for (const good of [at(-29 * day), at(0), at(60)]) {
      assert.equal(await told(`Self=${self};Root=${good}`), good);
    }
    assert.equal(await told(`Root=${at(0)}, Root=${at(-5)}`), undefined);
  });

  it("is not written for probes", async () => {
    const { app, lines, traffic } = await service();
    await app.inject("/healthz");
    await app.inject("/readyz");
    assert.deepEqual(lines(), []);
    assert.equal(traffic.lastAt, 0);
  });

  it("is an error from 500 on, and is left out below the level that is set", async () => {
    const { app, lines } = await service({ FAULT_INJECTION: "true", LOG_LEVEL: "warn" });
    for (const status of [404, 500, 503]) await app.inject(`/fault/status/${status}`);
    assert.deepEqual(
      lines().map(({ level, status }) => [level, status]),
      [
        ["error", 500],
        ["error", 503],
      ],
    );
  });

  it("stays one line of JSON whatever a client sends", async () => {
    const { app, lines } = await service();
    await app.inject({
      url: '/"\\\n%0a{}',
      headers: { "x-amzn-trace-id": 'Root="}\n', "x-forwarded-for": '"}, {"level":"fatal' },
    });
    const [line, ...more] = lines();
    assert.deepEqual(more, []);
    assert.equal(line.route, "unmatched");
    assert.equal(line.traceId, undefined);
  });

  it("says 499 when the client left before the answer, which then is no longer in flight", async () => {
    const { app, lines, traffic } = await service({ FAULT_INJECTION: "true" });
    const socket = connect(await listening(app), "127.0.0.1");
    socket.write("GET /fault/delay/2000 HTTP/1.1\r\nhost: a\r\n\r\n");
    await until(() => traffic.inFlight === 1);
    socket.destroy();
    await until(() => traffic.inFlight === 0);
    assert.equal(lines().at(-1).status, 499);
  });
});

describe("the log", () => {
  it("has of itself the level, the time and the message, and of an error its stack", () => {
    const written: string[] = [];
    const log = createLog("info", { write: (line) => void written.push(line) });
    log.debug("below the level");
    log.info({ port: 8080 }, "listening");
    log.error({ error: new TypeError("broken") });
    const [line, failed, ...more] = written.map((text) => JSON.parse(text));
    assert.deepEqual(more, []);
    const { time, ...rest } = line;
    assert.deepEqual(rest, { level: "info", port: 8080, message: "listening" });
    assert.equal(new Date(time).toISOString(), time);
    assert.deepEqual([failed.level, failed.error.type], ["error", "TypeError"]);
    assert.match(failed.error.stack, /^TypeError: broken\n\s+at /);
  });

  it("blanks credentials wherever they stand", () => {
    const written: string[] = [];
    const log = createLog("info", { write: (line) => void written.push(line) });
    const secrets = { authorization: "hunter2", cookie: "hunter2", "x-api-key": "hunter2" };
    log.info({ password: "hunter2", token: "hunter2", secret: "hunter2" }, "a");
    log.info({ headers: secrets, "set-cookie": "hunter2" }, "b");
    log.info({ request: { headers: secrets, method: "GET" } }, "c");
    log.error({ error: Object.assign(new Error("d"), { config: { headers: secrets } }) });
    assert.doesNotMatch(written.join(""), /hunter2/);
    assert.match(written.join(""), /"method":"GET"/);
  });
});

describe("metrics", () => {
  const some = async () => {
    const made = await service({
      SERVICE_NAME: "shop",
      FAULT_INJECTION: "true",
      POD_NAME: "shop-1",
    });
    for (const url of ["/", "/", "/nowhere", "/fault/status/503", "/healthz"]) {
      await made.app.inject(url);
    }
    return made;
  };

  it("are counted once a request and shown to Prometheus since start, without probes", async () => {
    const { metrics, traffic } = await some();
    const text = metrics.prometheus();
    const name = "http_request_duration_seconds";
    const labels = 'method="GET",route="/",status="200"';
    assert.ok(text.includes(`${name}_count{${labels}} 2\n`));
    assert.ok(text.includes(`${name}_bucket{${labels},le="+Inf"} 2\n`));
    assert.ok(text.includes(`route="/fault/status/:code",status="503"} 1\n`));
    assert.ok(text.includes(`route="unmatched",status="404"} 1\n`));
    assert.doesNotMatch(text, /healthz/);
    assert.match(text, /^http_requests_in_flight 0$/m);
    assert.match(text, /^service_draining 0$/m);
    traffic.draining = true;
    assert.match(metrics.prometheus(), /^service_draining 1$/m);
    // Counters never go back, also when a period has been published.
    metrics.embedded();
    assert.ok(metrics.prometheus().includes(`${name}_count{${labels}} 2\n`));
  });

  it("are lines that Prometheus can read, each metric with help and type", async () => {
    const { metrics } = await some();
    const types = new Set<string>();
    for (const line of metrics.prometheus().trimEnd().split("\n")) {
      if (line.startsWith("# TYPE ")) types.add(line.split(" ")[2] ?? "");
      if (line.startsWith("#")) continue;
      const [, name = ""] =
        /^([a-z_]+)(?:\{(?:[a-z]+="[^"\n]*",?)*\})? [0-9.e+-]+$/.exec(line) ?? [];
      assert.ok(types.has(name.replace(/_(bucket|sum|count)$/, "")), line);
    }
  });

  it("reach CloudWatch as one document a period, with the names that alarms are set on", async () => {
    const { metrics } = await some();
    const document = JSON.parse(metrics.embedded(1_000) ?? "");
    assert.deepEqual(document._aws, {
      Timestamp: 1_000,
      CloudWatchMetrics: [
        {
          Namespace: names.namespace,
          Dimensions: [[names.dimension]],
          Metrics: [
            { Name: names.requests, Unit: "Count" },
            { Name: names.errors, Unit: "Count" },
            { Name: names.duration, Unit: "Milliseconds" },
          ],
        },
      ],
    });
    assert.equal(document[names.dimension], "shop");
    assert.equal(document[names.requests], 4);
    assert.equal(document[names.errors], 1);
    assert.equal(document[names.duration].length, 4);
    assert.ok(names.periodSeconds >= 10);
    assert.equal(metrics.embedded(), undefined);
  });

  it("keep percentiles true in the 100 values that a document may hold", async () => {
    const { metrics } = await service();
    for (let ms = 1; ms <= 1000; ms++) metrics.record("GET", "/", 200, ms);
    const values: number[] = JSON.parse(metrics.embedded() ?? "")[names.duration];
    assert.equal(values.length, 100);
    for (const percent of [50, 90, 99]) {
      const value = values[percent - 1] ?? 0;
      assert.ok(Math.abs(value - percent * 10) <= percent * 0.2 + 5, `p${percent} is ${value}`);
    }
  });

  it("name a log group only for the agent, which asks for one", async () => {
    const group = async (environment: Record<string, string>) => {
      const { metrics } = await service(environment);
      metrics.record("GET", "/", 200, 1);
      return JSON.parse(metrics.embedded() ?? "")._aws.LogGroupName;
    };
    const agent = { AWS_EMF_AGENT_ENDPOINT: "udp://127.0.0.1:25888" };
    assert.equal(await group({}), undefined);
    assert.equal(await group(agent), "web-metrics");
    assert.equal(await group({ ...agent, AWS_EMF_LOG_GROUP_NAME: "/a/b" }), "/a/b");
  });
});

describe("the service's HTTP server", () => {
  afterEach(close);

  const answerTo = async (port: number, text: string) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    socket.write(text);
    await once(socket, "close");
    return answer;
  };
  const problem = (status: number) =>
    new RegExp(
      `^HTTP/1.1 ${status} .*content-type: application/problem\\+json.*"status":${status}`,
      "s",
    );

  it("answers what is no HTTP with a problem", async () => {
    const { app } = await service();
    const port = await listening(app);
    assert.match(await answerTo(port, "nonsense\r\n\r\n"), problem(400));
    const huge = `GET / HTTP/1.1\r\nhost: a\r\nx: ${"a".repeat(17_000)}\r\n\r\n`;
    assert.match(await answerTo(port, huge), problem(431));
  });

  it("lets no client take longer than the request timeout to send headers or a body", async () => {
    const { app, traffic } = await service({ REQUEST_TIMEOUT_SECONDS: "0.5" });
    const port = await listening(app);
    const post = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";
    const [headers, body] = await Promise.all([
      answerTo(port, post),
      answerTo(port, `${post}content-length: 20\r\n\r\n{`),
    ]);
    assert.match(headers, problem(408));
    assert.match(body, problem(408));
    await until(() => traffic.inFlight === 0);
  });

  it("keeps an idle connection for longer than it waits for a silent client", async () => {
    const { app } = await service({
      KEEP_ALIVE_SECONDS: "3",
      CLOSE_TIMEOUT_SECONDS: "0.3",
      REQUEST_TIMEOUT_SECONDS: "0.5",
    });
    const socket = connect(await listening(app), "127.0.0.1");
    const ask = async () => {
      socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      return String((await once(socket, "data"))[0]).slice(0, 12);
    };
    assert.equal(await ask(), "HTTP/1.1 200");
    await new Promise((resolve) => setTimeout(resolve, 2000));
    assert.equal(await ask(), "HTTP/1.1 200");
  });
});
