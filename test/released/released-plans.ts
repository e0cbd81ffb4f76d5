import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Evaluation } from "../../tools/graph/resource.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
const file = /^(.+)\.(everything|data)\.json\.gz$/;

export interface Released {
  version: string;
  /** The name of the recorded plan. */
  plan: string;
  read(): Evaluation;
}

/** What each released version made of the recorded stacks with all settings and all resources. */
export function releasedPlans(): Released[] {
  return readdirSync(folder).flatMap((name) => {
    const [, version, plan] = file.exec(name) ?? [];
    const read = () => JSON.parse(gunzipSync(readFileSync(`${folder}${name}`)).toString());
    return version && plan ? [{ version, plan, read }] : [];
  });
}

/** Keeps the plan for all later versions; other stacks than those two say nothing more. */
export function writeReleased(version: string, plan: string, evaluation: Evaluation): void {
  const name = `${version}.${plan}.json.gz`;
  if (!file.test(name)) return;
  writeFileSync(`${folder}${name}`, gzipSync(JSON.stringify(evaluation), { level: 9 }));
}
