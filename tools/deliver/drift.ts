import { CommandFailed, run } from "../shell.ts";
import type { PlatformStack } from "./platform-stack.ts";
import { fenced, pinRelease } from "./previews.ts";

/**
 * Compares a stack with its resources. Opens an issue if they differ, updates it while they do, and
 * closes it afterwards. Returns whether they are the same.
 *
 * @throws {CommandFailed} if they cannot be compared
 */
export async function drift(stack: PlatformStack, repository: string): Promise<boolean> {
  await pinRelease(stack);
  const found = await differences(stack);
  const title = `Drift: ${stack.name}`;
  const where = ["--repo", repository];
  const search = ["--state", "open", "--search", `in:title "${title}"`, "--json", "number,title"];
  const answer = await run("gh", ["issue", "list", ...where, ...search]);
  const issues: { number: number; title: string }[] = JSON.parse(answer);
  const open = issues.find((issue) => issue.title === title)?.number;
  if (found === undefined) {
    const comment = ["--comment", "The stack has no drift any more."];
    if (open) await run("gh", ["issue", "close", String(open), ...where, ...comment]);
    return true;
  }
  const { release } = await stack.outputs();
  const body = [
    `\`${stack.name}\` differs from \`main\`.`,
    release?.commit &&
      `It was released from ${release.commit}: the difference includes merged changes that wait for approval.`,
    fenced(found.slice(0, 30_000), "diff"),
  ];
  const text = ["--body", body.filter(Boolean).join("\n\n")];
  if (open) await run("gh", ["issue", "edit", String(open), ...where, ...text]);
  else await run("gh", ["issue", "create", ...where, "--title", title, ...text]);
  return false;
}

/** The difference as text. Returns undefined if there is none. */
async function differences(stack: PlatformStack): Promise<string | undefined> {
  try {
    await stack.pulumi(["preview", "--refresh", "--diff", "--expect-no-changes"]);
    return undefined;
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    if (!/no changes were expected/.test(error.message + error.output)) throw error;
    return error.output;
  }
}
