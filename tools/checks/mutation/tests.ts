import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

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

/** The test files in which a fault of a source file may show, most likely and cheapest first. */
export class Order {
  readonly #reach: Map<string, Map<string, number>>;
  readonly #took: Record<string, number>;
  readonly #budgetMs: number;
  readonly #noticed = new Map<string, number>();

  constructor(root: string, took: Record<string, number>, budgetMs = Number.POSITIVE_INFINITY) {
    this.#took = took;
    this.#budgetMs = budgetMs;
    this.#reach = new Map(Object.keys(took).map((test) => [test, reached(root, test)]));
  }

  noticed(source: string, test: string): void {
    for (const key of [`${source} ${test}`, test]) {
      this.#noticed.set(key, (this.#noticed.get(key) ?? 0) + 1);
    }
  }

  of(source: string): string[] {
    const chance = (test: string) => {
      const distance = this.#reach.get(test)?.get(source) ?? 99;
      // What has noticed faults elsewhere often will here.
      const often = (this.#noticed.get(test) ?? 0) / 20;
      return (this.#noticed.get(`${source} ${test}`) ?? 0) + often + 1 / (1 + distance);
    };
    const price = (test: string) => ((this.#took[test] ?? 0) + 300) / chance(test);
    const delivers = /^tools\/(deliver\/|shell)/.test(source);
    const ordered = Object.keys(this.#took)
      .filter((test) => this.#reach.get(test)?.has(source))
      .filter((test) => delivers || !test.startsWith("test/tools/deliver/"))
      .sort((a, b) => price(a) - price(b));
    let spent = 0;
    return ordered.filter((test, at) => {
      const fits = at === 0 || spent + (this.#took[test] ?? 0) <= this.#budgetMs;
      if (fits) spent += this.#took[test] ?? 0;
      return fits;
    });
  }
}
