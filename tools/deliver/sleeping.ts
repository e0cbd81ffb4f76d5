import { isAsleep } from "../../infra/config/sleep-times.ts";
import { run } from "../shell.ts";
import { Refused } from "./image-references.ts";
import type { Outputs, PlatformStack } from "./platform-stack.ts";

type Sleeper = Pick<PlatformStack, "name" | "region" | "sleeps">;

/**
 * Whether the stack has been put to sleep by nodes.schedule: its pods would wait for nodes. Asks AWS of a
 * stack with such a schedule alone.
 *
 * @throws {CommandFailed} if AWS does not answer
 */
export async function sleepsNow(
  { region, sleeps }: Pick<Sleeper, "region" | "sleeps">,
  { clusterName }: Pick<Outputs, "clusterName">,
): Promise<boolean> {
  if (!sleeps || clusterName === undefined) return false;
  const ask = async (operation: string, ...args: string[]) => {
    const cluster = ["--region", region, "--output", "json", "--cluster-name", clusterName];
    return JSON.parse(await run("aws", ["eks", operation, ...cluster, ...args]));
  };
  const { nodegroups } = await ask("list-nodegroups");
  const groups = await Promise.all(
    (nodegroups as string[]).map((name) => ask("describe-nodegroup", "--nodegroup-name", name)),
  );
  return (
    groups.length > 0 && groups.every(({ nodegroup }) => isAsleep(nodegroup.scalingConfig ?? {}))
  );
}

/** @throws {Refused} if the stack sleeps */
export async function requireAwake(stack: Sleeper, outputs: Outputs): Promise<void> {
  if (await sleepsNow(stack, outputs)) {
    throw new Refused(
      `${stack.name} sleeps by nodes.schedule. First: npm run wake -- --stack ${stack.name}`,
    );
  }
}
