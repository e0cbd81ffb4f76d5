import { projectFolder } from "../../tools/graph/evaluate.ts";
import type { Imported, ImportOptions } from "../../tools/import/import-options.ts";
import { isWithin, leavesOf, type Report, textOf } from "../../tools/import/report.ts";

/** The options of an import into the stack `test`. */
export const optionsOf = (environment: Record<string, string> = {}): ImportOptions => ({
  stack: "test",
  folder: projectFolder,
  environment,
  profiles: [],
});

/** The input keys without exactly one entry at the key or above it, or with entries below it only. */
export function unaccounted({ report: { entries }, document }: Imported): string[] {
  return leavesOf(document)
    .filter((leaf) => {
      const above = entries.filter(({ path }) => isWithin(leaf, path)).length;
      const below = entries.some(({ path }) => path.length > leaf.length && isWithin(path, leaf));
      return above > 1 || (above === 0 && !below);
    })
    .map(textOf);
}

/** The outcome of a key, as a line. */
export function outcomeOf({ entries }: Report, key: string): string {
  const { outcome, to, why, todo } = entries.find(({ path }) => textOf(path) === key) ?? {};
  return `${outcome}: ${[to, why, todo].filter(Boolean).join("; ")}`;
}
