import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { PlanError } from "../graph/plan-error.ts";
import type { Plan } from "./document.ts";

const document = "plan.json";
const page = "plan.html";

/**
 * Writes the plan into a folder: `manifests/` (a file for each Kubernetes object, in the order of
 * creation), `roles/` (a file for each role), `plan.html` and `plan.json`. Replaces a former plan and
 * keeps other files.
 *
 * @throws {PlanError} and does not change the folder, if it cannot be written or its content is no plan
 */
export function writePlan(plan: Plan, html: string, folder: string): void {
  let staging: string | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    if (readdirSync(folder).length > 0 && !existsSync(join(folder, document))) {
      throw new PlanError("is not empty and holds no plan; give another folder");
    }
    // On the same file system as the destination, for an atomic move.
    staging = mkdtempSync(join(folder, ".plan-"));
    for (const [path, content] of [...filesOf(plan), [page, html] as const]) {
      mkdirSync(dirname(join(staging, path)), { recursive: true });
      writeFileSync(join(staging, path), content);
    }
    // The document is last: it marks a complete plan.
    for (const entry of ["manifests", "roles", page, document]) {
      rmSync(join(folder, entry), { recursive: true, force: true });
      if (existsSync(join(staging, entry))) renameSync(join(staging, entry), join(folder, entry));
    }
  } catch (error) {
    throw new PlanError(`--out ${folder}: ${(error as Error).message}`);
  } finally {
    if (staging) rmSync(staging, { recursive: true, force: true });
  }
}

function filesOf({ manifests, roles, ...plan }: Plan): [path: string, content: string][] {
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  return [
    ...manifests.map((manifest, at): [string, string] => [
      `manifests/${String(at + 1).padStart(2, "0")}-${manifest.kind.toLowerCase()}-${manifest.metadata.name}.yaml`,
      stringify(manifest),
    ]),
    ...roles.map((role): [string, string] => [`roles/${role.name}.json`, json(role)]),
    [document, json({ ...plan, manifests, roles })],
  ];
}
