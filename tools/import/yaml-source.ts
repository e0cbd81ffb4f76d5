import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { parse } from "yaml";
import { PlanError } from "../graph/plan-error.ts";
import { isMap } from "../graph/stack-settings.ts";
import { refusal } from "./refusal.ts";

/** A file as messages name it: from the folder in which the command runs. */
export const shown = (file: string) => relative("", file) || ".";

/**
 * What a YAML file says, with its anchors and merge keys resolved.
 *
 * @throws {PlanError} if it cannot be read, is no YAML, or is no map
 */
export function readYaml(file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parse(readFileSync(file, "utf8"), { merge: true, logLevel: "error" });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const [first = ""] = message.split("\n");
    throw new PlanError(
      code === "ENOENT"
        ? `${shown(file)}: is missing; allowed: a file that is there`
        : `${shown(file)}: is no YAML: ${first.replace(/:$/, "")}`,
    );
  }
  if (!isMap(value)) throw refusal(shown(file), [], value ?? null, "a map of keys and values");
  return value;
}
