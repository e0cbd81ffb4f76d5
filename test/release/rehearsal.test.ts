import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { before, describe, it } from "mocha";
import { findEngine, NoEngine } from "../../rehearsal/engine.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("a release on the simulated cloud", function () {
  this.timeout(300_000);

  before(async function () {
    try {
      await findEngine();
    } catch (error) {
      if (!(error instanceof NoEngine)) throw error;
      this.skip();
    }
  });

  // In a process of its own: once a process has had mocks, no engine is heard in it.
  it("goes back by itself from a bad image, and leaves a history to roll back by", () => {
    const mocha = ["node_modules/mocha/bin/mocha.js", "--no-config", "--node-option", "import=tsx"];
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [...mocha, "test/release/rehearsed.ts"],
      { cwd: root, encoding: "utf8" },
    );
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /5 passing/);
  });
});
