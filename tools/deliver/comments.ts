import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../shell.ts";

/** GitHub takes 65,536 characters, and Linux 128 KiB in one argument. */
const maxLength = 40_000;

/** The comments that pull requests get, by the names of their files. */
const kinds = ["difference", "preview-dev", "preview-prod"];

/** Writes a comment for `postComments`, which runs in another job, with other rights. */
export function writeComment(folder: string, kind: string, body: string): void {
  mkdirSync(folder, { recursive: true });
  const cut =
    body.length > maxLength ? `${body.slice(0, maxLength)}\n\nThe rest is in the run.` : body;
  writeFileSync(join(folder, `${kind}.md`), cut);
}

/** The source of a workflow run, from GitHub. */
export interface Origin {
  repository: string;
  owner: string;
  branch: string;
  sha: string;
}

/**
 * Posts the comments of a run to its pull request, in place of the former ones. Returns their number.
 *
 * The text may be a stranger's: only known kinds are read, nobody is notified, and GitHub names the pull
 * request.
 */
export async function postComments(folder: string, origin: Origin): Promise<number> {
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

/** Replaces the former comment of its kind. Mentions notify nobody. */
export async function upsert(
  repository: string,
  number: number,
  kind: string,
  text: string,
): Promise<void> {
  const marker = `<!-- platform: ${kind} -->`;
  // A zero-width space keeps names from being notified.
  const body = `${marker}\n${text.slice(0, maxLength).replaceAll("@", "@\u200b")}`;
  const comments = `repos/${repository}/issues/${number}/comments`;
  const answer = await run("gh", ["api", "--paginate", "--slurp", comments]);
  const pages: { id: number; body: string; user: { type: string } }[][] = JSON.parse(answer);
  const former = pages
    .flat()
    .find(({ user, body }) => user.type === "Bot" && body.startsWith(marker));
  const [method, path] = former
    ? ["PATCH", `repos/${repository}/issues/comments/${former.id}`]
    : ["POST", comments];
  await run("gh", ["api", "--method", method, path, "--raw-field", `body=${body}`, "--silent"]);
}
