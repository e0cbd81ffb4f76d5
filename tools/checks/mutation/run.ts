import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Harmless } from "./harmless.ts";
import { keyOf, type Mutant, parses, planted } from "./mutants.ts";
import type { Result } from "./mutation-report.ts";
import { Order } from "./tests.ts";
import { Types } from "./types.ts";
import { Warm } from "./warm.ts";

interface Run {
  /** A working copy: faults are written into its files, one at a time. */
  folder: string;
  mutants: Mutant[];
  tests: string[];
  harmless: Harmless[];
  /** One result a line; those that are there are not tried again. */
  results?: string | undefined;
  /** How long the tests of one fault may take, counted in what they take without it. */
  budgetMs: number;
  /** Whether faults must fit the types of their file. */
  types: boolean;
  say(line: string): void;
}

/** How many faults there are between two runs without one. */
const control = 10;

/** Plants each fault and says what became of it. */
export async function run({
  folder,
  mutants,
  tests,
  harmless,
  results,
  budgetMs,
  types,
  say,
}: Run): Promise<Result[]> {
  const known = new Map(
    (results && existsSync(results) ? readFileSync(results, "utf8") : "")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Result)
      .map((result) => [`${result.start} ${keyOf(result)}`, result]),
  );
  const expected = new Set(harmless.map(keyOf));
  const done: Result[] = [];
  const note = (mutant: Mutant, outcome: Result["outcome"], by?: string) => {
    const result: Result = { ...mutant, outcome, ...(by && { by }) };
    done.push(result);
    say(`${done.length}/${mutants.length} ${outcome} ${mutant.file}:${mutant.line}`);
    if (results) appendFileSync(results, `${JSON.stringify(result)}\n`);
  };
  const checker = new Types(folder);
  const warm = new Warm(folder);
  try {
    const left = mutants.filter((mutant) => {
      const before = known.get(`${mutant.start} ${keyOf(mutant)}`);
      if (before && before.outcome !== "survived") done.push(before);
      return !before || before.outcome === "survived";
    });
    const order = new Order(folder, await baseline(warm, tests, say, results), budgetMs);
    for (let at = 0; at < left.length; at += control) {
      const batch = left.slice(at, at + control);
      await tryAll(batch);
    }

    async function tryAll(batch: Mutant[], newProcesses = false): Promise<void> {
      const outcomes: [Mutant, Result["outcome"], string?][] = [];
      const noticing = new Set<string>();
      for (const mutant of batch) {
        const path = join(folder, mutant.file);
        const source = readFileSync(path, "utf8");
        const faulty = planted(source, mutant);
        if (expected.has(keyOf(mutant))) {
          outcomes.push([mutant, "harmless"]);
          continue;
        }
        const error = !parses(mutant.file, faulty)
          ? "syntax"
          : types && checker.errorOf(mutant.file, faulty);
        if (error) {
          outcomes.push([mutant, "does not compile", error]);
          continue;
        }
        if (newProcesses) warm.stop();
        writeFileSync(path, faulty);
        try {
          const { noticed } = await warm.run(order.of(mutant.file));
          if (noticed?.file) noticing.add(noticed.file);
          if (noticed) order.noticed(mutant.file, noticed.file);
          outcomes.push([
            mutant,
            noticed ? "noticed" : "survived",
            noticed && `${noticed.file}: ${noticed.title}: ${noticed.message}`,
          ]);
        } finally {
          writeFileSync(path, source);
        }
      }
      // A process that a fault has spoilt would notice everything after it.
      if (newProcesses) warm.stop();
      const { noticed } = await warm.run([...noticing]);
      if (noticed && !newProcesses) {
        say(`without a fault ${noticed.file} fails too (${noticed.title}); again in new processes`);
        return tryAll(batch, true);
      }
      if (noticed) throw new Error(`${noticed.file} fails without a fault: ${noticed.title}`);
      for (const outcome of outcomes) note(...outcome);
    }
  } finally {
    warm.stop();
  }
  return done;
}

/**
 * How long each test file takes on the sources as they are; those that fail notice nothing. Kept
 * beside the results.
 */
async function baseline(
  warm: Warm,
  tests: string[],
  say: (line: string) => void,
  results?: string,
): Promise<Record<string, number>> {
  const kept = results && `${results}.tests.json`;
  const known: Record<string, number> =
    kept && existsSync(kept) ? JSON.parse(readFileSync(kept, "utf8")) : {};
  const took: Record<string, number> = {};
  for (const test of tests) {
    const before = known[test];
    if (before !== undefined) {
      took[test] = before;
      continue;
    }
    let verdict = await warm.run([test]);
    if (verdict.noticed) {
      warm.stop();
      verdict = await warm.run([test]);
    }
    if (verdict.noticed) {
      const { title, message } = verdict.noticed;
      say(`left out, for it fails without a fault: ${test}: ${title}: ${message}`);
    } else took[test] = verdict.took[test] ?? 0;
    if (kept) writeFileSync(kept, JSON.stringify({ ...known, ...took }));
  }
  return took;
}
