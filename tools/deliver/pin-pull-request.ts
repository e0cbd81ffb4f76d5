import { type Pin, settingOf } from "../operate/pins/newer-pins.ts";
import { CommandFailed, run } from "../shell.ts";
import { fenced, planAgainst, withoutToken } from "./previews.ts";

/** GitHub takes 65,536 characters. */
const maxLength = 60_000;

/** The commit that newer pins come after. */
export interface Origin {
  repository: string;
  branch: string;
  commit: string;
}

/** A stack's file with its newer pins, which is also in the working tree. */
export interface Moved {
  stack: string;
  file: string;
  text: string;
  pins: Pin[];
}

/**
 * Opens the pull request of a stack's newer pins, or updates it, with the rehearsal's result and the
 * difference. Returns whether the rehearsal passed.
 *
 * @throws {CommandFailed} if GitHub refuses it
 */
export async function proposePins(moved: Moved, origin: Origin): Promise<boolean> {
  const rehearsal = await rehearsed(moved.stack);
  const { text: difference } = await planAgainst(origin.commit, moved.stack);
  const title = `Newer pins of ${moved.stack}`;
  const body = [
    `AWS has newer versions than \`${moved.file}\` pins:`,
    ["| setting | from | to |", "| --- | --- | --- |", ...moved.pins.flatMap(row)].join("\n"),
    `The rehearsal on the simulated cloud ${rehearsal.passed ? "passed" : "**failed**"}:`,
    fenced(rehearsal.text.slice(-10_000)),
    difference,
  ]
    .join("\n\n")
    .slice(0, maxLength);
  await commitTo(headOf(moved.stack), title, moved, origin);
  const open = await openPullRequest(moved.stack, origin);
  if (open !== undefined) await api("PATCH", `${pulls(origin)}/${open}`, ...raw({ title, body }));
  else {
    const ends = { head: headOf(moved.stack), base: origin.branch };
    await api("POST", pulls(origin), ...raw({ title, body, ...ends }));
  }
  return rehearsal.passed;
}

/** Closes the pull request of a stack that has nothing newer any more. Returns whether there was one. */
export async function withdrawPins(stack: string, origin: Origin): Promise<boolean> {
  const open = await openPullRequest(stack, origin);
  if (open === undefined) return false;
  await api("PATCH", `${pulls(origin)}/${open}`, ...raw({ state: "closed" }));
  return true;
}

const headOf = (stack: string) => `pins/${stack}`;
const pulls = ({ repository }: Origin) => `repos/${repository}/pulls`;
const row = (pin: Pin) =>
  pin.newer === undefined ? [] : `| \`${settingOf(pin)}\` | ${pin.version} | ${pin.newer} |`;

async function rehearsed(stack: string): Promise<{ passed: boolean; text: string }> {
  const command = ["run", "--silent", "rehearse", "--", "--stack", stack];
  try {
    return { passed: true, text: await run("npm", command, { ...withoutToken, show: true }) };
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return { passed: false, text: error.output || error.message };
  }
}

async function openPullRequest(stack: string, origin: Origin): Promise<number | undefined> {
  const [owner] = origin.repository.split("/");
  const open = { state: "open", head: `${owner}:${headOf(stack)}` };
  const found: { number: number }[] = JSON.parse(await api("GET", pulls(origin), ...raw(open)));
  return found[0]?.number;
}

/**
 * Makes the branch one commit after the origin, whatever it was before. It is moved once, by a commit that is
 * there already: a pull request whose branch has nothing new is closed.
 */
async function commitTo(
  branch: string,
  message: string,
  { file, text }: Moved,
  { repository, commit }: Origin,
): Promise<void> {
  const git = `repos/${repository}/git`;
  const former = JSON.parse(await api("GET", `${git}/commits/${commit}`));
  const blob = { path: file, mode: "100644", type: "blob", content: text };
  const entry = Object.fromEntries(
    Object.entries(blob).map(([key, value]) => [`tree[][${key}]`, value]),
  );
  const tree = JSON.parse(
    await api("POST", `${git}/trees`, ...raw({ base_tree: former.tree.sha, ...entry })),
  );
  const made = JSON.parse(
    await api("POST", `${git}/commits`, ...raw({ message, tree: tree.sha, "parents[]": commit })),
  );
  const refs: { ref: string }[] = JSON.parse(
    await api("GET", `${git}/matching-refs/heads/${branch}`),
  );
  const sha = raw({ sha: made.sha });
  if (refs.some(({ ref }) => ref === `refs/heads/${branch}`)) {
    await api("PATCH", `${git}/refs/heads/${branch}`, ...sha, "--field", "force=true");
  } else {
    await api("POST", `${git}/refs`, ...raw({ ref: `refs/heads/${branch}` }), ...sha);
  }
}

const api = (method: string, path: string, ...fields: string[]) =>
  run("gh", ["api", "--method", method, path, ...fields]);

/** Each as a text, whatever it begins with. */
const raw = (fields: Record<string, string>): string[] =>
  Object.entries(fields).flatMap(([key, value]) => ["--raw-field", `${key}=${value}`]);
