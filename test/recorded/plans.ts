import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Environment } from "../../projects/pull-request/environment.ts";
import { deploy, evaluate, projectFolder } from "../../tools/graph/evaluate.ts";
import type { Evaluation } from "../../tools/graph/resource.ts";
import { evaluateWith } from "../support/other-settings.ts";
import { images, settings } from "../support/preview-settings.ts";

/** All plans that are recorded, by the name of their file. */
export const plans: Record<string, () => Promise<Evaluation>> = {
  dev: () => evaluate("dev"),
  prod: () => evaluate("prod"),
  everything: () => elsewhere("everything"),
  internal: () => elsewhere("internal"),
  existing: () => elsewhere("existing"),
  instance: () => elsewhere("instance"),
  private: () => elsewhere("private"),
  shop: () => elsewhere("shop"),
  data: () => elsewhere("data"),
  karpenter: () => elsewhere("karpenter"),
  auto: () => elsewhere("auto"),
  identity: () => elsewhere("identity"),
  groups: () => elsewhere("groups"),
  bootstrap: () => evaluate("main", join(projectFolder, "projects/bootstrap")),
  "pull-request": async () => ({
    ...{ stack: "pr-12", functions: [], outputs: {}, secretKeys: [] },
    resources: await deploy(() => new Environment("pr-12", { pullRequest: 12, settings, images })),
  }),
};

export const recordedFile = (plan: string) =>
  fileURLToPath(new URL(`${plan}.plan.yaml`, import.meta.url));

/** The program with the settings of a stack that has its file in this folder. */
const elsewhere = (stack: string) =>
  evaluateWith(stack, readFileSync(new URL(`Pulumi.${stack}.yaml`, import.meta.url), "utf8"));
