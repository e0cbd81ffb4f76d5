import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import type { Parts } from "./coverage.ts";
import type { Mutant } from "./mutants.ts";

const imported = /(?:from|import|import\()\s*"(\.[^"]+\.[jt]s)"/g;

/** The files that a file imports, itself among them, each with the number of steps to it. */
export function reached(root: string, file: string): Map<string, number> {
  const steps = new Map([[file, 0]]);
  for (const [at, distance] of steps) {
    const path = join(root, at);
    if (!existsSync(path)) continue;
    const source = readFileSync(path, "utf8");
    const next = [...source.matchAll(imported)].map(([, to = ""]) =>
      normalize(join(dirname(at), to)),
    );
    if (at.startsWith("test/")) next.push(...started(at, source));
    for (const one of next) if (!steps.has(one)) steps.set(one, distance + 1);
  }
  return steps;
}

/** Programs that a test or its helper runs by their address or in a process of their own. */
function started(test: string, source: string): string[] {
  const folder = dirname(test).replace(/^test\//, "");
  return [
    ...(/\bevaluate\(/.test(source) ? ["index.ts"] : []),
    ...(/\bevaluate\(.*"projects\/bootstrap"/.test(source) ? ["projects/bootstrap/index.ts"] : []),
    ...["index.ts", "pack.ts", "src/server.ts"].map((name) => `${folder}/${name}`),
    ...(/^tools\/(deliver|plan)/.test(folder) ? ["tools/cli.ts"] : []),
  ];
}

/** What is known of a test file that passes on the sources as they are. */
export interface Known {
  test: string;
  milliseconds: number;
  /** Of each source file, the parts that it executes in the process of the test. */
  executed: Record<string, Parts>;
  hasProcesses: boolean;
}

interface Placed extends Known {
  /** The files that it imports, with the number of steps to each. */
  reach: Map<string, number>;
}

/** The test files in which a fault may show, most likely and cheapest first. */
export class Order {
  #tests: Placed[];
  readonly #budgetMs: number;
  readonly #noticed = new Map<string, number>();

  constructor(root: string, tests: Known[], budgetMs = Number.POSITIVE_INFINITY) {
    this.#tests = tests.map((known) => ({ ...known, reach: reached(root, known.test) }));
    this.#budgetMs = budgetMs;
  }

  /** Leaves out a test that fails without a fault. */
  drop(test: string): void {
    this.#tests = this.#tests.filter((one) => one.test !== test);
  }

  noticed(source: string, test: string): void {
    for (const key of [`${source} ${test}`, test]) {
      this.#noticed.set(key, (this.#noticed.get(key) ?? 0) + 1);
    }
  }

  of({ file, start, end }: Pick<Mutant, "file" | "start" | "end">): string[] {
    const delivers = /^tools\/(deliver\/|shell)/.test(file);
    const chance = ({ test, reach }: Placed) =>
      (this.#noticed.get(`${file} ${test}`) ?? 0) +
      // What has noticed faults elsewhere often will here.
      (this.#noticed.get(test) ?? 0) / 20 +
      1 / (1 + (reach.get(file) ?? 99)) +
      likeness(file, test);
    const ordered = this.#tests
      .filter(({ test }) => delivers || !test.startsWith("test/tools/deliver/"))
      .filter(({ executed, hasProcesses, reach }) => {
        const parts = executed[file]?.some(([from, to]) => from < end && start < to);
        return parts || (hasProcesses && reach.has(file));
      })
      .map((known) => ({ ...known, price: (known.milliseconds + 300) / chance(known) }))
      .sort((a, b) => a.price - b.price);
    let spent = 0;
    return ordered
      .filter(({ milliseconds }, at) => {
        const fits = at === 0 || spent + milliseconds <= this.#budgetMs;
        if (fits) spent += milliseconds;
        return fits;
      })
      .map(({ test }) => test);
  }
}

/** A file's own spec, those of its folder and the recorded plans notice most of its faults. */
function likeness(file: string, test: string): number {
  if (basename(test) === basename(file).replace(/\.ts$/, ".test.ts")) return 2;
  if (dirname(test) === `test/${dirname(file)}`) return 1;
  return test.startsWith("test/recorded/") && /^(infra|projects|index)/.test(file) ? 1 : 0;
}
