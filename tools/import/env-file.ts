import { existsSync, readFileSync, statSync } from "node:fs";
import { parseEnv } from "node:util";

/** The variables of a file of `NAME=value` lines; nothing where there is no such file. */
export function readEnvFile(file: string): Record<string, string> | undefined {
  if (!existsSync(file) || !statSync(file).isFile()) return undefined;
  return parseEnv(readFileSync(file, "utf8")) as Record<string, string>;
}
