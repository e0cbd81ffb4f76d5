import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../../docs/performance.md", import.meta.url);

/**
 * Replaces the section of `npm run <command>` in docs/performance.md.
 *
 * @throws {Error} if the page has no such section
 */
export function writeSection(command: string, text: string): void {
  const [start, end] = [`<!-- written by npm run ${command} -->`, `<!-- end of ${command} -->`];
  const document = readFileSync(file, "utf8");
  const from = document.indexOf(start);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no section ${command}`);
  writeFileSync(file, `${document.slice(0, from)}${start}\n${text}\n${document.slice(to)}`);
}

export function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** A table with each target, its measurement, and pass or miss. */
export function targetTable(targets: [target: string, measured: string, met: boolean][]): string {
  return table(
    ["target", "measured", ""],
    targets.map(([target, measured, met]) => [target, measured, met ? "pass" : "**miss**"]),
  );
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
