import { CommandFailed, run } from "../shell.ts";
import { writeComment } from "./comments.ts";
import type { PlatformStack } from "./platform-stack.ts";

export const stacks = ["dev", "prod"];

/**
 * Writes the offline difference of both stacks to a commit as one comment. Returns the exit code: 3 for
 * a red risk that nobody accepted, 1 if a stack has no plan.
 */
export async function difference(against: string, folder: string): Promise<number> {
  const plans: Awaited<ReturnType<typeof planAgainst>>[] = [];
  for (const stack of stacks) plans.push(await planAgainst(against, stack));
  const codes = plans.map(({ code }) => code);
  const texts = plans.map(({ text }) => text);
  writeComment(folder, "difference", texts.join("\n\n"));
  return codes.includes(1) ? 1 : Math.max(...codes);
}

/** GitHub's token is not for the program that is planned or rehearsed. */
export const withoutToken = { env: { GH_TOKEN: "" } };

/** The offline difference of a stack to a commit, as Markdown, with the exit code of the plan. */
export async function planAgainst(
  against: string,
  stack: string,
): Promise<{ text: string; code: number }> {
  const plan = ["--stack", stack, "--against", against, "--markdown"];
  try {
    const text = await run("npm", ["run", "--silent", "plan", "--", ...plan], withoutToken);
    return { text, code: 0 };
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return error.code === 3
      ? { text: error.output, code: 3 }
      : { text: `No plan of ${stack}:\n\n${fenced(error.message)}`, code: 1 };
  }
}

/** Writes the output of `pulumi preview` as a comment. Returns whether it succeeded. */
export async function preview(stack: PlatformStack, folder: string): Promise<boolean> {
  await pinRelease(stack);
  const head = `### \`pulumi preview\` of \`${stack.name}\``;
  try {
    const text = await stack.pulumi(["preview", "--diff", "--policy-pack", "policy"]);
    const [summary = "Nothing would change."] = /^Resources:\n[\s\S]*$/m.exec(text) ?? [];
    const full = `<details><summary>In full</summary>\n\n${fenced(text, "diff")}\n</details>`;
    writeComment(folder, `preview-${stack.name}`, `${head}\n\n${fenced(summary)}\n${full}`);
    return true;
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    writeComment(
      folder,
      `preview-${stack.name}`,
      `${head}\n\nThe preview failed:\n\n${fenced(error.message)}`,
    );
    return false;
  }
}

/** Sets the images of the last release, which the repository does not record. */
export async function pinRelease(stack: PlatformStack): Promise<void> {
  const { release } = await stack.outputs();
  if (release) await stack.pin(release.images, release);
}

/** A code block; its content cannot end it. */
export function fenced(text: string, language = ""): string {
  return `~~~~~~${language}\n${text.trim().replaceAll("~~~~~~", "~~~~~")}\n~~~~~~\n`;
}
