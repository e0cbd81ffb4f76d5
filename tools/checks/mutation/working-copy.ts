import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Copies the project's files without its packages, so that faults can be written into them. */
export function workingCopy(project: string): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "mutation-"));
  const listed = execFileSync("git", ["ls-files", "-z", "-co", "--exclude-standard"], {
    cwd: project,
    encoding: "utf8",
  });
  for (const file of listed.split("\0").filter(Boolean)) {
    if (!existsSync(join(project, file))) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(join(project, file), join(folder, file));
  }
  for (const packages of ["node_modules", "service/node_modules"]) {
    const from = join(project, packages);
    if (existsSync(from)) symlinkSync(from, join(folder, packages));
  }
  // Tests ask git for the project's files.
  execFileSync("git", ["init", "--quiet"], { cwd: folder });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
