import { parseArgs } from "node:util";
import { optionsOrExit, type Terminal } from "../command-line.ts";
import { evaluateAt, present, type Version } from "../graph/checkout.ts";
import { evaluate } from "../graph/evaluate.ts";
import { PlanError } from "../graph/plan-error.ts";
import type { Evaluation } from "../graph/resource.ts";
import { adviceFor } from "./cost/advice.ts";
import { adviceText } from "./cost/advice-text.ts";
import { costOf } from "./cost/cost.ts";
import { costText } from "./cost/cost-text.ts";
import { differenceOf } from "./diff/difference.ts";
import { differenceMarkdown } from "./diff/difference-markdown.ts";
import type { Difference } from "./diff/difference-model.ts";
import { differenceText } from "./diff/difference-text.ts";
import { planOf } from "./document.ts";
import { writePlan } from "./files.ts";
import { pageOf } from "./page.ts";
import { render } from "./render.ts";
import { styleOf } from "./text.ts";
import { policyViolations } from "./violations.ts";

const usage = `Shows what the program would make, without an account, a login or a CLI.

usage: npm run plan -- [--stack NAME] [--cost [--advise]] [--json] [--out DIR]
       npm run plan -- [--stack NAME] --against REF [--json | --markdown]
                       [--accept REASON]

  --stack NAME     the stack whose Pulumi.NAME.yaml is read (default: dev), or
                   an example: examples/NAME
  --cost           only what it costs, with every price's source (npm run cost)
  --advise         with --cost: which settings would cost less for the same pods,
                   and what is lost
  --json           one JSON document instead of text
  --out DIR        also write manifests, roles, the document and plan.html
                   (the graph, for a browser) as files
  --against REF    what would change since that git commit, branch or tag;
                   REF..REF compares two of them
  --markdown       that difference as a comment on a pull request
  --accept REASON  do not fail because of a red risk; the reason is shown
  --help           this text

exit code: 0; 1 when there is no plan to show, or it violates a mandatory policy;
2 when the command is wrong; 3 when the difference has a red risk that nobody
accepted
`;

type Options = ReturnType<typeof optionsOf>;

/** Runs the command. Returns its exit code. @param folder the project, another one in tests */
export async function plan(args: string[], terminal: Terminal, folder?: string): Promise<number> {
  const options = optionsOrExit(() => optionsOf(args), usage, terminal);
  if (typeof options === "number") return options;
  try {
    return options.against === undefined
      ? await showPlan(options, terminal, folder)
      : await showDifference(options.against, options, terminal, folder);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    terminal.err(`${error.message}\n`);
    return 1;
  }
}

async function showPlan(options: Options, terminal: Terminal, folder?: string): Promise<number> {
  if (options.advise) {
    const advice = await adviceFor(options.stack, folder);
    terminal.out(options.json ? json(advice) : adviceText(advice, styleOf(terminal.color)));
    return 0;
  }
  const evaluation = await evaluate(options.stack, folder);
  const { resources } = evaluation;
  if (options.out !== undefined) {
    writePlan(planOf(evaluation), pageOf(options.stack, resources), options.out);
  }
  warnOfSecrets(evaluation, terminal);
  if (options.cost) {
    const cost = costOf(resources);
    terminal.out(
      options.json ? json(cost) : costText(options.stack, cost, styleOf(terminal.color)),
    );
  } else {
    terminal.out(options.json ? json(planOf(evaluation)) : render(evaluation, terminal.color));
  }
  return policyViolations(resources).some(({ level }) => level === "mandatory") ? 1 : 0;
}

async function showDifference(
  range: string,
  options: Options,
  terminal: Terminal,
  folder?: string,
): Promise<number> {
  const { stack, accept } = options;
  const [from = "", to] = range.split("..");
  const old = await evaluateAt(from, stack, folder);
  const now: Version = to ? await evaluateAt(to, stack, folder) : await present(stack, folder);
  const difference = differenceOf(old, now);
  warnOfSecrets(now.evaluation, terminal);
  terminal.out(shown(difference, options, terminal));
  if (difference.risk !== "red") return 0;
  if (accept) {
    terminal.err(`The red risks are accepted: ${accept}\n`);
    return 0;
  }
  terminal.err('The risk is red. If that is meant: --accept "<reason>"\n');
  return 3;
}

function shown(difference: Difference, options: Options, terminal: Terminal): string {
  if (options.json) return json(difference);
  if (options.markdown) return differenceMarkdown(difference, options.accept);
  return differenceText(difference, styleOf(terminal.color));
}

function warnOfSecrets({ secretKeys }: Evaluation, terminal: Terminal): void {
  for (const key of secretKeys) {
    terminal.err(`${key} is encrypted: the plan reads [secret] instead\n`);
  }
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

function optionsOf(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      stack: { type: "string", default: "dev" },
      cost: { type: "boolean", default: false },
      advise: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      out: { type: "string" },
      against: { type: "string" },
      markdown: { type: "boolean", default: false },
      accept: { type: "string" },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  if (values.out === "") throw new Error("Option '--out <value>' needs a folder");
  if (values.accept?.trim() === "") throw new Error("Option '--accept <value>' needs a reason");
  const { against, markdown, accept, out, cost } = values;
  if (values.advise && (!cost || out !== undefined)) {
    throw new Error("Option '--advise' goes with '--cost', and without '--out <dir>'");
  }
  if (against === undefined && (markdown || accept !== undefined)) {
    throw new Error("Options '--markdown' and '--accept' go with '--against <ref>'");
  }
  if (against !== undefined && (out !== undefined || cost || (markdown && values.json))) {
    throw new Error("Option '--against <ref>' goes with one of '--json' and '--markdown' only");
  }
  return values;
}
