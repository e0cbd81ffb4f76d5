import { refusal } from "./refusal.ts";
import type { Path } from "./report.ts";

export type Variables = Record<string, string | undefined>;

/** A variable without a value and without a default: Compose takes an empty text. */
export interface Unset {
  name: string;
  path: Path;
}

interface Source {
  file: string;
  variables: Variables;
  /** Told of each variable that has no value. */
  unset: (found: Unset) => void;
}

/**
 * A value with the variables of all its texts, by the Compose specification, 12: `$NAME`, `${NAME}`, with
 * `:-`, `-`, `:?`, `?`, `:+` and `+`, nested; `$$` is a dollar.
 *
 * @throws {PlanError} if a `?` finds no value, or a dollar begins nothing
 */
export function interpolated(value: unknown, source: Source, path: Path = []): unknown {
  if (typeof value === "string") return expanded(value, source, path);
  if (typeof value !== "object" || value === null) return value;
  const at = (key: string | number, one: unknown) => interpolated(one, source, [...path, key]);
  if (Array.isArray(value)) return value.map((one, index) => at(index, one));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, at(key, one)]));
}

const start = /\$(?:(\$)|([A-Za-z_]\w*)|(\{))?/g;

function expanded(text: string, source: Source, path: Path): string {
  let result = "";
  let from = 0;
  start.lastIndex = 0;
  for (let found = start.exec(text); found; found = start.exec(text)) {
    const [whole, dollar, name, brace] = found;
    result += text.slice(from, found.index);
    from = found.index + whole.length;
    if (dollar) result += "$";
    else if (name) result += substituted(name, undefined, "", source, path);
    else {
      const end = brace ? closing(text, from) : -1;
      const [, inner = "", operator, rest = ""] =
        /^([A-Za-z_]\w*)(?:(:?[-?+])([\s\S]*))?$/.exec(text.slice(from, end)) ?? [];
      if (end < 0 || !inner) {
        throw refusal(
          source.file,
          path,
          text,
          `$NAME, $\{NAME} or $\{NAME:-default}; $$ for a dollar`,
        );
      }
      result += substituted(inner, operator, rest, source, path);
      from = end + 1;
    }
    start.lastIndex = from;
  }
  return result + text.slice(from);
}

/** The place of the brace that ends the one before `from`. */
function closing(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith("${", at)) depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  return -1;
}

function substituted(
  name: string,
  operator: string | undefined,
  rest: string,
  source: Source,
  path: Path,
): string {
  const value = source.variables[name];
  const there = operator?.startsWith(":") ? Boolean(value) : value !== undefined;
  const within = () => {
    const last = start.lastIndex;
    const text = expanded(rest, source, path);
    start.lastIndex = last;
    return text;
  };
  switch (operator?.at(-1)) {
    case "-":
      return there ? (value ?? "") : within();
    case "+":
      return there ? within() : "";
    case "?":
      if (there) return value ?? "";
      throw refusal(
        source.file,
        path,
        `$\{${name}${operator}${rest}}`,
        `a value for ${name}, in the environment or in .env${rest ? `: ${rest}` : ""}`,
      );
    default:
      if (value === undefined) source.unset({ name, path });
      return value ?? "";
  }
}
