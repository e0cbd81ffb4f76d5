import type { Numbers } from "./samples.ts";

/** The numbers of imports as tables: by source, and the reasons of what is left out. */
export function importNumbers(all: Numbers[]): string {
  const row = (cells: (string | number)[]) => `| ${cells.join(" | ")} |`;
  const rows = all.map(({ source, files, refused, services, untouched, leftOut, keys }) =>
    row([
      source,
      files,
      refused.length,
      services,
      untouched,
      services - untouched - leftOut,
      leftOut,
      keys["carried over"],
      keys.changed,
      keys["left out"],
    ]),
  );
  const reasons = new Map<string, number>();
  for (const [why, count] of all.flatMap((one) => [...one.reasons])) {
    reasons.set(why, (reasons.get(why) ?? 0) + count);
  }
  const most = [...reasons].sort(([one, a], [other, b]) => b - a || one.localeCompare(other));
  return [
    row([
      "source",
      "files",
      "refused",
      "services",
      "without a hand",
      "with one",
      "left out",
      "keys carried over",
      "changed",
      "left out",
    ]),
    row(Array.from({ length: 10 }, () => "---")),
    ...rows,
    "",
    row(["why a key is left out", "keys"]),
    row(["---", "---"]),
    ...most.map(([why, count]) => row([why, count])),
  ].join("\n");
}
