import { CommandFailed, run } from "../shell.ts";
import { leave } from "./comments.ts";
import type { PlatformStack } from "./platform-stack.ts";

export const stacks = ["dev", "prod"];

/**
 * Leaves the offline difference of both stacks to a commit as one comment. Gives the command's exit
 * code: 3 when a change is too dangerous to go unacknowledged, 1 when there is no difference to show.
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
  leave(folder, "difference", texts.join("\n\n"));
  return codes.includes(1) ? 1 : (codes[0] ?? 0);
}

/** Leaves what `pulumi preview` says of a stack as a comment; tells whether it went well. */
export async function preview(stack: PlatformStack, folder: string): Promise<boolean> {
  await pinned(stack);
  const head = `### \`pulumi preview\` of \`${stack.name}\``;
  try {
    const text = await stack.pulumi(["preview", "--diff", "--policy-pack", "policy"]);
    const [summary = "Nothing would change."] = /^Resources:\n[\s\S]*$/m.exec(text) ?? [];
    const full = `<details><summary>In full</summary>\n\n${fenced(text, "diff")}\n</details>`;
    leave(folder, `preview-${stack.name}`, `${head}\n\n${fenced(summary)}\n${full}`);
    return true;
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    leave(folder, `preview-${stack.name}`, `${head}\n\nIt failed:\n\n${fenced(error.message)}`);
    return false;
  }
}

/** Sets the images that a released stack runs, which the settings in the repository do not name. */
export async function pinned(stack: PlatformStack): Promise<void> {
  const { release } = await stack.outputs();
  if (release) await stack.pin(release.images, release);
}

/** A block of code that its content cannot end. */
export function fenced(text: string, language = ""): string {
  return `~~~~~~${language}\n${text.trim().replaceAll("~~~~~~", "~~~~~")}\n~~~~~~\n`;
}
