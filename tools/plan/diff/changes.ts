import { isMap } from "../../graph/stack-settings.ts";

/** A changed property; `undefined` stands for a missing value. */
export interface Change {
  /** Keys joined by dots, list indices as `[0]`. */
  path: string;
  from: unknown;
  to: unknown;
}

/** The innermost properties that differ. Compares texts of JSON maps and lists, such as policies, too. */
export function changesOf(from: unknown, to: unknown, path = ""): Change[] {
  const [a, b] = [unpacked(from), unpacked(to)];
  if (isSet(a) && isSet(b)) return membership(a, b, path);
  if (Array.isArray(a) && Array.isArray(b)) {
    return Array.from({ length: Math.max(a.length, b.length) }, (_, at) =>
      changesOf(a[at], b[at], `${path}[${at}]`),
    ).flat();
  }
  if (isMap(a) && isMap(b)) {
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
      changesOf(a[key], b[key], path ? `${path}.${key}` : key),
    );
  }
  return same(a, b) ? [] : [{ path, from, to }];
}

/** Pairs removed with added values of a list, and ignores other positions. */
function membership(a: unknown[], b: unknown[], path: string): Change[] {
  const gone = a.filter((one) => !b.includes(one));
  const come = b.filter((one) => !a.includes(one));
  if (gone.length + come.length === 0) {
    return a.flatMap((from, at) =>
      from === b[at] ? [] : [{ path: `${path}[${at}]`, from, to: b[at] }],
    );
  }
  return Array.from({ length: Math.max(gone.length, come.length) }, (_, at) => {
    const [from, to] = [gone[at], come[at]];
    const index = at < gone.length ? a.indexOf(from) : b.indexOf(to);
    return { path: `${path}[${index}]`, from, to };
  });
}

const isSet = (value: unknown): value is unknown[] =>
  Array.isArray(value) &&
  value.every((one) => typeof one !== "object") &&
  new Set(value).size === value.length;

function unpacked(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** A key without a value is as good as none. */
const same = (a: unknown, b: unknown) => (a ?? null) === (b ?? null);
