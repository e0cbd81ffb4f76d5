import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { importCompose } from "./compose/import-compose.ts";
import type { Imported, ImportOptions } from "./import-options.ts";
import { refusal } from "./refusal.ts";
import { readYaml, shown } from "./yaml-source.ts";

/** Names of Compose files, the first wins (Compose specification, 03). */
const composeFiles = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/**
 * The settings that an application becomes.
 *
 * @param source a Compose file, a folder with one, a folder of Copilot manifests or one manifest
 * @throws {PlanError} if it is none of these, or has a value that is not allowed
 */
export function importApplication(source: string, options: ImportOptions): Imported {
  if (existsSync(source) && statSync(source).isDirectory()) {
    const found = composeFiles.find((one) => existsSync(join(source, one)));
    if (found) return importCompose(join(source, found), options);
    throw refusal(shown(source), [], "the folder", "a folder with compose.yaml");
  }
  readYaml(source);
  return importCompose(source, options);
}
