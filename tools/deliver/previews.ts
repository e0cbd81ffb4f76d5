import { CommandFailed, run } from "../shell.ts";
import { writeComment } from "./comments.ts";
import type { PlatformStack } from "./platform-stack.ts";

export const stacks = ["dev", "prod"];

/**
 * Writes the offline difference of both stacks to a commit as one comment. Returns the exit code: 3 for
 * a red risk that nobody accepted, 1 if a stack has no plan.
 */
export async function difference(against: string, folder: string): Promise<number> {
  const codes: number[] = [];
  const texts: string[] = [];
  for (const stack of stacks) {
    const plan = ["--stack", stack, "--against", against, "--markdown"];
    try {
      texts.push(await run("npm", ["run", "--silent", "plan", "--", ...plan]));
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      const red = error.code === 3;
      codes.push(red ? 3 : 1);
      texts.push(red ? error.output : `No plan of ${stack}:\n\n${fenced(error.message)}`);
    }
  }
  writeComment(folder, "difference", texts.join("\n\n"));
  return codes.includes(1) ? 1 : (codes[0] ?? 0);
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
