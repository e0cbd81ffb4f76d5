import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, it } from "mocha";
import type { Problem } from "../../service/src/problem.ts";
import { close, listening, service } from "../support/service-harness.ts";

describe("an error of a handler", () => {
  let app: Awaited<ReturnType<typeof service>>["app"];
  before(async () => {
    ({ app } = await service());
    app.get("/throws/:status", ({ params }) => {
      const { status } = params as { status: string };
      const statusCode = status === "none" ? undefined : Number(status);
      throw Object.assign(new Error("secret words"), { statusCode });
    });
  });
  const answerTo = async (status: string) => {
    const answer = await app.inject(`/throws/${status}`);
    assert.match(String(answer.headers["content-type"]), /^application\/problem\+json/);
    const problem = answer.json<Problem>();
    assert.equal(problem.status, answer.statusCode);
    return problem;
  };

  it("keeps a status from 400 to 599; any other is 500", async () => {
    for (const status of [400, 418, 499, 500, 503, 599]) {
      assert.equal((await answerTo(String(status))).status, status);
    }
    for (const status of ["none", "200", "304", "399", "600", "700"]) {
      assert.equal((await answerTo(status)).status, 500, status);
    }
  });

  it("is told to the client in its words below 500 only", async () => {
    for (const status of ["400", "499"]) {
      assert.equal((await answerTo(status)).detail, "secret words");
    }
    for (const status of ["500", "503", "599", "600", "none"]) {
      assert.equal((await answerTo(status)).detail, undefined, status);
    }
  });

  it("has an id to ask for help with, and the title of its status", async () => {
    const problem = await answerTo("503");
    assert.ok(problem.requestId);
    assert.equal(problem.title, "Service Unavailable");
    // A status that has no name.
    assert.equal((await answerTo("599")).title, "Error");
    assert.equal(problem.type, "about:blank");
  });
});

describe("a request without a host", () => {
  after(close);

  it("is refused over HTTP/1.1, which asks for one, and answered over HTTP/1.0", async () => {
    const { app } = await service();
    const port = await listening(app);
    const statusOf = async (request: string) => {
      const socket = connect(port, "127.0.0.1");
      socket.end(`${request}\r\nconnection: close\r\n\r\n`);
      const [answer] = await once(socket, "data");
      return Number(String(answer).split(" ")[1]);
    };
    assert.equal(await statusOf("GET / HTTP/1.1"), 400);
    assert.equal(await statusOf("GET / HTTP/1.1\r\nhost: a"), 200);
    assert.equal(await statusOf("GET / HTTP/1.0"), 200);
  });
});
