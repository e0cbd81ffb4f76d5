import type { loadConfig } from "../../infra/config/load.ts";
import { projectFolder } from "../graph/evaluate.ts";
import { PlanError } from "../graph/plan-error.ts";
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

/** @throws {PlanError} if the stack has no service or job of the name; without a name, all are meant */
export function requireWorkload({ stack, config }: OperatedStack, name: string | undefined): void {
  const known = Object.keys({ ...config.services.services, ...config.services.jobs });
  if (name === undefined || known.includes(name)) return;
  throw new PlanError(
    `Stack ${stack} has no service or job "${name}"; it has: ${known.sort().join(", ")}`,
  );
}
