import assert from "node:assert/strict";
import { METHODS } from "node:http";
import { before, describe, it } from "mocha";
import { requestLimits } from "../../service/src/limits.ts";
import { longestMessage } from "../../service/src/routes.ts";
import { service } from "../support/service-harness.ts";

type Service = Awaited<ReturnType<typeof service>>;

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const identity = {
  name: "web",
  version: "1.2.3",
  revision: "abc",
  imageDigest: digest,
  pod: "web-1",
  node: "node-1",
  zone: "eu-central-1a",
};
const environment = {
  SERVICE_NAME: identity.name,
  SERVICE_VERSION: identity.version,
  SERVICE_REVISION: identity.revision,
  IMAGE_DIGEST: digest,
  POD_NAME: identity.pod,
  NODE_NAME: identity.node,
  ZONE: identity.zone,
};

describe("routes", () => {
  let app: Service["app"];
  let traffic: Service["traffic"];
  before(async () => ({ app, traffic } = await service(environment)));

  const echo = (payload: string, type = "application/json") =>
    app.inject({ method: "POST", url: "/echo", payload, headers: { "content-type": type } });

  it("/ says who answers", async () => {
    const answer = await app.inject("/");
    assert.equal(answer.statusCode, 200);
    assert.deepEqual(answer.json(), identity);
  });

  it("/version says what is running", async () => {
    const answer = await app.inject("/version");
    const { version, revision, imageDigest } = identity;
    assert.deepEqual(answer.json(), { version, revision, imageDigest, runtime: process.version });
  });

  it("/echo says a valid message back", async () => {
    const answer = await echo('{"message":"héllo"}');
    assert.equal(answer.statusCode, 200);
    assert.deepEqual(answer.json(), { message: "héllo" });
  });

  it("/echo names what is wrong with a message", async () => {
    const answer = await echo('{"message":1}');
    assert.equal(answer.statusCode, 400);
    assert.deepEqual(answer.json().errors, [
      { pointer: "/body/message", detail: "must be string" },
    ]);
    assert.equal((await echo("{}")).statusCode, 400);
    assert.equal((await echo('{"message":""}')).statusCode, 400);
    assert.equal((await echo('{"message":"a","more":1}')).statusCode, 400);
  });

  it("/echo takes every message of its schema, whatever its bytes, and says why of a longer one", async () => {
    const spellings: ((length: number) => string)[] = [
      (length) => "a".repeat(length),
      (length) => "\u6f22".repeat(length),
      (length) => "\\u6f22".repeat(length),
      (length) => "\u{1f600}".repeat(length),
      (length) => "\\ud83d\\ude00".repeat(length),
    ];
    for (const limit of [1024, 8 * 1024, 64 * 1024]) {
      const { app } = await service({ MAX_BODY_BYTES: String(limit) });
      const longest = longestMessage(limit);
      const schema = (await app.inject("/openapi.json")).json().paths["/echo"].post.requestBody;
      const { message } = schema.content["application/json"].schema.properties;
      assert.equal(message.maxLength, longest);
      const headers = { "content-type": "application/json" };
      const say = async (text: string) =>
        (
          await app.inject({
            ...{ method: "POST", url: "/echo", headers },
            payload: `{"message":"${text}"}`,
          })
        ).statusCode;
      for (const spell of spellings) assert.equal(await say(spell(longest)), 200, String(spell));
      assert.equal(await say("a".repeat(longest + 1)), 400);
      assert.equal(await say("a".repeat(limit)), 413);
    }
    assert.equal(longestMessage(10_000_000), 4096);
  });

  it("takes bodies to the byte that it is told", async () => {
    const { app } = await service({ MAX_BODY_BYTES: "2048" });
    const headers = { "content-type": "application/json" };
    const sent = async (bytes: number) =>
      (
        await app.inject({
          ...{ method: "POST", url: "/echo", headers },
          payload: `{"message":"a"}`.padEnd(bytes),
        })
      ).statusCode;
    assert.equal(await sent(2048), 200);
    assert.equal(await sent(2049), 413);
  });

  it("takes no longer path, query or cookies than the firewall lets pass", async () => {
    const { path, query, cookies } = requestLimits;
    const status = async (url: string, cookie = "") =>
      (await app.inject({ url, headers: { cookie } })).statusCode;
    assert.equal(await status(`/${"a".repeat(path - 1)}`), 404);
    assert.equal(await status(`/${"a".repeat(path)}`), 414);
    assert.equal(await status(`/${"a".repeat(path)}?a`), 414);
    assert.equal(await status(`/?${"a".repeat(query)}`), 200);
    assert.equal(await status(`/?${"a".repeat(query + 1)}`), 414);
    assert.equal(await status("/", "a".repeat(cookies)), 200);
    assert.equal(await status("/", "a".repeat(cookies + 1)), 431);
  });

  it("/echo refuses what is too large, no JSON, or poisoned", async () => {
    assert.equal((await echo(`{"message":"${"a".repeat(17_000)}"}`)).statusCode, 413);
    assert.equal((await echo("{")).statusCode, 400);
    assert.equal((await echo("message=a", "application/x-www-form-urlencoded")).statusCode, 415);
    assert.equal((await echo('{"__proto__":{"a":1},"message":"a"}')).statusCode, 400);
  });

  it("/healthz and /readyz say in their bodies what they mean", async () => {
    assert.deepEqual((await app.inject("/healthz")).json(), { status: "ok" });
    assert.deepEqual((await app.inject("/readyz")).json(), { status: "ready" });
  });

  it("/healthz stays 200 and /readyz turns 503 while the process drains", async () => {
    const statuses = async () => [
      (await app.inject("/healthz")).statusCode,
      (await app.inject("/readyz")).statusCode,
    ];
    assert.deepEqual(await statuses(), [200, 200]);
    traffic.draining = true;
    assert.deepEqual(await statuses(), [200, 503]);
    traffic.draining = false;
  });

  it("/openapi.json describes every route in OpenAPI 3.1", async () => {
    const answer = await app.inject("/openapi.json");
    const { openapi, info, paths } = answer.json();
    assert.equal(openapi, "3.1.0");
    assert.deepEqual(info, { title: "web", version: "1.2.3" });
    assert.deepEqual(Object.keys(paths).sort(), ["/", "/echo", "/healthz", "/readyz", "/version"]);
    const { requestBody, responses } = paths["/echo"].post;
    assert.ok(requestBody.content["application/json"].schema.properties.message.maxLength > 500);
    assert.deepEqual(Object.keys(responses), [
      ...["200", "400", "405", "408", "413", "414", "415", "417", "431", "500"],
    ]);
    assert.ok(responses["413"].content["application/problem+json"]);
    assert.ok(paths["/readyz"].get.responses["503"].content["application/problem+json"]);
  });

  it("/docs is a page that needs no script and no other host", async () => {
    const { headers, body } = await app.inject("/docs");
    assert.match(String(headers["content-type"]), /^text\/html/);
    assert.match(
      String(headers["content-security-policy"]),
      /^default-src 'none'; style-src 'sha256-/,
    );
    assert.match(body, /POST \/echo/);
    assert.doesNotMatch(body, /<script|https?:\/\//);
  });
});

describe("fault injection", () => {
  const all = ["/fault/status/503", "/fault/delay/1", "/fault/exit"] as const;

  it("is not there unless it is switched on", async () => {
    const { app } = await service();
    for (const url of all) assert.equal((await app.inject(url)).statusCode, 404);
    assert.equal((await app.inject({ method: "POST", url: "/fault/exit" })).statusCode, 404);
  });

  it("answers with the status and after the delay that were asked for, within bounds", async () => {
    const { app } = await service({ FAULT_INJECTION: "true", REQUEST_TIMEOUT_SECONDS: "0.1" });
    assert.equal((await app.inject("/fault/status/503")).statusCode, 503);
    assert.equal((await app.inject("/fault/status/418")).statusCode, 418);
    for (const code of ["200", "399", "600", "x"]) {
      assert.equal((await app.inject(`/fault/status/${code}`)).statusCode, 400);
    }
    const began = performance.now();
    assert.deepEqual((await app.inject("/fault/delay/60000")).json(), { ms: 100 });
    assert.ok(performance.now() - began >= 95);
    assert.equal((await app.inject("/fault/delay/-1")).statusCode, 400);
  });
});

describe("problem details (RFC 9457)", () => {
  let app: Service["app"];
  let lines: Service["lines"];
  before(async () => {
    ({ app, lines } = await service());
    app.get("/throws", () => {
      throw new Error("the database password is hunter2");
    });
  });

  for (const [method, url, status] of [
    ["GET", "/nowhere", 404],
    ["GET", "//", 404],
    ["DELETE", "/", 405],
    ["PUT", "/readyz", 405],
    ["GET", "/%zz", 400],
    ["GET", `/?${"a".repeat(9000)}`, 414],
    ["GET", "/throws", 500],
  ] as const) {
    it(`answer ${method} ${url.slice(0, 12)} with ${status}`, async () => {
      const answer = await app.inject({ method, url });
      const { type, title, status: told, requestId } = answer.json();
      assert.equal(answer.statusCode, status);
      assert.match(String(answer.headers["content-type"]), /^application\/problem\+json/);
      assert.deepEqual({ type, told }, { type: "about:blank", told: status });
      assert.ok(title && requestId);
    });
  }

  it("answer every method that Node knows with 405 or 404, before a body is read", async () => {
    const sent = { payload: "{", headers: { "content-type": "a/b", "content-length": "9999999" } };
    for (const method of METHODS.filter((one) => !["GET", "HEAD", "CONNECT"].includes(one))) {
      const known = await app.inject({ method: method as "PUT", url: "/", ...sent });
      assert.deepEqual([known.statusCode, known.headers.allow], [405, "GET, HEAD"], method);
      assert.equal(known.json().status, 405);
      const unknown = await app.inject({ method: method as "PUT", url: "/nowhere", ...sent });
      assert.equal(unknown.statusCode, 404, method);
    }
  });

  it("name the methods that are allowed", async () => {
    const answer = await app.inject({ method: "PUT", url: "/echo" });
    assert.equal(answer.headers.allow, "POST");
  });

  it("keep what a server error says for the log, under the same request id", async () => {
    const { body, ...answer } = await app.inject("/throws");
    assert.doesNotMatch(body, /hunter2|password|at |\.ts/);
    const logged = lines().find(({ requestId }) => requestId === JSON.parse(body).requestId);
    assert.match(logged.error.stack, /hunter2/);
    assert.equal(answer.statusCode, 500);
  });
});

describe("every answer", () => {
  const urls = ["/", "/healthz", "/readyz", "/nowhere", "/%zz", "/docs", "/fault/status/500"];
  const long = `/fault/status/${"1".repeat(200)}`;

  it("carries the security headers, whatever the status", async () => {
    const { app } = await service({ FAULT_INJECTION: "true" });
    for (const url of [...urls, long]) {
      const { headers } = await app.inject(url);
      assert.match(String(headers["content-security-policy"]), /^default-src 'none'/, url);
      assert.equal(headers["x-content-type-options"], "nosniff", url);
      assert.equal(headers["referrer-policy"], "no-referrer", url);
      assert.equal(headers["cache-control"], "no-store", url);
      assert.match(String(headers["strict-transport-security"]), /^max-age=\d{7,}/, url);
      assert.equal(headers.connection, "keep-alive", url);
    }
  });

  it("closes its connection while the process drains, also one to a request from before", async () => {
    const { app, traffic } = await service({ FAULT_INJECTION: "true" });
    const before = app.inject("/fault/delay/50");
    await new Promise(setImmediate);
    assert.equal(traffic.inFlight, 1);
    traffic.draining = true;
    for (const url of [...urls, long]) {
      assert.equal((await app.inject(url)).headers.connection, "close", url);
    }
    assert.equal((await before).headers.connection, "close");
  });
});

describe("a client's address", () => {
  const client = async (hops: string, forwarded: string) => {
    const { app, lines } = await service({ TRUSTED_PROXY_HOPS: hops });
    await app.inject({ url: "/", headers: { "x-forwarded-for": forwarded } });
    return lines()[0].client;
  };

  it("is what the load balancer appended, never what the client claimed", async () => {
    assert.equal(await client("1", "203.0.113.7"), "203.0.113.7");
    assert.equal(await client("1", "6.6.6.6, 203.0.113.7"), "203.0.113.7");
    assert.equal(await client("1", "6.6.6.6, 10.0.0.1, 203.0.113.7"), "203.0.113.7");
  });

  it("is the connection's without a trusted hop, and one further left with two", async () => {
    assert.equal(await client("0", "203.0.113.7"), "127.0.0.1");
    assert.equal(await client("2", "6.6.6.6, 203.0.113.7, 10.0.0.1"), "203.0.113.7");
  });
});
