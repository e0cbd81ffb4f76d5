import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluate, projectFolder } from "./evaluate.ts";
import { PlanError } from "./plan-error.ts";
import type { Evaluation } from "./resource.ts";

/** A version of the program: a commit or the present folder. */
export interface Version {
  label: string;
  evaluation: Evaluation;
  /** Limits of the evaluation, for the reader. */
  notes: string[];
}

/** The program of the folder. */
export async function present(stack: string, folder = projectFolder): Promise<Version> {
  return { label: "the working tree", evaluation: await evaluate(stack, folder), notes: [] };
}

/**
 * Evaluates the program of a git ref with the present plan and packages. Always removes its temporary
 * folder, also after Ctrl-C.
 *
 * @throws {PlanError} if the folder is no git checkout, the commit does not exist, or the program fails
 */
export async function evaluateAt(
  ref: string,
  stack: string,
  folder = projectFolder,
): Promise<Version> {
  const commit = commitOf(ref, folder);
  const label = named(ref, commit);
  const past = realpathSync(mkdtempSync(join(tmpdir(), "plan-at-")));
  const remove = () => rmSync(past, { recursive: true, force: true });
  const stop = (signal: NodeJS.Signals) => {
    remove();
    process.kill(process.pid, signal);
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    unpack(commit, folder, past);
    if (!existsSync(join(past, "index.ts"))) {
      throw new PlanError(`At ${label} there is no program: index.ts is missing.`);
    }
    symlinkSync(join(folder, "node_modules"), join(past, "node_modules"));
    return {
      label,
      evaluation: await evaluate(stack, past),
      notes: sameLock(folder, past)
        ? []
        : [`package-lock.json differs: ${label} was run with the packages that are installed now`],
    };
  } catch (error) {
    if (!(error instanceof PlanError) || error.message.startsWith("At ")) throw error;
    throw new PlanError(`At ${label}: ${error.message}`, { cause: error });
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
    remove();
  }
}

function commitOf(ref: string, folder: string): string {
  if (git(folder, "rev-parse", "--is-inside-work-tree").status !== 0) {
    throw new PlanError(`--against needs a git checkout, which ${folder} is not.`);
  }
  const { status, stdout } = git(
    folder,
    "rev-parse",
    "--verify",
    "--quiet",
    "--end-of-options",
    `${ref}^{commit}`,
  );
  if (status !== 0) {
    throw new PlanError(
      `There is no commit "${ref}" here. A shallow clone lacks it: git fetch --unshallow.`,
    );
  }
  return stdout.toString().trim();
}

/** A hash gets seven digits, a name its hash. */
function named(ref: string, commit: string): string {
  const short = commit.slice(0, 7);
  return commit.startsWith(ref) ? short : `${ref} (${short})`;
}

function unpack(commit: string, folder: string, into: string): void {
  mkdirSync(into, { recursive: true });
  const prefix = git(folder, "rev-parse", "--show-prefix").stdout.toString().trim();
  const archive = git(
    folder,
    "-c",
    "tar.umask=user",
    "archive",
    "--format=tar",
    `${commit}:${prefix}`,
  );
  const tar = spawnSync("tar", ["-x", "-C", into], { input: archive.stdout });
  if (archive.status !== 0 || tar.status !== 0) {
    throw new PlanError(
      `git archive ${commit}: ${archive.stderr}${tar.stderr ?? tar.error}`.trim(),
    );
  }
}

function sameLock(folder: string, past: string): boolean {
  const read = (of: string) => {
    const file = join(of, "package-lock.json");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  };
  return read(folder) === read(past);
}

function git(cwd: string, ...args: string[]) {
  const result = spawnSync("git", args, { cwd, maxBuffer: 2 ** 30 });
  if (result.error) throw new PlanError(`git: ${result.error.message}`);
  return result;
}
