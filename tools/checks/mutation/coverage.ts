import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { join } from "node:path";
import { compile } from "./compile.js";

/** V8's coverage of one compiled module: ranges of offsets, inner ones after outer ones. */
export interface ModuleCoverage {
  file: string;
  ranges: { startOffset: number; endOffset: number; count: number }[];
}

/** Parts of a source. `end` is the offset after the last character. */
export type Parts = [start: number, end: number][];

interface Place {
  compiled: number;
  source: number;
}

/** Maps the coverage of compiled modules to parts of the sources. */
export class Coverage {
  readonly #root: string;
  readonly #places = new Map<string, Place[]>();

  constructor(root: string) {
    this.#root = root;
  }

  executed(counted: ModuleCoverage[]): Record<string, Parts> {
    const places = new Map<string, Map<number, boolean>>();
    for (const { file, ranges } of counted) {
      const known = places.get(file) ?? new Map<number, boolean>();
      places.set(file, known);
      const inner = ranges.toSorted(
        (a, b) => b.startOffset - a.startOffset || a.endOffset - b.endOffset,
      );
      for (const { compiled, source } of this.#placesOf(file)) {
        const range = inner.find((one) => one.startOffset <= compiled && compiled < one.endOffset);
        known.set(source, known.get(source) || range?.count !== 0);
      }
    }
    return Object.fromEntries([...places].map(([file, known]) => [file, partsOf(known)]));
  }

  #placesOf(file: string): Place[] {
    const known = this.#places.get(file);
    if (known) return known;
    const source = readFileSync(join(this.#root, file), "utf8");
    const { code, map } = compile(file, source);
    const lines = source.split("\n");
    const starts = lines.map((_, at) => lines.slice(0, at).join("\n").length + (at && 1));
    const payload = new SourceMap(JSON.parse(map));
    const places = new Map<number, Place>();
    let line = 0;
    let column = 0;
    for (let compiled = 0; compiled < code.length; compiled++) {
      const entry = payload.findEntry(line, column);
      if ("originalLine" in entry && entry.generatedLine === line) {
        const start = compiled - column + entry.generatedColumn;
        const at = (starts[entry.originalLine] ?? 0) + entry.originalColumn;
        places.set(start, { compiled: start, source: at });
      }
      [line, column] = code[compiled] === "\n" ? [line + 1, 0] : [line, column + 1];
    }
    this.#places.set(file, [...places.values()]);
    return [...places.values()];
  }
}

/** From each executed place to the next place. The text before the first place is executed too. */
function partsOf(places: Map<number, boolean>): Parts {
  const parts: Parts = [[0, 0]];
  const sorted = [...places].sort(([a], [b]) => a - b);
  for (const [at, [start, wasExecuted]] of [[0, true] as const, ...sorted].entries()) {
    const end = sorted[at]?.[0] ?? Number.MAX_SAFE_INTEGER;
    if (!wasExecuted) continue;
    const last = parts.at(-1);
    if (last && last[1] === start) last[1] = end;
    else parts.push([start, end]);
  }
  return parts;
}
