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

/** Measures test files on the sources without a fault, each when it is asked for the second time. */
export class Baseline {
  readonly #options: BaselineOptions;
  readonly #coverage: Coverage;
  readonly #known = new Map<string, Promise<Measured>>();
  readonly #asked = new Set<string>();

  constructor(options: BaselineOptions) {
    this.#options = options;
    this.#coverage = new Coverage(options.folder);
  }

  /**
   * The measurement of a test: "new" where there is none and it was not asked for before, undefined of a test
   * that fails. The folder of `testProcess` must have no fault now.
   */
  async of(test: string, testProcess: TestProcess): Promise<PassingTest | "new" | undefined> {
    const known = this.#known.get(test) ?? this.#measuredBefore(test);
    if (!known && !this.#asked.has(test)) {
      this.#asked.add(test);
      return "new";
    }
    const measuring = known ?? this.#measure(test, testProcess);
    this.#known.set(test, measuring);
    const measured = await measuring;
    return isPassing(measured) ? measured : undefined;
  }

  #measuredBefore(test: string): Promise<Measured> | undefined {
    const { folder, earlier } = this.#options;
    const old = earlier.findLast((one) => one.test === test);
    const isFresh = old?.hash === hashOf(folder, test, old?.executed);
    return old && isFresh ? Promise.resolve(old) : undefined;
  }

  async #measure(test: string, testProcess: TestProcess): Promise<Measured> {
    let verdict = await testProcess.run(test, { cover: true });
    if (verdict.failure) {
      testProcess.stop();
      verdict = await testProcess.run(test, { cover: true });
    }
    const { failure, milliseconds, counted, hasProcesses } = verdict;
    const executed = this.#coverage.executed(counted);
    const { folder, say, keep } = this.#options;
    const hash = hashOf(folder, test, executed);
    if (failure) {
      const why = `${failure.title}: ${failure.message}`;
      say(`left out, because it fails without a fault: ${test}: ${why}`);
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
