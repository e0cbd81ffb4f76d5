import { CommandFailed, run } from "../shell.ts";

/**
 * Puts what a workflow run has left into a folder: one artifact by its name, or those of a pattern,
 * each in a folder of its own. Tells whether there was any; they are not kept for ever.
 */
export async function download(
  repository: string,
  id: string | number,
  which: { name: string } | { pattern: string },
  folder: string,
): Promise<boolean> {
  const artifacts = Object.entries(which).flatMap(([key, value]) => [`--${key}`, value]);
  try {
    const where = ["--repo", repository, ...artifacts, "--dir", folder];
    await run("gh", ["run", "download", String(id), ...where]);
    return true;
  } catch (error) {
    if (!(error instanceof CommandFailed) || !/no .*artifact/i.test(error.message)) throw error;
    return false;
  }
}
