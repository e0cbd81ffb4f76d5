import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Baseline, isMeasured, type Measured } from "./baseline.ts";
import type { EquivalentMutant } from "./equivalent-mutants.ts";
import { keyOf, type Mutant, parses, withFault } from "./mutants.ts";
import type { Result } from "./mutation-report.ts";
import { runsText, TestOrder } from "./test-order.ts";
import { TestProcess } from "./test-process.ts";
import type { TypeCheck } from "./type-check.ts";
import type { Failure } from "./worker.ts";

interface RunOptions {
  /** The folder of the sources without a fault. */
  sources: string;
  /** Working copies, one for each worker, which writes one fault at a time into it. */
  folders: string[];
  mutants: Mutant[];
  tests: string[];
  equivalent: EquivalentMutant[];
  /** A file with one result or measured test in each line. Faults of the file are skipped, except survived ones. */
  results?: string | undefined;
  /** Max. duration of the tests of one fault, as measured without the fault. */
  budgetMs: number;
  /** Checks the types of the file with the fault. @default types are not checked */
  types?: TypeCheck | undefined;
  say(line: string): void;
}

/** After so many faults, the tests that detected them run without a fault. */
const batchSize = 10;

/** Writes each fault into a working copy, and runs its tests. Returns the outcome of each. */
export async function run(options: RunOptions): Promise<Result[]> {
  const { sources, folders, mutants, tests, equivalent, results, budgetMs, types, say } = options;
  const lines = (results && existsSync(results) ? readFileSync(results, "utf8") : "")
    .split("\n")
    .filter(Boolean)
    .map((line): Result | Measured => JSON.parse(line));
  const measured = lines.filter(isMeasured);
  const earlier = lines.filter((line): line is Result => !isMeasured(line));
  const known = new Map(earlier.map((result) => [`${result.start} ${keyOf(result)}`, result]));
  const equivalentKeys = new Set(equivalent.map(keyOf));
  const done: Result[] = [];
  const keep = (line: Result | Measured) => {
    if (results) appendFileSync(results, `${JSON.stringify(line)}\n`);
  };
  const add = (result: Result) => {
    done.push(result);
    say(`${done.length}/${mutants.length} ${result.outcome} ${result.file}:${result.line}`);
    keep(result);
  };
  const left = mutants.filter((mutant) => {
    const before = known.get(`${mutant.start} ${keyOf(mutant)}`);
    if (before && before.outcome !== "survived") done.push(before);
    return !before || before.outcome === "survived";
  });
  const workers = folders.map((folder) => ({ folder, testProcess: new TestProcess(folder) }));
  const baseline = new Baseline({ folder: sources, earlier: measured, say, keep });
  const order = new TestOrder(sources, tests);
  try {
    for (const { test, milliseconds = 0 } of measured) order.recordDuration({ test, milliseconds });
    for (const { outcome, file, by } of earlier) {
      if (outcome === "detected") order.recordDetection(file, by?.split(":")[0] ?? "");
    }
    await Promise.all(
      workers.map(async (worker) => {
        while (left.length > 0) await tryAll(worker, left.splice(0, batchSize));
      }),
    );
  } finally {
    for (const { testProcess } of workers) testProcess.stop();
  }
  return done;

  async function tryAll(worker: Worker, batch: Mutant[], inNewProcesses = false): Promise<void> {
    const { testProcess } = worker;
    const tried: { result: Result; test?: string | undefined }[] = [];
    for (const mutant of batch) {
      if (inNewProcesses) testProcess.stop();
      tried.push(await attempt(worker, mutant));
    }
    // After a fault, the state of the process may make every test fail.
    if (inNewProcesses) testProcess.stop();
    const failing = new Set<string>();
    for (const test of new Set(tried.flatMap((one) => one.test ?? []))) {
      const { failure } = await testProcess.run(test);
      if (!failure) continue;
      failing.add(test);
      say(`without a fault, ${test} fails too: ${failure.title}`);
      if (inNewProcesses) order.drop(test);
    }
    const again = tried.filter(({ test }) => test && failing.has(test));
    for (const one of tried) if (!again.includes(one)) add(one.result);
    if (again.length > 0) {
      const mutants = again.map(({ result: { outcome, by, timedOut, ...mutant } }) => mutant);
      await tryAll(worker, mutants, true);
    }
  }

  async function attempt(
    worker: Worker,
    mutant: Mutant,
  ): Promise<{ result: Result; test?: string | undefined }> {
    if (equivalentKeys.has(keyOf(mutant))) return { result: { ...mutant, outcome: "equivalent" } };
    const source = readFileSync(join(worker.folder, mutant.file), "utf8");
    const faulty = withFault(source, mutant);
    const error = parses(mutant.file, faulty)
      ? types?.errorOf(mutant.file, faulty)
      : "not TypeScript";
    if (error) return { result: { ...mutant, outcome: "does not compile", by: error } };
    const found = await firstFailure(worker, mutant, { source, faulty });
    if (!found) return { result: { ...mutant, outcome: "survived" } };
    const { test, title, message, timedOut } = found;
    order.recordDetection(mutant.file, test);
    const by = `${test}: ${title}: ${message}`;
    const result: Result = { ...mutant, outcome: "detected", by, ...(timedOut && { timedOut }) };
    return { result, test };
  }

  /** The first test that fails, of those that run the fault's text, within the budget. */
  async function firstFailure(
    { folder, testProcess }: Worker,
    mutant: Mutant,
    { source, faulty }: Record<"source" | "faulty", string>,
  ): Promise<(Failure & { test: string }) | undefined> {
    const path = join(folder, mutant.file);
    const modules = testProcess.newModules();
    let spent = 0;
    for (const test of order.of(mutant.file)) {
      const measured = await baseline.of(test, testProcess);
      // The first fault costs less than the measurement.
      const known = measured === "new" ? undefined : measured;
      if (measured !== "new" && !(known && runsText(known, mutant))) continue;
      if (spent > 0 && spent + (known?.milliseconds ?? 0) > budgetMs) continue;
      writeFileSync(path, faulty);
      const { failure, milliseconds } = await testProcess
        .run(test, { modules })
        .finally(() => writeFileSync(path, source));
      spent += known?.milliseconds ?? milliseconds;
      order.recordDuration(known ?? { test, milliseconds });
      if (failure) return { test, ...failure };
    }
    return undefined;
  }
}

interface Worker {
  folder: string;
  testProcess: TestProcess;
}
