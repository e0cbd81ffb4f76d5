import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "mocha";
import { ask, bundled, start } from "../support/service-process.ts";

const atOnce = { DRAIN_MIN_SECONDS: "0", DRAIN_QUIET_SECONDS: "0" };
const now = Math.floor(Date.now() / 1000).toString(16);
const hex = `${now}-0123456789abcdef01234567`;

describe("traces", () => {
  let built: Awaited<ReturnType<typeof bundled>>;
  before(async () => {
    built = await bundled();
  });
  after(() => built.remove());

  it("reach the collector as one span a request, under the load balancer's trace id", async () => {
    const received: { path: string; body: string }[] = [];
    const collector = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      received.push({ path: request.url ?? "", body });
      response.setHeader("content-type", "application/json").end("{}");
    }).listen(0, "127.0.0.1");
    await once(collector, "listening");
    const { port } = collector.address() as AddressInfo;
    const service = await start(built.entry, {
      ...atOnce,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}/`,
      SERVICE_NAME: "shop",
      POD_NAME: "shop-1",
      FAULT_INJECTION: "true",
    });
    const get = (path: string, trace: string) =>
      fetch(`http://127.0.0.1:${service.port}${path}`, { headers: { "x-amzn-trace-id": trace } });
    await get("/version", `Root=1-${hex}`);
    await get("/fault/status/503", "");
    await get("/echo", `Root=1-${hex};Sampled=0`);
    await get("/healthz", `Root=1-${hex}`);
    const old = "5759e988-bd862e3fe1be46a994272793";
    await get("/", `Root=1-${old}`);
    await get("/", `Self=1-${hex.replace("0123", "ffff")};Root=1-${old}`);
    service.child.kill("SIGTERM");
    assert.equal(await service.end(), 0);
    collector.close();

    assert.deepEqual([...new Set(received.map(({ path }) => path))], ["/v1/traces"]);
    const resources = received.flatMap(({ body }) => JSON.parse(body).resourceSpans);
    const attributes = Object.fromEntries(
      resources[0].resource.attributes.map((attribute: { key: string; value: object }) => [
        attribute.key,
        Object.values(attribute.value)[0],
      ]),
    );
    assert.equal(attributes["service.name"], "shop");
    assert.equal(attributes["k8s.pod.name"], "shop-1");
    const spans = resources.flatMap(({ scopeSpans }) => scopeSpans[0].spans);
    assert.deepEqual(
      spans.map(({ name, kind, status }) => [name, kind, status.code]),
      [
        ["GET /version", 2, 0],
        ["GET /fault/status/:code", 2, 2],
        ["GET /", 2, 0],
        ["GET /", 2, 0],
      ],
    );
    assert.equal(spans[0].traceId, hex.replace("-", ""));
    assert.match(spans[1].traceId, /^[0-9a-f]{32}$/);
    assert.notEqual(spans[1].traceId, spans[0].traceId);
    assert.notEqual(spans[2].traceId, old.replace("-", ""));
    assert.equal(spans[3].traceId, hex.replace("0123", "ffff").replace("-", ""));
  });

  it("hold up neither a request nor the end when the collector is gone", async () => {
    const service = await start(built.entry, {
      ...atOnce,
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
    });
    assert.equal(await ask(service.port, "/version"), 200);
    const told = performance.now();
    service.child.kill("SIGTERM");
    assert.equal(await service.end(), 0);
    assert.ok(performance.now() - told < 4000);
  });

  it("cost nothing without an endpoint: their code is not even read", async () => {
    const directory = dirname(built.entry);
    const code = readdirSync(directory).filter((file) => file.startsWith("tracing-"));
    assert.ok(code.length > 0);
    for (const file of code) rmSync(join(directory, file));
    const service = await start(built.entry, atOnce);
    assert.equal(await ask(service.port, "/version"), 200);
    service.child.kill("SIGTERM");
    assert.equal(await service.end(), 0);
  });
});
