import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, it } from "mocha";
import { until } from "../support/service-harness.ts";
import { ask, bundled, RequestLoad, ServiceProcess, start } from "../support/service-process.ts";

const drain = {
  DRAIN_MIN_SECONDS: "1",
  DRAIN_QUIET_SECONDS: "2",
  DRAIN_MAX_SECONDS: "20",
  FAULT_INJECTION: "true",
};
const atOnce = { ...drain, DRAIN_MIN_SECONDS: "0", DRAIN_QUIET_SECONDS: "0" };

let service: Awaited<ReturnType<typeof bundled>>;
before(async () => {
  service = await bundled();
});
after(() => service.remove());

/** Sends SIGTERM under load, and lets the load go on for `lagSeconds`, as a load balancer does. */
async function leaveUnderLoad(lagSeconds: number, environment: Record<string, string>) {
  const process = await start(service.entry, environment);
  const balancer = new RequestLoad(process.port);
  await sleep(500);
  const before = balancer.requests;
  process.child.kill("SIGTERM");
  await sleep(lagSeconds * 1000);
  await balancer.stop();
  const stopped = performance.now();
  const code = await process.end();
  const seconds = (performance.now() - stopped) / 1000;
  const { failures, requests } = balancer;
  return { code, failures, after: requests - before, seconds, lines: process.lines() };
}

/** Starts each of `cases` now, so that they wait together, and makes a test of each. */
function together(cases: Record<string, () => Promise<void>>): void {
  const running = new Map<string, Promise<unknown>>();
  before(() => {
    for (const [name, run] of Object.entries(cases)) {
      running.set(
        name,
        run().catch((error) => error),
      );
    }
  });
  for (const name of Object.keys(cases)) {
    it(name, async () => {
      const error = await running.get(name);
      if (error) throw error;
    });
  }
}

const losesNothing = (lagSeconds: number) => async () => {
  const { code, failures, after, seconds } = await leaveUnderLoad(lagSeconds, drain);
  assert.deepEqual(failures, []);
  assert.equal(code, 0);
  assert.ok(after > lagSeconds * 20, `${after} requests came after the signal`);
  assert.ok(seconds > 1 && seconds < 5, `the process ended ${seconds} s after the last request`);
};

describe("a service that is told to leave under load", () => {
  together({
    "loses no request when the load balancer stops sending after 1 s": losesNothing(1),
    "loses no request when the load balancer stops sending after 4 s": losesNothing(4),
    "loses no request when the load balancer stops sending after 8 s": losesNothing(8),

    "would lose some by closing at once, which this test notices": async () => {
      const { failures } = await leaveUnderLoad(1, { ...atOnce, DRAIN_MAX_SECONDS: "0" });
      assert.notDeepEqual(failures, []);
    },

    "finishes a request of 5 s that came just before, alive and not ready meanwhile": async () => {
      const process = await start(service.entry, drain);
      const slow = ask(process.port, "/fault/delay/5000");
      await sleep(200);
      process.child.kill("SIGTERM");
      await sleep(4000);
      assert.equal(await ask(process.port, "/healthz"), 200);
      assert.equal(await ask(process.port, "/readyz"), 503);
      assert.equal(await slow, 200);
      assert.equal(await process.end(), 0);
    },

    "does not wait for a client that has left": async () => {
      const process = await start(service.entry, atOnce);
      const gone = request({ port: process.port, host: "127.0.0.1", path: "/fault/delay/20000" });
      gone.on("error", () => {}).end();
      await sleep(300);
      gone.destroy();
      await sleep(100);
      const told = performance.now();
      process.child.kill("SIGTERM");
      assert.equal(await process.end(), 0);
      assert.ok(performance.now() - told < 3000);
    },

    "cuts what is still open at the end of its time, and says so": async () => {
      const process = await start(service.entry, {
        ...drain,
        DRAIN_MAX_SECONDS: "1",
        CLOSE_TIMEOUT_SECONDS: "1",
      });
      const endless = connect(process.port, "127.0.0.1").on("error", () => {});
      endless.write("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 99\r\n\r\n");
      const drip = setInterval(() => endless.write(" "), 200);
      await sleep(200);
      process.child.kill("SIGTERM");
      assert.equal(await process.end(), 1);
      clearInterval(drip);
      assert.ok(process.lines().some(({ message }) => /cutting/.test(message)));
    },

    "leaves at once when it is told twice": async () => {
      const process = await start(service.entry, { ...drain, DRAIN_MIN_SECONDS: "20" });
      process.child.kill("SIGTERM");
      await until(async () => (await ask(process.port, "/readyz")) === 503);
      const again = performance.now();
      process.child.kill("SIGTERM");
      assert.equal(await process.end(), 1);
      assert.ok(performance.now() - again < 1000);
      // A block that is on its way when the process ends can come in after this line.
      const messages = process.lines().map(({ message }) => message);
      assert.ok(messages.includes("told twice, leaving at once"), messages.join("\n"));
      assert.ok(!messages.includes("closing"));
    },
  });
});

