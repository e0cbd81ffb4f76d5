import { existsSync, readFileSync } from "node:fs";

const root = new URL("../", import.meta.url);

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
  return titlesOf(source).some((one) => one.source === title || one.pattern.test(title))
    ? undefined
    : `${file} has no test "${title}"`;
}

interface Title {
  source: string;
  pattern: RegExp;
}

/** The titles in a test's source, read but not run: to run the tests takes minutes. */
export function titlesOf(source: string): Title[] {
  const called = [...source.matchAll(/^ *it\(\s*(["`])((?:\\.|(?!\1).)+)\1/gms)];
  // A table of tests by title, each given to `it` in a loop.
  const tabled = /^ *it\(name,/m.test(source) ? [...source.matchAll(/^ {4}(")(.+)": /gm)] : [];
  return [...called, ...tabled].map(([, quote, text = ""]) => {
    const fixed = quote === "`" ? text.split(/\$\{.+?\}/) : [text];
    const pattern = fixed.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".+");
    // Values alone would be any title.
    return {
      source: text,
      pattern: /\w{3}/.test(fixed.join("")) ? new RegExp(`^${pattern}$`) : /$^/,
    };
  });
}
