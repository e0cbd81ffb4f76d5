import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import type { Parts } from "./coverage.ts";
import type { Mutant } from "./mutants.ts";

const imported = /(?:from|import|import\()\s*"(\.[^"]+\.[jt]s)"/g;

/** The file and all files that it imports, each with the number of imports between them. */
export function importsOf(root: string, file: string): Map<string, number> {
  const steps = new Map([[file, 0]]);
  for (const [at, distance] of steps) {
    const path = join(root, at);
    if (!existsSync(path)) continue;
    const source = readFileSync(path, "utf8");
    const next = [...source.matchAll(imported)].map(([, to = ""]) =>
      normalize(join(dirname(at), to)),
    );
    if (at.startsWith("test/")) next.push(...startedPrograms(at, source));
    for (const one of next) if (!steps.has(one)) steps.set(one, distance + 1);
  }
  return steps;
}

/** Programs that a test or its helper starts without an import. */
function startedPrograms(test: string, source: string): string[] {
  const folder = dirname(test).replace(/^test\//, "");
  return [
    ...(/\bevaluate\(/.test(source) ? ["index.ts"] : []),
    ...(/\bevaluate\(.*"projects\/bootstrap"/.test(source) ? ["projects/bootstrap/index.ts"] : []),
    ...["index.ts", "pack.ts", "src/server.ts"].map((name) => `${folder}/${name}`),
    ...(/^tools\/(deliver|plan)/.test(folder) ? ["tools/cli.ts"] : []),
  ];
}

/** The measurement of a test file that passes on the sources without a fault. */
export interface PassingTest {
  test: string;
  milliseconds: number;
  /** The parts of each source file that run in the process of the test. */
  executed: Record<string, Parts>;
  /** Whether the test starts processes, whose coverage is not measured. */
  hasProcesses: boolean;
}

/** Whether a test that passes may run the text of a fault. */
export const runsText = (
  { executed, hasProcesses }: PassingTest,
  { file, start, end }: Pick<Mutant, "file" | "start" | "end">,
): boolean => hasProcesses || (executed[file] ?? []).some(([from, to]) => from < end && start < to);

/** Orders the test files that import the file of a fault, directly or not, by likelihood and duration. */
export class TestOrder {
  #tests: { test: string; imports: Map<string, number> }[];
  readonly #milliseconds = new Map<string, number>();
  readonly #detections = new Map<string, number>();

  constructor(root: string, tests: string[]) {
    this.#tests = tests.map((test) => ({ test, imports: importsOf(root, test) }));
  }

  /** Leaves out a test that fails without a fault. */
  drop(test: string): void {
    this.#tests = this.#tests.filter((one) => one.test !== test);
  }

  recordDuration({ test, milliseconds }: Pick<PassingTest, "test" | "milliseconds">): void {
    this.#milliseconds.set(test, milliseconds);
  }

  /** `test` has detected a fault in `source`: it is preferred for further ones. */
  recordDetection(source: string, test: string): void {
    for (const key of [`${source} ${test}`, test]) {
      this.#detections.set(key, (this.#detections.get(key) ?? 0) + 1);
    }
  }

  /** The test files to run for a fault of `file`. */
  of(file: string): string[] {
    const isDelivery = /^tools\/(deliver\/|shell)/.test(file);
    return this.#tests
      .filter(({ test }) => isDelivery || !test.startsWith("test/tools/deliver/"))
      .flatMap(({ test, imports }) => {
        const distance = imports.get(file);
        if (distance === undefined) return [];
        const likelihood =
          (this.#detections.get(`${file} ${test}`) ?? 0) +
          // A test that detects faults of other files often detects this one.
          (this.#detections.get(test) ?? 0) / 20 +
          1 / (1 + distance) +
          nameMatch(file, test);
        const milliseconds = this.#milliseconds.get(test) ?? usualMilliseconds;
        return { test, cost: (milliseconds + 300) / likelihood };
      })
      .sort((a, b) => a.cost - b.cost)
      .map(({ test }) => test);
  }
}

/** Of a test that was not measured yet. */
const usualMilliseconds = 3000;

/** Prefers the test file of the same name, those of the same folder, and the recorded plans. */
function nameMatch(file: string, test: string): number {
  if (basename(test) === basename(file).replace(/\.ts$/, ".test.ts")) return 2;
  if (dirname(test) === `test/${dirname(file)}`) return 1;
  return test.startsWith("test/recorded/") && /^(infra|projects|index)/.test(file) ? 1 : 0;
}
