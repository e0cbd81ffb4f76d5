import { readFileSync } from "node:fs";
import { join } from "node:path";
import { keyOf, type Mutant } from "./mutants.ts";

/** A fault that changes no behaviour (an equivalent mutant), with the reason. */
export interface EquivalentMutant {
  file: string;
  original: string;
  text: string;
  reason: string;
}

export const readEquivalentMutants = (project: string): EquivalentMutant[] =>
  JSON.parse(readFileSync(join(project, "tools/checks/mutation/equivalent-mutants.json"), "utf8"));

/** The errors of the list: entries whose original text the source does not have, or without a reason. */
export function entryProblems(entries: EquivalentMutant[], mutants: Mutant[]): string[] {
  const known = new Set(mutants.map(keyOf));
  return entries.flatMap((entry) => {
    if (!known.has(keyOf(entry))) return [`${keyOf(entry)}: the source has no such text`];
    return entry.reason.trim() ? [] : [`${keyOf(entry)}: no reason given`];
  });
}
