import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Document, parseDocument } from "yaml";
import { evaluate, projectFolder } from "../../tools/graph/evaluate.ts";
import type { Evaluation } from "../../tools/graph/resource.ts";

/** The program with a stack's settings that are not in the project's folder, in a temporary one. */
export async function evaluateElsewhere(stack: string, settings: string): Promise<Evaluation> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "elsewhere-")));
  try {
    for (const name of readdirSync(projectFolder)) {
      if (!/^Pulumi\..+\.yaml$/.test(name))
        symlinkSync(join(projectFolder, name), join(folder, name));
    }
    writeFileSync(join(folder, `Pulumi.${stack}.yaml`), settings);
    return await evaluate(stack, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The program with services, jobs and containers of every kind; `change` its settings before. */
export function evaluateWorkloads(change: (settings: Document) => void = () => {}) {
  const settings = parseDocument(
    readFileSync(new URL("Pulumi.workloads.yaml", import.meta.url), "utf8"),
  );
  change(settings);
  return evaluateElsewhere("workloads", String(settings));
}
