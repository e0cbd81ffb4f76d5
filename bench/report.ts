import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../docs/performance.md", import.meta.url);

/** Replaces what stands between the marks of `section` in docs/performance.md. */
export function writeSection(section: string, text: string): void {
  const [start, end] = [`<!-- ${section}: written by npm run bench -->`, `<!-- /${section} -->`];
  const document = readFileSync(file, "utf8");
  const from = document.indexOf(start);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no section ${section}`);
  writeFileSync(file, `${document.slice(0, from)}${start}\n${text}\n${document.slice(to)}`);
}
