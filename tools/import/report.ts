import { PlanError } from "../graph/plan-error.ts";

/** Where a key stands in a file. */
export type Path = readonly (string | number)[];

export const outcomes = ["carried over", "changed", "left out"] as const;

/** What became of a key, and of all below it. */
export interface Entry {
  path: Path;
  outcome: (typeof outcomes)[number];
  /** The setting that it is now. */
  to?: string;
  why?: string;
  /** What a person must do, where something is to be done. */
  todo?: string;
}

/** Why keys are left out, and what a person may do. */
export type Left = [why: string, todo?: string];

/** Whether a person must do something. */
export const asksFor = ({ todo = "nothing" }: Entry) => !todo.startsWith("nothing");

/** What became of every key of the input: each leaf has exactly one entry, at it or above it. */
export class Report {
  readonly entries: Entry[] = [];

  carried(path: Path, to: string): void {
    this.entries.push({ path, outcome: "carried over", to });
  }

  changed(path: Path, to: string, why: string, todo?: string): void {
    this.entries.push({ path, outcome: "changed", to, why, ...(todo && { todo }) });
  }

  /** @param why one of few texts: the numbers of docs/import.md are by it */
  left(path: Path, why: string, todo = "nothing"): void {
    this.entries.push({ path, outcome: "left out", why, todo });
  }

  /** Whether a key, or one above it, has an entry. */
  has(path: Path): boolean {
    return this.entries.some((entry) => isWithin(path, entry.path));
  }

  /** Whether a key, one above it or one below it, has an entry. */
  tells(path: Path): boolean {
    return this.has(path) || this.entries.some((entry) => isWithin(entry.path, path));
  }

  /** Names every leaf that has no entry yet, and puts the entries in the order of the document. */
  close(document: unknown): void {
    const leaves = leavesOf(document);
    for (const path of leaves) {
      if (!this.tells(path)) this.left(path, unknownKey, "look whether the program needs it");
    }
    // What is no key, such as a name, stands where its map begins.
    const place = (path: Path): number => {
      const found = leaves.findIndex((leaf) => isWithin(leaf, path) || isWithin(path, leaf));
      return found < 0 && path.length > 0 ? place(path.slice(0, -1)) : found;
    };
    const places = new Map(this.entries.map((entry) => [entry, place(entry.path)]));
    this.entries.sort((one, other) => (places.get(one) ?? 0) - (places.get(other) ?? 0));
  }
}

/** An error where nothing is left that the platform runs. */
export function nothingRuns(file: string, { entries }: Report, allowed: string): PlanError {
  const left = entries.filter(({ outcome }) => outcome === "left out");
  const whole = left.filter(({ path }) => path.length <= 2);
  const names = whole.map(({ path, why, todo }) => `${textOf(path)} (${why}; ${todo})`);
  return new PlanError(
    `${file}: has no service that the platform runs; allowed: ${allowed}${names.length > 0 ? `; left out: ${names.join(", ")}` : ""}`,
  );
}

/** Why a key is left out that nothing here reads. */
export const unknownKey = "the importer does not know the key";

export const isWithin = (path: Path, above: Path) =>
  above.length <= path.length && above.every((key, at) => path[at] === key);

/** The paths of all values that hold no other: texts, numbers, empty lists and maps. */
export function leavesOf(value: unknown, at: Path = []): Path[] {
  const inner = typeof value === "object" && value !== null ? Object.entries(value) : [];
  if (inner.length === 0) return [at];
  return inner.flatMap(([key, one]) =>
    leavesOf(one, [...at, Array.isArray(value) ? Number(key) : key]),
  );
}

/** `services.web.ports[0]` */
export function textOf(path: Path): string {
  return path
    .map((key, at) => {
      if (typeof key === "number") return `[${key}]`;
      return /^[^.[\]\s]+$/.test(key) ? `${at > 0 ? "." : ""}${key}` : `["${key}"]`;
    })
    .join("");
}
