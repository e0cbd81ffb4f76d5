import { mkdtempSync, readdirSync, realpathSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectFolder } from "./evaluate.ts";

/** `Pulumi.<stack>.yaml`. */
export const isStackFile = (name: string): boolean => /^Pulumi\..+\.yaml$/.test(name);

/**
 * Makes a temporary folder with a link to each file of the project, so that the program is evaluated there
 * with other settings. The caller writes what is left out, and removes the folder.
 *
 * @param folder the project, another one in tests
 */
export function linkedProject(
  prefix: string,
  isLeftOut: (name: string) => boolean = isStackFile,
  folder = projectFolder,
): string {
  const linked = realpathSync(mkdtempSync(join(tmpdir(), prefix)));
  for (const name of readdirSync(folder)) {
    if (!isLeftOut(name)) symlinkSync(join(folder, name), join(linked, name));
  }
  return linked;
}
