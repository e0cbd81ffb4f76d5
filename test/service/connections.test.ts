import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, it } from "mocha";
import { until } from "../support/service-harness.ts";
import { ask, bundled, start } from "../support/service-process.ts";

type Process = Awaited<ReturnType<typeof start>>;

const environment = {
  DRAIN_MIN_SECONDS: "0",
  DRAIN_QUIET_SECONDS: "0",
  FAULT_INJECTION: "true",
};

const slow = "GET /fault/delay/8000 HTTP/1.1\r\nhost: a\r\n\r\n";
const post = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";
const reset = (socket: Socket) => socket.resetAndDestroy();
const leave = (socket: Socket) => socket.destroy();
const halfClose = (socket: Socket) => socket.end();

/** What a client sends, how many requests of it are in flight then, and what it does next. */
const clients: Record<string, [sent: string, inFlight: number, next: (socket: Socket) => unknown]> =
  {
    "leaves before the answer": [slow, 1, leave],
    "resets the connection before the answer": [slow, 1, reset],
    "closes its half of the connection before the answer": [slow, 1, halfClose],
    "leaves in the middle of a body": [`${post}content-length: 99\r\n\r\n{`, 1, leave],
    "resets in the middle of a body": [`${post}content-length: 99\r\n\r\n{`, 1, reset],
    "closes its half in the middle of a body": [`${post}content-length: 99\r\n\r\n{`, 1, halfClose],
    "resets in the middle of a chunk": [
      `${post}transfer-encoding: chunked\r\n\r\nff\r\n{`,
      1,
      reset,
    ],
    "sends what is no chunk": [
      `${post}transfer-encoding: chunked\r\n\r\n`,
      1,
      (socket) => socket.write("what\r\n"),
    ],
    "leaves after five requests at once": [slow.repeat(5), 5, leave],
    "resets after five requests at once": [slow.repeat(5), 5, reset],
    "closes its half after five requests at once": [slow.repeat(5), 5, halfClose],
    "leaves with one request answered, one not and one half sent": [
      `GET / HTTP/1.1\r\nhost: a\r\n\r\n${slow}${post}content-length: 9\r\n\r\n{`,
      2,
      leave,
    ],
    "asks to go on with a body and leaves": [
      `${post}expect: 100-continue\r\ncontent-length: 9\r\n\r\n`,
      1,
      leave,
    ],
    "asks for another protocol and leaves": [
      slow.replace("\r\n\r\n", "\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"),
      1,
      leave,
    ],
    "speaks HTTP/1.0 and leaves": ["GET /fault/delay/8000 HTTP/1.0\r\n\r\n", 1, leave],
    "sends nonsense after a request": [slow, 1, (socket) => socket.write("nonsense\r\n\r\n")],
  };

async function inFlight({ metricsPort }: Process): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return Number(/^http_requests_in_flight (\d+)$/m.exec(text)?.[1]);
}

function open(port: number): Socket {
  return connect(port, "127.0.0.1").on("error", () => {});
}

/** All that comes until the server closes. */
async function answerTo(port: number, ...parts: string[]): Promise<string> {
  const socket = open(port);
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk;
  });
  const closed = once(socket, "close");
  for (const part of parts) {
    if (socket.writable) socket.write(part);
    await sleep(100);
  }
  await closed;
  return answer;
}

