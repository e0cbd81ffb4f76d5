import type { loadConfig } from "../../infra/config/load.ts";
import { projectFolder } from "../graph/evaluate.ts";
import { stackConfig } from "../graph/stack-config.ts";

/** A stack that somebody operates: what its settings say of it. */
export interface OperatedStack {
  stack: string;
  region: string;
  accountId: string;
  clusterName: string;
  /** All settings, as the program loads them. */
  config: ReturnType<typeof loadConfig>;
}

/**
 * Reads it from `Pulumi.<stack>.yaml`.
 *
 * @throws {PlanError} if the stack does not exist, or a setting is not valid
 */
export async function operatedStack(stack: string, folder = projectFolder): Promise<OperatedStack> {
  const config = await stackConfig(stack, folder);
  const { region, accountId } = config.services.place;
  return { stack, region, accountId, clusterName: config.services.clusterName, config };
}