describe("the process", () => {
  together({
    "says in one line a variable what it does not accept, and exits with 1": async () => {
      const process = new ServiceProcess(service.entry, { PORT: "http", LOG_LEVEL: "loud" });
      assert.equal(await process.end(), 1);
      assert.equal(
        process.errors,
        'PORT: "http" is not allowed; allowed: a whole number from 0 to 65535\n' +
          'LOG_LEVEL: "loud" is not allowed; allowed: fatal error warn info debug trace silent\n',
      );
      assert.equal(process.output, "");
    },

    "logs why it cannot listen, and exits with 1": async () => {
      const first = await start(service.entry, atOnce);
      for (const name of ["PORT", "METRICS_PORT"]) {
        const second = new ServiceProcess(service.entry, { [name]: String(first.port) });
        assert.equal(await second.end(), 1);
        const [line] = second.lines();
        assert.equal(line.level, "fatal");
        assert.match(line.error.message, /EADDRINUSE/);
      }
      first.child.kill("SIGTERM");
      await first.end();
    },

    "shows metrics on a port of their own, and there only": async () => {
      const process = await start(service.entry, atOnce);
      const scraped = await fetch(`http://127.0.0.1:${process.metricsPort}/metrics`);
      assert.match(String(scraped.headers.get("content-type")), /^text\/plain; version=0\.0\.4/);
      assert.match(await scraped.text(), /^service_info\{/m);
      assert.equal(await ask(process.port, "/metrics"), 404);
      assert.equal(await ask(process.metricsPort, "/"), 404);
      process.child.kill("SIGINT");
      assert.equal(await process.end(), 0);
    },

    "writes the last lines and metrics before it ends": async () => {
      const process = await start(service.entry, atOnce);
      assert.equal(await ask(process.port, "/version"), 200);
      process.child.kill("SIGTERM");
      assert.equal(await process.end(), 0);
      const lines = process.lines();
      assert.equal(lines.filter(({ route }) => route === "/version").length, 1);
      assert.equal(lines.filter((line) => line._aws)[0].Requests, 1);
      assert.equal(lines.at(-1).message, "bye");
    },

    "sends metrics to the agent instead, when there is one": async () => {
      const agent = createSocket("udp4").bind(0, "127.0.0.1");
      await once(agent, "listening");
      const received = once(agent, "message");
      const process = await start(service.entry, {
        ...atOnce,
        AWS_EMF_AGENT_ENDPOINT: `udp://127.0.0.1:${agent.address().port}`,
      });
      await ask(process.port, "/version");
      process.child.kill("SIGTERM");
      assert.equal(await process.end(), 0);
      assert.equal(JSON.parse(String((await received)[0])).Requests, 1);
      assert.ok(!process.lines().some((line) => line._aws));
      agent.close();
    },

    "ends with its line on record when the code fails beyond a request": async () => {
      const process = await start(service.entry, atOnce);
      assert.equal(await ask(process.port, "/fault/exit", { method: "POST" }), "ECONNRESET");
      assert.equal(await process.end(), 1);
    },
  });
});
