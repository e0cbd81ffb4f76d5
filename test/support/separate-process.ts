import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Context } from "mocha";
import { findEngine, NoEngine } from "../../tools/rehearsal/engine.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Skips tests without an engine, except in CI. A build of the engine takes minutes.
 */
export async function needsEngine(this: Context): Promise<void> {
  this.timeout(20 * 60_000);
  try {
    await findEngine((line) => console.error(`      ${line}`));
  } catch (error) {
    if (!(error instanceof NoEngine) || process.env.CI === "true") throw error;
    console.error(`      skipped: ${error.message}`);
    this.skip();
  }
}

/**
 * Runs a test file in a new process, and asserts the number of passing tests. A process with mocks cannot use
 * an engine afterwards.
 */
export function passes(file: string, count: number): void {
  const mocha = [
    "node_modules/mocha/bin/mocha.js",
    "--no-config",
    "--node-option",
    "import=./tools/typescript.js",
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...mocha, file], {
    cwd: root,
    encoding: "utf8",
  });
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, new RegExp(`\\b${count} passing`));
}
