import { isMap } from "../../graph/stack-settings.ts";

/** The paths at which two values differ, as the engine writes them: `a.b[0].c`. */
export function changedPaths(olds: unknown, news: unknown, at = ""): string[] {
  if (Object.is(olds, news)) return [];
  if (Array.isArray(olds) && Array.isArray(news) && olds.length === news.length) {
    return olds.flatMap((old, index) => changedPaths(old, news[index], `${at}[${index}]`));
  }
  if (isMap(olds) && isMap(news)) {
    const keys = new Set([...Object.keys(olds), ...Object.keys(news)]);
    return [...keys].flatMap((key) =>
      changedPaths(olds[key], news[key], at + (at ? separated(key) : key)),
    );
  }
  return [at];
}

function separated(key: string): string {
  return /^[\w$]+$/.test(key) ? `.${key}` : `["${key}"]`;
}