describe("the count of requests in flight", () => {
  let built: Awaited<ReturnType<typeof bundled>>;
  let patient: Process;
  let strict: Process;
  before(async () => {
    built = await bundled();
    patient = await start(built.entry, { ...environment, REQUEST_TIMEOUT_SECONDS: "30" });
    strict = await start(built.entry, {
      ...environment,
      REQUEST_TIMEOUT_SECONDS: "1",
      CLOSE_TIMEOUT_SECONDS: "3",
      KEEP_ALIVE_SECONDS: "2",
    });
  });
  after(async () => {
    for (const { child } of [patient, strict]) child.kill("SIGTERM");
    for (const process of [patient, strict]) assert.equal(await process.end(), 0);
    built.remove();
  });

  for (const [title, [sent, count, next]] of Object.entries(clients)) {
    it(`goes down at once when a client ${title}`, async () => {
      const socket = open(patient.port);
      socket.write(sent);
      await until(async () => (await inFlight(patient)) === count);
      const began = performance.now();
      next(socket);
      await until(async () => (await inFlight(patient)) === 0);
      assert.ok(performance.now() - began < 2000, "long before the answer would have come");
      socket.destroy();
    });
  }

  it("goes down when a client trickles a body, or waits for the permission to send one", async () => {
    const trickle = Array.from({ length: 30 }, () => " ");
    const [trickled, waited] = await Promise.all([
      answerTo(strict.port, `${post}content-length: 99\r\n\r\n`, ...trickle),
      answerTo(strict.port, `${post}expect: 100-continue\r\ncontent-length: 9\r\n\r\n`),
    ]);
    assert.match(trickled, /^HTTP\/1\.1 408 /);
    assert.match(waited, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 408 /);
    await until(async () => (await inFlight(strict)) === 0);
  });

  it("goes down when a client never reads what it has asked for", async () => {
    const socket = open(strict.port).pause();
    const many = "GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n".repeat(4000);
    for (let sent = 0; sent < 10 && socket.write(many); sent++) await sleep(1);
    await until(async () => (await inFlight(strict)) > 0);
    await until(async () => (await inFlight(strict)) === 0);
    socket.destroy();
  });

  it("is as before after a thousand requests on one connection, and others that never ask", async () => {
    const silent = Array.from({ length: 50 }, () => open(strict.port).resume());
    const half = Array.from({ length: 50 }, () => open(strict.port).resume());
    for (const socket of half) socket.write("GET / HTTP/1.1\r\nhost: ");
    const one = "GET /version HTTP/1.1\r\nhost: a\r\n\r\n";
    const last = one.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    const answers = await answerTo(strict.port, one.repeat(999) + last);
    assert.equal(answers.match(/HTTP\/1\.1 200 OK\r\n/g)?.length, 1000);
    assert.equal(await inFlight(strict), 0);
    assert.equal(await ask(strict.port, "/"), 200);
    await until(() => [...silent, ...half].every(({ destroyed }) => destroyed));
  });
});

describe("an answer to what is uncommon", () => {
  let built: Awaited<ReturnType<typeof bundled>>;
  let service: Process;
  before(async () => {
    built = await bundled();
    service = await start(built.entry, environment);
  });
  after(async () => {
    service.child.kill("SIGTERM");
    assert.equal(await service.end(), 0);
    built.remove();
  });
  const problem = async (request: string, status: number) => {
    const answer = await answerTo(service.port, `${request}\r\nconnection: close\r\n\r\n`);
    const [head = "", body = ""] = answer.split("\r\n\r\n");
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `), request);
    assert.match(head, /^content-type: application\/problem\+json/im, request);
    assert.equal(JSON.parse(body).status, status);
    return head;
  };

  it("is a problem: an unknown expectation, no host, no HTTP method", async () => {
    await problem("GET / HTTP/1.1\r\nhost: a\r\nexpect: nothing", 417);
    await problem("GET / HTTP/1.1", 400);
    for (const method of ["FOO", "get", "GET\t", "G\u00c9T"]) {
      await problem(`${method} / HTTP/1.1\r\nhost: a`, 400);
    }
  });

  it("is the usual one over HTTP/1.0, and to a client that asks for another protocol", async () => {
    const usual = /^HTTP\/1\.1 200 OK\r\n.*"runtime"/s;
    assert.match(await answerTo(service.port, "GET /version HTTP/1.0\r\n\r\n"), usual);
    for (const protocol of ["websocket", "h2c"]) {
      const upgrade = `host: a\r\nupgrade: ${protocol}\r\nconnection: upgrade, close`;
      const answer = await answerTo(service.port, `GET /version HTTP/1.1\r\n${upgrade}\r\n\r\n`);
      assert.match(answer, usual, protocol);
    }
  });
});
