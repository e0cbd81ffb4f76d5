import { readFileSync } from "node:fs";
import { join } from "node:path";
import { keyOf, type Mutant } from "./mutants.ts";

/** A fault that changes nothing anybody could notice, and why. */
export interface Harmless {
  file: string;
  original: string;
  text: string;
  reason: string;
}

export const readHarmless = (project: string): Harmless[] =>
  JSON.parse(readFileSync(join(project, "tools/checks/mutation/harmless.json"), "utf8"));

/** Entries for which the source has no such place any more, or that say no reason. */
export function stale(entries: Harmless[], mutants: Mutant[]): string[] {
  const known = new Set(mutants.map(keyOf));
  return entries.flatMap((entry) => {
    if (!known.has(keyOf(entry))) return [`${keyOf(entry)}: no such place in the source`];
    return entry.reason.trim() ? [] : [`${keyOf(entry)}: no reason given`];
  });
}
