import { existsSync, readFileSync } from "node:fs";

const root = new URL("../../../", import.meta.url);

/**
 * What is wrong with naming `title` as a test of `file`; nothing when that file has a test of that
 * title. A test that is skipped for good, or commented out, is none. A title that is built of values
 * (`refuses ${title}`) is named as it is built, or by one of its outcomes.
 */
export function titleProblem(file: string, title: string): string | undefined {
  if (!/^test\/.+\.test\.ts$/.test(file) || !existsSync(new URL(file, root))) {
    return `there is no test file ${file}`;
  }
  const source = readFileSync(new URL(file, root), "utf8");
  return hasTitle(source, title) ? undefined : `${file} has no test "${title}"`;
}

/** Whether a test's source has a title. It is read, not run: to run the tests takes minutes. */
export function hasTitle(source: string, title: string): boolean {
  const called = [...source.matchAll(/^ *it\(\s*(["`])((?:\\.|(?!\1).)+)\1/gms)];
  // A table of tests by title, each given to `it` in a loop.
  const tabled = /^ *it\(name,/m.test(source) ? [...source.matchAll(/^ {4}(")(.+)": /gm)] : [];
  return [...called, ...tabled].some(([, quote, text = ""]) => {
    if (text === title) return true;
    if (quote === '"') return false;
    const parts = text
      .split(/\$\{.+?\}/)
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const values = new RegExp(`^${parts.join("(.+)")}$`).exec(title)?.slice(1);
    // A value that stands nowhere is none of the test's.
    return values?.every((value) => source.includes(`"${value}"`)) ?? false;
  });
}
