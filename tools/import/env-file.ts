import { existsSync, readFileSync, statSync } from "node:fs";
import { parseEnv } from "node:util";
import { interpolated, type Variables } from "./interpolation.ts";
import { shown } from "./yaml-source.ts";

/**
 * The variables of a file of `NAME=value` lines; nothing where there is no such file. A value may refer to
 * variables above it, but in single quotes.
 *
 * @param outer variables that win over those of the file, in what refers to them
 */
export function readEnvFile(
  file: string,
  outer: Variables = {},
): Record<string, string> | undefined {
  if (!existsSync(file) || !statSync(file).isFile()) return undefined;
  const text = readFileSync(file, "utf8");
  const parsed = parseEnv(text);
  // Node.js has the names in the order of the alphabet.
  const inOrder = [...text.matchAll(/^\s*(?:export\s+)?([\w.-]+)\s*=/gm)].map(
    ([, name = ""]) => name,
  );
  const names = new Set([...inOrder, ...Object.keys(parsed)]);
  const quoted = [...text.matchAll(/^\s*(?:export\s+)?([\w.]+)\s*=\s*'/gm)].map(([, name]) => name);
  const values: Record<string, string> = {};
  for (const name of [...names].filter((one) => Object.hasOwn(parsed, one))) {
    const value = parsed[name] ?? "";
    // A dollar that begins no name is one.
    const given = value.replace(/\$(?![{A-Za-z_])/g, "$$$$");
    const source = { file: shown(file), variables: { ...values, ...outer }, unset: () => {} };
    values[name] = quoted.includes(name) ? value : String(interpolated(given, source, [name]));
  }
  return values;
}
