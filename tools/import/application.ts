import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { PlanError } from "../graph/plan-error.ts";
import { importCompose } from "./compose/import-compose.ts";
import { importCopilot } from "./copilot/import-copilot.ts";
import { isCopilot } from "./copilot/manifests.ts";
import type { Imported, ImportOptions } from "./import-options.ts";
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
  if (!existsSync(source) || !statSync(source).isDirectory()) {
    const { type, services } = readYaml(source);
    const isManifest = typeof type === "string" && services === undefined;
    return isManifest ? importCopilot(source, options) : importCompose(source, options);
  }
  if (isCopilot(source)) return importCopilot(source, options);
  const found = composeFiles.find((one) => existsSync(join(source, one)));
  if (found) return importCompose(join(source, found), options);
  throw new PlanError(
    `${shown(source)}: has no application; allowed: a folder with ${composeFiles.join(", ")}, or with folders that have manifest.yml`,
  );
}
