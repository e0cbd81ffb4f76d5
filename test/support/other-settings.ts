import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Document, parseDocument } from "yaml";
import { evaluate } from "../../tools/graph/evaluate.ts";
import { linkedProject } from "../../tools/graph/linked-project.ts";
import type { Evaluation } from "../../tools/graph/resource.ts";

/** Evaluates the program with other settings, in a temporary folder. */
export async function evaluateWith(stack: string, settings: string): Promise<Evaluation> {
  const folder = linkedProject("elsewhere-");
  try {
    writeFileSync(join(folder, `Pulumi.${stack}.yaml`), settings);
    return await evaluate(stack, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Evaluates the program with services, jobs and containers of each kind, after `change` of the settings. */
export function evaluateWorkloads(change: (settings: Document) => void = () => {}) {
  const settings = parseDocument(
    readFileSync(new URL("Pulumi.workloads.yaml", import.meta.url), "utf8"),
  );
  change(settings);
  return evaluateWith("workloads", String(settings));
}

/** Evaluates the recorded stack with every kind of resource, after `change` of the settings. */
export function evaluateData(change: (settings: Document) => void = () => {}) {
  const settings = parseDocument(
    readFileSync(new URL("../recorded/Pulumi.data.yaml", import.meta.url), "utf8"),
  );
  change(settings);
  return evaluateWith("data", String(settings));
}

/** The settings that change that stack to production. */
export const productionSettings: Record<string, string | Record<string, unknown>> = {
  environment: "production",
  cluster: { deletionProtection: true },
  ingress: { deletionProtection: true },
  logs: { retentionDays: 30 },
};

export function inProduction(settings: Document): void {
  for (const [slice, values] of Object.entries(productionSettings)) {
    const at = ["config", `platform:${slice}`];
    if (typeof values === "string") settings.setIn(at, values);
    else for (const [key, value] of Object.entries(values)) settings.setIn([...at, key], value);
  }
}
