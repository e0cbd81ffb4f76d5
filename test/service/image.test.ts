import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, it } from "mocha";
import { buildImage, docker, run } from "../../tools/bench/container.ts";
import { freePort } from "../../tools/bench/port.ts";
import { until } from "../support/service-harness.ts";
import { ask, bundled, RequestLoad } from "../support/service-process.ts";

const engine = (() => {
  try {
    return execFileSync("docker", ["info"], { stdio: "pipe", timeout: 10_000 }).length > 0;
  } catch {
    return false;
  }
})();
const tag = `web-test:${process.pid}`;
const revision = "0123456789abcdef";

describe(engine ? "the image" : "the image (skipped: `docker info` finds no engine)", function () {
  this.timeout(300_000);
  let id: string;
  let port: number;
  let metricsPort: number;

  before(async function () {
    if (!engine) return this.skip();
    await buildImage(tag, revision);
    port = await freePort();
    metricsPort = await freePort();
    id = await run(tag, port, metricsPort, {
      DRAIN_MIN_SECONDS: "1",
      DRAIN_QUIET_SECONDS: "2",
      DRAIN_MAX_SECONDS: "20",
      FAULT_INJECTION: "true",
    });
    await until(async () => (await ask(port, "/readyz")) === 200);
  });
  after(async () => {
    if (id) await docker("rm", "--force", id);
    if (engine) await docker("rmi", "--force", tag);
  });

  const inspect = async (what: string) =>
    JSON.parse(await docker("inspect", "--format", `{{json ${what}}}`, id));
  const evaluate = async (expression: string) => {
    const [node = ""] = await inspect(".Config.Entrypoint");
    return JSON.parse(await docker("exec", id, node, "-p", `JSON.stringify(${expression})`));
  };

  it("answers every route", async () => {
    for (const path of ["/", "/version", "/openapi.json", "/docs", "/healthz", "/fault/delay/1"]) {
      assert.equal(await ask(port, path), 200, path);
    }
    const body = '{"message":"a"}';
    assert.equal(await ask(port, "/echo", { method: "POST", body }), 200);
    assert.equal(await ask(port, "/fault/status/503"), 503);
    assert.equal(await ask(metricsPort, "/metrics"), 200);
    const version = await fetch(`http://127.0.0.1:${port}/version`);
    assert.equal(((await version.json()) as { revision: string }).revision, revision);
  });

  it("says of which sources it is", async () => {
    const labels = await inspect(".Config.Labels");
    assert.equal(labels["org.opencontainers.image.revision"], revision);
    assert.equal(labels["org.opencontainers.image.version"], "1.2.3");
    assert.equal(typeof labels["org.opencontainers.image.source"], "string");
  });

  it("runs as nobody, without capabilities or a way to gain any, and can write nowhere", async () => {
    const status = await evaluate('fs.readFileSync("/proc/1/status", "utf8")');
    assert.match(status, /^Uid:\t65532\t/m);
    assert.match(status, /^CapEff:\t0+$/m);
    assert.match(status, /^NoNewPrivs:\t1$/m);
    for (const directory of ["/", "/app", "/tmp"]) {
      const write = `(() => { try { fs.writeFileSync("${directory}/a", "") } catch (e) { return e.code } })()`;
      assert.match(await evaluate(write), /EROFS|ENOENT/);
    }
  });

  it("has no shell", async () => {
    const code = 'child_process.spawnSync("/bin/sh").error?.code ?? "a shell"';
    assert.equal(await evaluate(code), "ENOENT");
  });

  it("holds the bundle, byte for byte what is built anywhere, and its bill of materials", async () => {
    const built = await bundled();
    const directory = dirname(built.entry);
    const names = readdirSync(directory).sort();
    assert.deepEqual(
      await evaluate('fs.readdirSync("/app").sort()'),
      [...names, "sbom.cdx.json"].sort(),
    );
    for (const name of names) {
      const there = await evaluate(`fs.readFileSync("/app/${name}", "utf8")`);
      assert.ok(there === readFileSync(join(directory, name), "utf8"), name);
    }
    built.remove();
  });

  it("loses no request when it is stopped under load, and exits with 0", async () => {
    const balancer = new RequestLoad(port);
    await sleep(500);
    const stopped = docker("stop", "--time", "30", id);
    await sleep(4000);
    await balancer.stop();
    await stopped;
    assert.ok(balancer.requests > 100);
    assert.deepEqual(balancer.failures, []);
    assert.equal(await inspect(".State.ExitCode"), 0);
  });
});
