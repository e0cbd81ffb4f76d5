import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import fc from "fast-check";
import { after, before, describe, it } from "mocha";
import { service } from "../support/service-harness.ts";
import { ask, bundled, start } from "../support/service-process.ts";

const method = fc.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH");
const text = fc.string({ unit: "binary", maxLength: 60 });
const value = fc.constantFrom("application/json", "application/json; charset=latin1", "a/b; ", "1");

/** What the OpenAPI document offers, with values that it may or may not allow. */
async function requests() {
  const { app } = await service({ FAULT_INJECTION: "true", REQUEST_TIMEOUT_SECONDS: "0.1" });
  const { paths } = (await app.inject("/openapi.json")).json();
  // These two answer with 5xx, or end the process, when they are asked to.
  const known = Object.keys(paths).filter((path) => !/exit|status/.test(path));
  assert.ok(known.length >= 6);
  const path = fc.oneof(
    fc
      .tuple(fc.constantFrom(...known), text, text)
      .map(([known, value, query]) => `${known.replace(/\{\w+\}/, value)}?${query}`),
    text.map((rest) => `/${rest}`),
  );
  const payload = fc.oneof(
    fc.json(),
    fc.json().map((json) => json.slice(1)),
    text,
  );
  const headers = fc.dictionary(
    fc.constantFrom("content-type", "content-length", "x-forwarded-for", "x-amzn-trace-id"),
    fc.oneof(value, text),
  );
  return { app, request: fc.record({ method, url: path, payload, headers }) };
}

describe("malformed requests", () => {
  it("never give a server error: 400 of them by the OpenAPI document", async () => {
    const { app, request } = await requests();
    await fc.assert(
      fc.asyncProperty(request, async (sent) => {
        const answer = await app.inject(sent);
        assert.ok(answer.statusCode < 500, `${answer.statusCode} ${answer.body}`);
        if (answer.statusCode >= 400 && sent.method !== "HEAD") {
          assert.equal(answer.json().status, answer.statusCode);
        }
      }),
      { numRuns: 400 },
    );
  });

  describe("to a real process", () => {
    let built: Awaited<ReturnType<typeof bundled>>;
    let process: Awaited<ReturnType<typeof start>>;
    before(async () => {
      built = await bundled();
      process = await start(built.entry, { DRAIN_MIN_SECONDS: "0", DRAIN_QUIET_SECONDS: "0" });
    });
    after(async () => {
      process.child.kill("SIGTERM");
      await process.end();
      built.remove();
    });

    const line = fc.oneof(
      fc.constantFrom(
        "GET / HTTP/1.1",
        "POST /echo HTTP/1.1",
        "GET /%00 HTTP/1.1",
        "CONNECT a:1 HTTP/1.1",
        "GET / HTTP/9.9",
        "PRI * HTTP/2.0",
        "host: a",
        "content-type: application/json",
        "content-length: 5",
        "content-length: -5",
        "transfer-encoding: chunked",
        "transfer-encoding: gzip, chunked",
        "expect: 100-continue",
        "expect: nothing",
        "upgrade: websocket",
        "connection: upgrade",
        "",
        "5",
        "ffffffffffffffffff",
        "0",
        '{"a":',
      ),
      fc.string({ unit: "binary", maxLength: 40 }),
    );

    it("neither end it nor give a server error: 300 of them, byte by byte", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 8 }), async (lines) => {
          const socket = connect(process.port, "127.0.0.1").on("error", () => {});
          let answer = "";
          socket.on("data", (chunk) => {
            answer += chunk;
          });
          socket.end(`${lines.join("\r\n")}\r\n\r\n`);
          await once(socket, "close");
          assert.doesNotMatch(answer, /^HTTP\/1\.1 5/m);
        }),
        { numRuns: 300 },
      );
      assert.equal(process.child.exitCode, null);
      assert.equal(await ask(process.port, "/readyz"), 200);
      assert.deepEqual(
        process.lines().filter(({ level }) => level === "error" || level === "fatal"),
        [],
      );
    });
  });
});
