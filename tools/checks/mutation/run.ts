import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { baseline, isMeasured, type Measured } from "./baseline.ts";
import type { Harmless } from "./harmless.ts";
import { keyOf, type Mutant, parses, planted } from "./mutants.ts";
import type { Result } from "./mutation-report.ts";
import { Order } from "./tests.ts";
import type { Types } from "./types.ts";
import { Warm } from "./warm.ts";

interface Run {
  /** Working copies, one a worker: faults are written into their files, one at a time. */
  folders: string[];
  mutants: Mutant[];
  tests: string[];
  harmless: Harmless[];
  /** One result or measured test a line; those that are there are not tried again. */
  results?: string | undefined;
  /** How long the tests of one fault may take, counted in what they take without it. */
  budgetMs: number;
  /** Faults must fit the types of their file, if given. */
  types?: Types | undefined;
  say(line: string): void;
}

/** How many faults there are between two runs without one. */
const control = 10;

/** Plants each fault and says what became of it. */
export async function run(options: Run): Promise<Result[]> {
  const { folders, mutants, tests, harmless, results, budgetMs, types, say } = options;
  const lines = (results && existsSync(results) ? readFileSync(results, "utf8") : "")
    .split("\n")
    .filter(Boolean)
    .map((line): Result | Measured => JSON.parse(line));
  const measured = lines.filter(isMeasured);
  const earlier = lines.filter((line): line is Result => !isMeasured(line));
  const known = new Map(earlier.map((result) => [`${result.start} ${keyOf(result)}`, result]));
  const expected = new Set(harmless.map(keyOf));
  const done: Result[] = [];
  const keep = (line: Result | Measured) => {
    if (results) appendFileSync(results, `${JSON.stringify(line)}\n`);
  };
  const note = (result: Result) => {
    done.push(result);
    say(`${done.length}/${mutants.length} ${result.outcome} ${result.file}:${result.line}`);
    keep(result);
  };
  const left = mutants.filter((mutant) => {
    const before = known.get(`${mutant.start} ${keyOf(mutant)}`);
    if (before && before.outcome !== "survived") done.push(before);
    return !before || before.outcome === "survived";
  });
  const workers = folders.map((folder) => ({ folder, warm: new Warm(folder) }));
  const [first] = workers;
  if (!first) throw new Error("no working copy");
  try {
    const passing = await baseline(first.warm, first.folder, tests, measured, { say, keep });
    const order = new Order(first.folder, passing, budgetMs);
    for (const { outcome, file, by } of earlier) {
      if (outcome === "noticed") order.noticed(file, by?.split(":")[0] ?? "");
    }
    await Promise.all(
      workers.map(async (worker) => {
        while (left.length > 0) await tryAll(worker, order, left.splice(0, control));
      }),
    );
  } finally {
    for (const { warm } of workers) warm.stop();
  }
  return done;

  async function tryAll(
    worker: { folder: string; warm: Warm },
    order: Order,
    batch: Mutant[],
    inNewProcesses = false,
  ): Promise<void> {
    const { warm } = worker;
    const tried: { result: Result; test?: string | undefined }[] = [];
    for (const mutant of batch) {
      if (inNewProcesses) warm.stop();
      tried.push(await attempt(worker, order, mutant));
    }
    // A process that a fault has spoilt would notice everything after it.
    if (inNewProcesses) warm.stop();
    const failing = new Set<string>();
    for (const test of new Set(tried.flatMap((one) => one.test ?? []))) {
      const { failure } = await warm.run(test);
      if (!failure) continue;
      failing.add(test);
      say(`without a fault ${test} fails too: ${failure.title}`);
      if (inNewProcesses) order.drop(test);
    }
    const again = tried.filter(({ test }) => test && failing.has(test));
    for (const one of tried) if (!again.includes(one)) note(one.result);
    if (again.length > 0) {
      const mutants = again.map(({ result: { outcome, by, timedOut, ...mutant } }) => mutant);
      await tryAll(worker, order, mutants, true);
    }
  }

  async function attempt(
    { folder, warm }: { folder: string; warm: Warm },
    order: Order,
    mutant: Mutant,
  ): Promise<{ result: Result; test?: string | undefined }> {
    if (expected.has(keyOf(mutant))) return { result: { ...mutant, outcome: "harmless" } };
    const path = join(folder, mutant.file);
    const source = readFileSync(path, "utf8");
    const faulty = planted(source, mutant);
    const error = parses(mutant.file, faulty)
      ? types?.errorOf(mutant.file, faulty)
      : "not TypeScript";
    if (error) return { result: { ...mutant, outcome: "does not compile", by: error } };
    writeFileSync(path, faulty);
    try {
      const failure = await warm.firstFailure(order.of(mutant));
      if (!failure) return { result: { ...mutant, outcome: "survived" } };
      const { file, title, message, timedOut } = failure;
      order.noticed(mutant.file, file);
      const by = `${file}: ${title}: ${message}`;
      const result: Result = { ...mutant, outcome: "noticed", by, ...(timedOut && { timedOut }) };
      return { result, test: file };
    } finally {
      writeFileSync(path, source);
    }
  }
}
