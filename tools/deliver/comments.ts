import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../shell.ts";

/** GitHub takes 65,536 characters, and Linux 128 KiB in one argument. */
const longest = 40_000;

/** The comments that pull requests get, by the names of their files. */
const kinds = ["difference", "preview-dev", "preview-prod"];

/** Leaves a comment for `post`, which may run elsewhere, with other rights. */
export function leave(folder: string, kind: string, body: string): void {
  mkdirSync(folder, { recursive: true });
  const cut = body.length > longest ? `${body.slice(0, longest)}\n\nThe rest is in the run.` : body;
  writeFileSync(join(folder, `${kind}.md`), cut);
}

/** Where a workflow run came from, as GitHub itself says. */
export interface Origin {
  repository: string;
  owner: string;
  branch: string;
  sha: string;
}

/**
 * Posts the comments of a run to the pull request that it was for, each in place of its former one.
 *
 * What was left is text of a stranger, perhaps: only the known kinds are read, nobody is notified
 * by it, and which pull request it is follows from GitHub's word alone. Tells how many were posted.
 */
export async function post(folder: string, origin: Origin): Promise<number> {
  const number = await pullRequestOf(origin);
  if (number === undefined) return 0;
  const files = readdirSync(folder, { recursive: true }).map(String);
  const left = kinds.flatMap((kind) => {
    const file = files.find((path) => path.split("/").at(-1) === `${kind}.md`);
    return file ? [[kind, readFileSync(join(folder, file), "utf8")] as const] : [];
  });
  for (const [kind, body] of left) await upsert(origin.repository, number, kind, body);
  return left.length;
}

async function pullRequestOf({ repository, owner, branch, sha }: Origin) {
  const query = ["--field", "state=open", "--field", `head=${owner}:${branch}`];
  const answer = await run("gh", ["api", "--method", "GET", `repos/${repository}/pulls`, ...query]);
  const open: { number: number; head: { sha: string } }[] = JSON.parse(answer);
  return open.find(({ head }) => head.sha === sha)?.number;
}

/** Puts a comment in place of the former one of its kind; nobody is notified by what it says. */
export async function upsert(
  repository: string,
  number: number,
  kind: string,
  text: string,
): Promise<void> {
  const marker = `<!-- platform: ${kind} -->`;
  // A zero-width space keeps names from being notified.
  const body = `${marker}\n${text.slice(0, longest).replaceAll("@", "@\u200b")}`;
  const comments = `repos/${repository}/issues/${number}/comments`;
  const answer = await run("gh", ["api", "--paginate", "--slurp", comments]);
  const pages: { id: number; body: string; user: { type: string } }[][] = JSON.parse(answer);
  const former = pages.flat().find((one) => one.user.type === "Bot" && one.body.startsWith(marker));
  const [method, path] = former
    ? ["PATCH", `repos/${repository}/issues/comments/${former.id}`]
    : ["POST", comments];
  await run("gh", ["api", "--method", method, path, "--raw-field", `body=${body}`, "--silent"]);
}
