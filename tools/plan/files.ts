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
 * Writes the plan into a folder, which is made if it is missing: `manifests/` (a Kubernetes object
 * a file, numbered in the order of creation), `roles/` (trust and policies of a role each),
 * `plan.html` (the graph, to look at) and `plan.json`. An earlier plan there is replaced; other
 * files stay as they are.
 *
 * Throws a `PlanError` and leaves the folder as it was when it cannot be written, or when it holds
 * something else than a plan.
 */
export function writePlan(plan: Plan, html: string, folder: string): void {
  let staging: string | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    if (readdirSync(folder).length > 0 && !existsSync(join(folder, document))) {
      throw new PlanError("is not empty and holds no plan; give another folder");
    }
    // On the same file system as its destination, so that all of it can be moved at once.
    staging = mkdtempSync(join(folder, ".plan-"));
    for (const [path, content] of [...filesOf(plan), [page, html] as const]) {
      mkdirSync(dirname(join(staging, path)), { recursive: true });
      writeFileSync(join(staging, path), content);
    }
    // The document goes in last: where it is, the rest is too.
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
