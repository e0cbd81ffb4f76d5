import { CommandFailed, run } from "../shell.ts";
import { Refused } from "./image-references.ts";

interface Environment {
  protection_rules?: { type: string; reviewers?: unknown[] }[];
}

/**
 * Requires reviewers for the environment of GitHub. Private repositories below GitHub Enterprise cannot
 * have them.
 *
 * @throws {Refused} if the environment has no required reviewers
 */
export async function requireApproval(repository: string, environment: string): Promise<void> {
  const { protection_rules: rules = [] } = await environmentOf(repository, environment);
  const asks = rules.some(
    ({ type, reviewers = [] }) => type === "required_reviewers" && reviewers.length > 0,
  );
  if (asks) return;
  throw new Refused(
    `${environment} would be deployed without anybody's approval: its environment at GitHub has no required reviewers. Set them, or, where your plan has none for private repositories, set the repository variable PROD_BY_HAND to true and start the workflow \`release\` by hand (docs/delivery.md).`,
  );
}

async function environmentOf(repository: string, environment: string): Promise<Environment> {
  try {
    return JSON.parse(await run("gh", ["api", `repos/${repository}/environments/${environment}`]));
  } catch (error) {
    if (error instanceof CommandFailed && /HTTP 404/.test(error.message)) return {};
    throw error;
  }
}
