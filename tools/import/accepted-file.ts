import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { PlanError } from "../graph/plan-error.ts";
import { stackConfig } from "../graph/stack-config.ts";
import type { Draft } from "./draft.ts";
import { stackFile } from "./stack-file.ts";

/** Instance types from the cheapest on, and sizes of a group, that pods may need. */
const instanceTypes = {
  arm64: ["t4g.medium", "m7g.large", "m7g.xlarge", "m7g.2xlarge", "m7g.4xlarge", "m7g.8xlarge"],
  amd64: ["t3a.medium", "m7i.large", "m7i.xlarge", "m7i.2xlarge", "m7i.4xlarge", "m7i.8xlarge"],
};
const mostNodes = [4, 6, 8, 12, 16, 24, 48, 96];

/**
 * The text of the stack file, with the smallest nodes that have room for its pods.
 *
 * @param folder the project, whose `Pulumi.yaml` has the defaults
 * @throws {PlanError} with every problem, if the plan takes the settings on no nodes
 */
export async function acceptedFile(draft: Draft, stack: string, folder: string): Promise<string> {
  const place = mkdtempSync(join(tmpdir(), "import-"));
  const file = join(place, `Pulumi.${stack}.yaml`);
  let problems: PlanError | undefined;
  try {
    for (const instanceType of instanceTypes[draft.architecture]) {
      for (const maxSize of mostNodes) {
        const text = stackFile(draft, { instanceType, maxSize });
        writeFileSync(file, text);
        problems = await problemsOf(stack, folder, relative(folder, file));
        if (!problems) return text;
        // Only more nodes, or larger ones, can help.
        if (
          !/: nodes\.maxSize: .* too few|platform:nodes\.maxSize: .* too few/.test(problems.message)
        )
          break;
      }
      if (!/more than a node has left|too few/.test(problems?.message ?? "")) break;
    }
  } finally {
    rmSync(place, { recursive: true });
  }
  throw problems;
}

async function problemsOf(
  stack: string,
  folder: string,
  file: string,
): Promise<PlanError | undefined> {
  try {
    await stackConfig(stack, folder, file);
    return undefined;
  } catch (error) {
    if (error instanceof PlanError) return error;
    throw error;
  }
}
