import { parseArgs } from "node:util";
import { isCancel, text } from "@clack/prompts";
import type { Terminal } from "../../command-line.ts";
import { projectFolder } from "../../graph/evaluate.ts";
import { operatedStack } from "../operated-stack.ts";
import { operatorCommand } from "../operator-command.ts";
import { showPage } from "../page.ts";
import { deleted, type Patience } from "./deletion.ts";
import { cloudOf } from "./kind.ts";
import { livingPage, outcomePage, surveyPage } from "./leftovers-page.ts";
import { clusterStatus, survey } from "./survey.ts";

const usage = `Lists what is left on AWS of a cluster that is gone, with its price a day and why it stayed.
Run npm run destroy first: this command takes what Pulumi no longer knows.

usage: npm run leftovers -- [flags]

  --stack NAME    the stack of Pulumi.NAME.yaml (default: dev)
  --cluster NAME  an earlier cluster (default: cluster.name of the stack)
  --region NAME   where it was (default: region of the stack)
  --delete        deletes what is left behind, once its cluster's name is typed
  --confirm NAME  the name, where nobody can type it
  --json          as data
  --help          this text

Data, and what a setting keeps, is only named. So is what another cluster or stack has.

exit code: 0; 1 when something is left behind, or was not deleted; 2 when the command is
wrong, the cluster exists or the name is another; 3 when AWS does not answer or show all
`;

export interface LeftoversOptions {
  /** The project; another one in tests. */
  folder?: string;
  /** The name that a person types. Undefined where nobody can be asked. */
  ask?: (question: string) => Promise<string>;
  /** How long to try what AWS refuses because something uses it. */
  patience?: Patience;
}

/** Runs the command. Returns its exit code. */
export function leftoversCommand(
  args: string[],
  terminal: Terminal,
  { folder = projectFolder, ask = askTerminal(), patience }: LeftoversOptions = {},
): Promise<number> {
  return operatorCommand(
    () => optionsOf(args),
    usage,
    terminal,
    (options) => leftovers(options, terminal, { folder, ask, patience }),
  );
}

type Options = ReturnType<typeof optionsOf>;

async function leftovers(
  options: Options,
  terminal: Terminal,
  { folder, ask, patience }: Pick<LeftoversOptions, "ask" | "patience"> & { folder: string },
): Promise<number> {
  const { json } = options;
  const stack = await operatedStack(options.stack, folder);
  const { cluster: clusterName = stack.clusterName, region = stack.region } = options;
  const refuse = (why: string) => {
    terminal.err(`${why}. Nothing was deleted.\n`);
    return 2;
  };
  const cloud = cloudOf(region);
  const status = () => clusterStatus(cloud, { clusterName, accountId: stack.accountId });
  const alive = await status();
  if (alive !== undefined) {
    if (options.delete) return refuse(`The cluster ${clusterName} exists (${alive})`);
    return showPage(async () => livingPage({ clusterName, region }, alive), terminal, { json });
  }
  const { project = "" } = stack.config.provider.defaultTags.tags;
  const owner = {
    clusterName,
    program: { project, stack: stack.stack },
    stackLives: clusterName !== stack.clusterName || region !== stack.region,
  };
  const found = await survey(cloud, owner, stack.config);
  // One document for machines: what is deleted stands in the outcome.
  if (!json || !options.delete || found.left.length === 0) {
    await showPage(async () => surveyPage({ clusterName, region }, found), terminal, { json });
  }
  const seen = found.unread.length > 0 ? 3 : 0;
  if (!options.delete || found.left.length === 0) return found.left.length > 0 ? 1 : seen;

  const typed = options.confirm ?? (await ask?.(`The name of the cluster, to delete all above`));
  if (typed === undefined) return refuse("Nobody can type the name here: use --confirm");
  if (typed !== clusterName) return refuse(`"${typed}" is not the name of the cluster`);
  // Somebody may have made it while the question stood.
  const made = await status();
  if (made !== undefined) return refuse(`The cluster ${clusterName} exists (${made})`);
  const outcomes = await deleted(cloud, found.left, (line) => terminal.err(`${line}\n`), patience);
  if (!json) terminal.out("\n");
  return (await showPage(async () => outcomePage(outcomes), terminal, { json })) || seen;
}

function askTerminal(): LeftoversOptions["ask"] {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return undefined;
  return async (message) => {
    const answer = await text({ message });
    return isCancel(answer) ? "" : (answer ?? "");
  };
}

function optionsOf(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      stack: { type: "string", default: "dev" },
      cluster: { type: "string" },
      region: { type: "string" },
      delete: { type: "boolean", default: false },
      confirm: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  if (values.confirm !== undefined && !values.delete) {
    throw new Error("--confirm goes with --delete");
  }
  return values;
}
