import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, it } from "mocha";
import { smoke } from "../../../tools/deliver/smoke.ts";

describe("smoke test", () => {
  let server: Server | undefined;
  afterEach(() => server?.close());
  /** A service that answers with these statuses, the last one from then on; tells how often it was asked. */
  const serving = async (...statuses: number[]) => {
    let asked = 0;
    server = createServer((_, response) => {
      response.statusCode = statuses[Math.min(asked++, statuses.length - 1)] ?? 200;
      response.end();
    });
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { url, asked: () => asked };
  };
  const options = { timeoutSeconds: 5, pauseSeconds: 0.01, answers: 3 };

  it("wants several good answers in a row", async () => {
    const { url, asked } = await serving(503, 200, 503, 200);
    await smoke({ url }, options);
    assert.equal(asked(), 6);
  });

  it("fails when the service does not answer well in time", async () => {
    const { url } = await serving(500);
    const soon = { ...options, timeoutSeconds: 0.2 };
    await assert.rejects(smoke({ url }, soon), /does not answer well: status 500/);
    await assert.rejects(smoke({ url: "http://127.0.0.1:1" }, soon), /does not answer well/);
  });

  it("says whom the load balancer answers, when it has not answered at all", async () => {
    const restriction = "Its load balancer answers 192.0.2.0/24 alone";
    const soon = { ...options, timeoutSeconds: 0.2, restriction };
    const silent = smoke({ url: "http://127.0.0.1:1" }, soon);
    await assert.rejects(silent, {
      message: /does not answer well: .*bad port\. Its load bal/,
    });
    const { url } = await serving(503);
    await assert.rejects(smoke({ url }, soon), { message: /status 503$/ });
  });
});
