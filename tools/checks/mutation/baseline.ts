import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Coverage } from "./coverage.ts";
import { importsOf, type PassingTest } from "./test-order.ts";
import type { TestProcess } from "./test-process.ts";

/** The measurement of a test file. Without `milliseconds`, the test fails on the sources without a fault. */
export interface Measured extends Partial<PassingTest> {
  test: string;
  /** Of the test file and its imports. */
  hash: string;
}

export const isMeasured = (line: object): line is Measured => "hash" in line;

/** Measures each test file on the sources without a fault. Returns those that pass. */
export async function baseline(
  testProcess: TestProcess,
  folder: string,
  tests: string[],
  earlier: Measured[],
  { say, keep }: { say(line: string): void; keep(measured: Measured): void },
): Promise<PassingTest[]> {
  const coverage = new Coverage(folder);
  const found: PassingTest[] = [];
  for (const test of tests) {
    const old = earlier.findLast((one) => one.test === test);
    const isFresh = old?.hash === hashOf(folder, test, old?.executed);
    const measured = isFresh ? old : await measure(test);
    if (isPassing(measured)) found.push(measured);
  }
  return found;

  async function measure(test: string): Promise<Measured> {
    let verdict = await testProcess.run(test, { cover: true });
    if (verdict.failure) {
      testProcess.stop();
      verdict = await testProcess.run(test, { cover: true });
    }
    const { failure, milliseconds, counted, hasProcesses } = verdict;
    const executed = coverage.executed(counted);
    const hash = hashOf(folder, test, executed);
    if (failure) {
      say(
        `left out, because it fails without a fault: ${test}: ${failure.title}: ${failure.message}`,
      );
    }
    const measured = failure
      ? { test, hash }
      : { test, hash, milliseconds, hasProcesses, executed };
    keep(measured);
    return measured;
  }
}

const isPassing = (measured: Measured): measured is Measured & PassingTest =>
  measured.milliseconds !== undefined;

/** The hash of a test file and of all modules that it loads. */
function hashOf(folder: string, test: string, executed: PassingTest["executed"] = {}): string {
  const hash = createHash("sha256");
  const files = new Set([...importsOf(folder, test).keys(), ...Object.keys(executed)]);
  for (const file of [...files].sort()) {
    if (existsSync(join(folder, file))) hash.update(file).update(readFileSync(join(folder, file)));
  }
  return hash.digest("hex").slice(0, 16);
}
