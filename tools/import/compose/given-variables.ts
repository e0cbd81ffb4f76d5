import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { readEnvFile } from "../env-file.ts";
import { refusal } from "../refusal.ts";
import type { Path } from "../report.ts";
import type { ComposeApplication } from "./compose-application.ts";
import type { ComposeService } from "./compose-source.ts";
import { pairsOf } from "./roles.ts";

export interface Variable {
  name: string;
  value: string | undefined;
  path: Path;
}

/** The variables of a service: of its files, and over them its own. */
export function variablesOf(
  { spec, name, folder, file }: ComposeService,
  app: ComposeApplication,
): Variable[] {
  const at: Path = ["services", name];
  const found = new Map<string, Variable>();
  for (const [index, given] of [spec.env_file ?? []].flat().entries()) {
    const path =
      typeof spec.env_file === "string" ? [...at, "env_file"] : [...at, "env_file", index];
    const { path: place, required = true } = typeof given === "string" ? { path: given } : given;
    const keys = typeof given === "string" ? [] : Object.keys(given);
    const full = resolve(folder, place);
    const values = readEnvFile(full, app.source.variables);
    if (values === undefined) {
      if (required === true || required === "true") {
        throw refusal(
          file,
          path,
          place,
          existsSync(full) ? "a file" : "a file that is there, or required: false",
        );
      }
      app.report.left(path, "the file is not there, and need not be");
      continue;
    }
    for (const key of keys) app.report.carried([...path, key], "the variables of the file");
    for (const [variable, value] of Object.entries(values)) {
      found.set(variable, { name: variable, value, path: [...path, variable] });
    }
    if (Object.keys(values).length + keys.length === 0) app.report.carried(path, "no variables");
  }
  for (const { name: variable, value = app.source.variables[variable], key } of pairsOf(
    spec.environment,
  )) {
    const former = found.get(variable);
    if (former) app.report.left(former.path, "`environment` has the variable too, and wins");
    found.set(variable, { name: variable, value, path: [...at, "environment", key] });
  }
  return [...found.values()];
}
