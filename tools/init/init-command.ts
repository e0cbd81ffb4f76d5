import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ReadStream, WriteStream } from "node:tty";
import { parseArgs } from "node:util";
import { isCancel, select, text } from "@clack/prompts";
import { optionsOrExit, type Terminal } from "../command-line.ts";
import { evaluate, projectFolder } from "../graph/evaluate.ts";
import { linkedProject } from "../graph/linked-project.ts";
import { PlanError } from "../graph/plan-error.ts";
import { plan } from "../plan/plan-command.ts";
import { type Account, readCaller, readZones } from "./account.ts";
import { type Answers, type Question, questions } from "./questions.ts";
import { nobody, type StackName, stackFile } from "./stack-files.ts";

const flags = questions.map(({ flag, ask }) => `  --${flag.padEnd(13)} ${ask}`).join("\n");

const usage = `Writes Pulumi.dev.yaml and Pulumi.prod.yaml for your account, and shows the plan of dev.
It asks for what no flag says. Nothing is written before both stacks have a plan without errors.

usage: npm run init -- [flags]

${flags}
  --yes           asks nothing: what no flag says is what it would propose
  --force         also writes over files that have an account already
  --help          this text

The AWS CLI, where it is and has credentials, is asked for account, principal and zones.

exit code: 0; 1 when the stacks have no plan, or are for an account already; 2 when the
command is wrong; 130 when it was left
`;

/** Asks a person. Returns undefined if the person leaves. */
export type Ask = (question: Question, initial: string | undefined) => Promise<string | undefined>;

export interface InitOptions {
  /** The project; another one in tests. */
  folder?: string;
  /** Undefined where nobody can be asked. */
  ask?: Ask;
  account?: () => Promise<Account>;
  zones?: (region: string) => Promise<string[] | undefined>;
}

/** Runs the command. Returns its exit code. */
export async function initCommand(
  args: string[],
  terminal: Terminal,
  options: InitOptions = {},
): Promise<number> {
  const { folder = projectFolder } = options;
  const lines = {
    out: (line: string) => terminal.out(`${line}\n`),
    err: (line: string) => terminal.err(`${line}\n`),
  };
  const given = optionsOrExit(() => optionsOf(args), usage, terminal);
  if (typeof given === "number") return given;
  const taken = stacks.filter((stack) => !isUntouched(stack, folder));
  if (taken.length > 0 && !given.force) {
    const files = taken.map((stack) => `Pulumi.${stack}.yaml`).join(" and ");
    lines.err(`${files}: has an account already; allowed: --force, which writes over its settings`);
    return 1;
  }
  try {
    const answers = await answersOf(given, options);
    if (!answers) return 130;
    await writeStacks(answers, folder);
    lines.out("Pulumi.dev.yaml and Pulumi.prod.yaml are written.\n");
    const code = await plan(["--stack", "dev"], terminal, folder);
    lines.out(nextSteps(answers));
    return code;
  } catch (error) {
    if (error instanceof BadAnswer) {
      lines.err(error.message);
      return 2;
    }
    if (!(error instanceof PlanError)) throw error;
    lines.err(`${error.message}\nNothing is written.`);
    return 1;
  }
}

/** An answer that is missing, or that no setting takes. */
class BadAnswer extends Error {}

const stacks: StackName[] = ["dev", "prod"];

function optionsOf(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      ...Object.fromEntries(questions.map(({ flag }) => [flag, { type: "string" as const }])),
      yes: { type: "boolean" },
      force: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  const { yes, force, help, ...answers } = values as Answers & Record<string, boolean>;
  return { yes: Boolean(yes), force: Boolean(force), help: Boolean(help), answers };
}

async function answersOf(
  { answers: said, yes }: { answers: Answers; yes: boolean },
  { ask = askTerminal(), account = readCaller, zones = readZones }: InitOptions,
): Promise<Answers | undefined> {
  const answers: Answers = {};
  const known = await account();
  for (const question of questions) {
    const { flag, initial, problem, skip } = question;
    if (skip?.(answers) && said[flag] === undefined) continue;
    if (flag === "zones") known.zones = await zones(answers.region ?? "");
    const proposed = initial(answers, known);
    const answer = said[flag] ?? (yes || !ask ? proposed : await ask(question, proposed));
    if (answer === undefined) {
      if (ask && !yes) return undefined;
      throw new BadAnswer(`--${flag} is missing: ${question.ask}`);
    }
    const wrong = problem?.(answer);
    if (wrong) throw new BadAnswer(`--${flag}: ${wrong}`);
    answers[flag] = answer;
  }
  return answers;
}

/** Asks in a terminal. Returns undefined if there is none. */
export function askTerminal(
  input: ReadStream = process.stdin,
  output: WriteStream = process.stdout,
): Ask | undefined {
  if (!input.isTTY || !output.isTTY) return undefined;
  return async ({ ask, options, problem }, initial) => {
    const answer = options
      ? await select({
          message: ask,
          options: options.map((value) => ({ value })),
          initialValue: initial,
          ...{ input, output },
        })
      : await text({
          message: ask,
          initialValue: initial,
          ...{ input, output },
          validate: (given = "") => problem?.(given),
        });
    return isCancel(answer) ? undefined : (answer ?? "");
  };
}

/** Whether a stack's file is that of the repository, which no account has. */
function isUntouched(stack: StackName, folder: string): boolean {
  return readFileSync(join(folder, `Pulumi.${stack}.yaml`), "utf8").includes(nobody);
}

/**
 * Writes the files of both stacks, once both have a plan in a copy of the project.
 *
 * @throws {PlanError} if a stack has none; then nothing is written
 */
async function writeStacks(answers: Answers, folder: string): Promise<void> {
  const names = stacks.map((stack) => `Pulumi.${stack}.yaml`);
  const copy = linkedProject("init-", (name) => names.includes(name), folder);
  try {
    for (const stack of stacks) {
      const file = `Pulumi.${stack}.yaml`;
      const old = readFileSync(join(folder, file), "utf8");
      writeFileSync(join(copy, file), stackFile(stack, old, answers, folder));
    }
    for (const stack of stacks) await evaluate(stack, copy);
    for (const file of names) {
      writeFileSync(join(folder, `${file}.new`), readFileSync(join(copy, file)));
      renameSync(join(folder, `${file}.new`), join(folder, file));
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function nextSteps({ domain, "hosted-zone": zone, service = "web" }: Answers): string {
  return [
    "Next:",
    "  npx pulumi login, or pulumi login s3://your-state-bucket",
    "  npx pulumi stack init dev && npm run preview && npm run up",
    ...(domain && !zone ? ["  set the DNS records that up prints (docs/domains.md)"] : []),
    `  for delivery: bootstrap:services is [${service}] (docs/delivery.md)`,
    "  more settings: docs/configuration.md, docs/containers.md",
  ].join("\n");
}
