import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Coverage } from "./coverage.ts";
import { type Known, reached } from "./tests.ts";
import type { Warm } from "./warm.ts";

/** What was measured of a test, and of which files; without `milliseconds` it fails without a fault. */
export interface Measured extends Partial<Known> {
  test: string;
  hash: string;
}

export const isMeasured = (line: object): line is Measured => "hash" in line;

/** Measures each test file on the sources as they are; those that fail notice nothing. */
export async function baseline(
  warm: Warm,
  folder: string,
  tests: string[],
  before: Measured[],
  { say, keep }: { say(line: string): void; keep(measured: Measured): void },
): Promise<Known[]> {
  const coverage = new Coverage(folder);
  const found: Known[] = [];
  for (const test of tests) {
    const old = before.findLast((one) => one.test === test);
    const isFresh = old?.hash === hashOf(folder, test, old?.executed);
    const known = isFresh ? old : await measure(test);
    if (isKnown(known)) found.push(known);
  }
  return found;

  async function measure(test: string): Promise<Measured> {
    let verdict = await warm.run(test, { cover: true });
    if (verdict.failure) {
      warm.stop();
      verdict = await warm.run(test, { cover: true });
    }
    const { failure, milliseconds, counted, hasProcesses } = verdict;
    const executed = coverage.executed(counted);
    const hash = hashOf(folder, test, executed);
    if (failure) {
      say(`left out, for it fails without a fault: ${test}: ${failure.title}: ${failure.message}`);
    }
    const measured = failure
      ? { test, hash }
      : { test, hash, milliseconds, hasProcesses, executed };
    keep(measured);
    return measured;
  }
}

const isKnown = (measured: Measured): measured is Measured & Known =>
  measured.milliseconds !== undefined;

/** Of all that the test reads as modules. */
function hashOf(folder: string, test: string, executed: Known["executed"] = {}): string {
  const hash = createHash("sha256");
  const files = new Set([...reached(folder, test).keys(), ...Object.keys(executed)]);
  for (const file of [...files].sort()) {
    if (existsSync(join(folder, file))) hash.update(file).update(readFileSync(join(folder, file)));
  }
  return hash.digest("hex").slice(0, 16);
}
