import { CommandFailed, run } from "../shell.ts";
import type { PlatformStack } from "./platform-stack.ts";
import { fenced, pinned } from "./previews.ts";

/**
 * Compares what is with what should be. Opens an issue when they differ, writes it anew while they
 * do, closes it when they no longer do; tells whether they are the same. Throws when it cannot tell.
 */
export async function drift(stack: PlatformStack, repository: string): Promise<boolean> {
  await pinned(stack);
  const found = await differences(stack);
  const title = `Drift: ${stack.name}`;
  const where = ["--repo", repository];
  const search = ["--state", "open", "--search", `in:title "${title}"`, "--json", "number,title"];
  const answer = await run("gh", ["issue", "list", ...where, ...search]);
  const issues: { number: number; title: string }[] = JSON.parse(answer);
  const open = issues.find((issue) => issue.title === title)?.number;
  if (found === undefined) {
    const comment = ["--comment", "What is and what should be are the same again."];
    if (open) await run("gh", ["issue", "close", String(open), ...where, ...comment]);
    return true;
  }
  const { release } = await stack.outputs();
  const body = [
    `\`${stack.name}\` is not as \`main\` describes it.`,
    release?.commit &&
      `It was released from ${release.commit}: what was merged since and waits for approval shows too.`,
    fenced(found.slice(0, 30_000), "diff"),
  ];
  const text = ["--body", body.filter(Boolean).join("\n\n")];
  if (open) await run("gh", ["issue", "edit", String(open), ...where, ...text]);
  else await run("gh", ["issue", "create", ...where, "--title", title, ...text]);
  return false;
}

/** What differs; nothing when all is as it should be. */
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
