import type { Draft } from "./draft.ts";
import { asksFor, type Entry, outcomes, type Report, textOf } from "./report.ts";

/** What became of every key, as a table for a terminal. */
export function reportText({ entries }: Report): string {
  return outcomes
    .map((outcome) => ({ outcome, found: entries.filter((one) => one.outcome === outcome) }))
    .filter(({ found }) => found.length > 0)
    .map(({ outcome, found }) => [`${outcome} (${found.length})`, ...linesOf(found)].join("\n"))
    .join("\n\n");
}

function linesOf(entries: Entry[]): string[] {
  const width = Math.min(60, Math.max(...entries.map(({ path }) => textOf(path).length)));
  return entries.map((entry) => {
    const { path, to, why, todo } = entry;
    const said = [to, why].filter(Boolean).join(": ");
    const done = asksFor(entry) ? `; do: ${todo}` : "";
    return `  ${textOf(path).padEnd(width)}  ${said}${done}`;
  });
}

/** The same as data. */
export function reportData(
  { entries }: Report,
  { decisions }: Pick<Draft, "decisions">,
  rest: { file: string; stack: string; written: boolean },
) {
  return {
    ...rest,
    decisions: decisions.map(({ at, words }) => ({ at: `platform:${at.join(".")}`, words })),
    keys: entries.map(({ path, ...entry }) => ({ key: textOf(path), ...entry })),
  };
}
