import { CommandFailed, run } from "../shell.ts";

/**
 * Downloads artifacts of a workflow run: one by its name, or all of a pattern, each into its own folder.
 * Returns whether there are any; GitHub deletes them after a time.
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
