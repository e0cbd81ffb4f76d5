import { existsSync, readFileSync } from "node:fs";

const root = new URL("../../../", import.meta.url);

/**
 * The error of a reference to the test `title` of `file`. Returns undefined if the file has that test. Skipped
 * and commented tests do not count. A template (`refuses ${title}`) matches its own text, and its text with
 * values that the file has.
 */
export function titleProblem(file: string, title: string): string | undefined {
  if (!/^test\/.+\.test\.ts$/.test(file) || !existsSync(new URL(file, root))) {
    return `there is no test file ${file}`;
  }
  const source = readFileSync(new URL(file, root), "utf8");
  return hasTitle(source, title) ? undefined : `${file} has no test "${title}"`;
}

/** Whether the source of a test file has a title. */
export function hasTitle(source: string, title: string): boolean {
  const called = [...source.matchAll(/^ *it\(\s*(["`])((?:\\.|(?!\1).)+)\1/gms)];
  // A table of tests by title, which a loop passes to `it`.
  const tabled = /^ *it\(name,/m.test(source) ? [...source.matchAll(/^ {4}(")(.+)": /gm)] : [];
  return [...called, ...tabled].some(([, quote, text = ""]) => {
    if (text === title) return true;
    if (quote === '"') return false;
    const parts = text
      .split(/\$\{.+?\}/)
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const values = new RegExp(`^${parts.join("(.+)")}$`).exec(title)?.slice(1);
    // The values of a test are in its file.
    return values?.every((value) => source.includes(`"${value}"`)) ?? false;
  });
}
