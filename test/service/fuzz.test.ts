import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { cacheFolder } from "../../tools/rehearsal/engine.ts";
import { bundled, start } from "../support/service-process.ts";

/** On PATH, or where .ci/run puts it. */
function schemathesis(): string | undefined {
  const kept = join(cacheFolder(), "schemathesis", "bin", "schemathesis");
  return ["schemathesis", kept].find((one) =>
    one === kept ? existsSync(kept) : spawnSync(one, ["--version"]).status === 0,
  );
}

/** Its own list, and 413: a body that is too large is refused before anybody reads it. */
const settings = `[checks]
negative_data_rejection.expected-statuses = [400, 404, 405, 406, 409, 413, 415, 422]
`;

/** What it says of the service that answers on `port`. */
async function fuzz(command: string, port: number): Promise<{ code: number; said: string }> {
  const folder = mkdtempSync(join(tmpdir(), "fuzz-"));
  writeFileSync(join(folder, "schemathesis.toml"), settings);
  const child = spawn(
    command,
    [
      ...["run", `http://127.0.0.1:${port}/openapi.json`, "--checks", "all", "--mode", "all"],
      ...["--max-examples", "60", "--seed", "1", "--continue-on-failure", "--no-color"],
    ],
    { cwd: folder, stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      said += chunk;
    });
  }
  const [code] = await once(child, "close");
  rmSync(folder, { recursive: true });
  return { code, said };
}

describe("the service's OpenAPI document", function () {
  this.timeout(120_000);
  let command: string;
  before(function () {
    const found = schemathesis();
    if (!found) {
      console.error("      skipped: no schemathesis on PATH; .ci/run installs it");
      return this.skip();
    }
    command = found;
  });

  it("says how the service answers what schemathesis makes up by it", async () => {
    const built = await bundled();
    const service = await start(built.entry, {
      DRAIN_MIN_SECONDS: "0",
      DRAIN_QUIET_SECONDS: "0",
      LOG_LEVEL: "error",
    });
    after(() => built.remove());
    const { code, said } = await fuzz(command, service.port);
    service.child.kill("SIGTERM");
    assert.equal(await service.end(), 0);
    assert.equal(code, 0, said.slice(-20_000));
    assert.match(said, /Tested: 5/);
    assert.deepEqual(
      service.lines().filter(({ level }) => level === "error"),
      [],
    );
  });

  it("is not kept by a service that answers 500, which this test notices", async () => {
    const document = {
      openapi: "3.1.0",
      info: { title: "bad", version: "1" },
      paths: { "/": { get: { responses: { 200: { description: "never" } } } } },
    };
    const server = createServer((request, response) => {
      response.writeHead(request.url === "/openapi.json" ? 200 : 500, {
        "content-type": "application/json",
      });
      response.end(JSON.stringify(document));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { code, said } = await fuzz(command, (server.address() as AddressInfo).port);
    server.close();
    assert.equal(code, 1, said);
    assert.match(said, /Server error/);
  });
});
