import { run } from "../shell.ts";

/** Pull requests with this label get an environment. */
const label = "environment";
const workflow = "image.yml";
/** The artifact of the workflow: each image as `<service>.tar`. */
export const artifact = "images";

export interface PullRequest {
  number: number;
  /** The last commit. */
  commit: string;
}

/** A workflow run with an artifact of images. */
export interface Built {
  run: number;
  at: string;
}

/** The open pull requests with the label, from branches of the repository itself, the oldest first. */
export async function listPullRequests(repository: string): Promise<PullRequest[]> {
  const query = ["--method", "GET", "--paginate", "--slurp", `repos/${repository}/pulls`];
  const pages = JSON.parse(await run("gh", ["api", ...query, "--field", "state=open"]));
  return (pages as Answer[][])
    .flat()
    .filter(({ labels }) => labels.some(({ name }) => name === label))
    .filter(({ head }) => head.repo?.full_name === repository)
    .map(({ number, head }) => ({ number, commit: head.sha }))
    .sort((one, other) => one.number - other.number);
}

/** The run that built the images of a commit. Returns undefined if it has not succeeded. */
export async function findBuild(repository: string, commit: string): Promise<Built | undefined> {
  const which = ["--workflow", workflow, "--commit", commit, "--status", "success"];
  const fields = ["--limit", "1", "--json", "databaseId,createdAt"];
  const answer = await run("gh", ["run", "list", "--repo", repository, ...which, ...fields]);
  const [found]: { databaseId: number; createdAt: string }[] = JSON.parse(answer);
  return found && { run: found.databaseId, at: found.createdAt };
}

interface Answer {
  number: number;
  labels: { name: string }[];
  head: { sha: string; repo: { full_name: string } | null };
}
