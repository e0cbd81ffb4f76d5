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

interface BaselineOptions {
  /** Of the sources without a fault. */
  folder: string;
  /** Of an earlier run. */
  earlier: Measured[];
  say(line: string): void;
  keep(measured: Measured): void;
}

/** Measures test files on the sources without a fault, each when it is asked for first. */
export class Baseline {
  readonly #options: BaselineOptions;
  readonly #coverage: Coverage;
  readonly #known = new Map<string, Promise<Measured>>();

  constructor(options: BaselineOptions) {
    this.#options = options;
    this.#coverage = new Coverage(options.folder);
  }

  /**
   * The measurement of a test that passes; undefined of one that fails. The folder of
   * `testProcess` must have no fault now.
   */
  async of(test: string, testProcess: TestProcess): Promise<PassingTest | undefined> {
    const known = this.#known.get(test) ?? this.#measurement(test, testProcess);
    this.#known.set(test, known);
    const measured = await known;
    return isPassing(measured) ? measured : undefined;
  }

  async #measurement(test: string, testProcess: TestProcess): Promise<Measured> {
    const { folder, earlier, keep } = this.#options;
    const old = earlier.findLast((one) => one.test === test);
    if (old?.hash === hashOf(folder, test, old?.executed)) return old;
    const measured = await this.#measure(test, testProcess);
    keep(measured);
    return measured;
  }

  async #measure(test: string, testProcess: TestProcess): Promise<Measured> {
    let verdict = await testProcess.run(test, { cover: true });
    if (verdict.failure) {
      testProcess.stop();
      verdict = await testProcess.run(test, { cover: true });
    }
    const { failure, milliseconds, counted, hasProcesses } = verdict;
    const executed = this.#coverage.executed(counted);
    const hash = hashOf(this.#options.folder, test, executed);
    if (!failure) return { test, hash, milliseconds, hasProcesses, executed };
    const why = `${failure.title}: ${failure.message}`;
    this.#options.say(`left out, because it fails without a fault: ${test}: ${why}`);
    return { test, hash };
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
