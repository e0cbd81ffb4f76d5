import { parseArgs } from "node:util";
import { planOf } from "./document.ts";
import { PlanError } from "./errors.ts";
import { evaluate } from "./evaluate.ts";
import { writePlan } from "./files.ts";
import { render } from "./render.ts";

const usage = `Shows what the program would make, without an account, a login or a CLI.

usage: npm run plan -- [--stack NAME] [--json] [--out DIR]

  --stack NAME  the stack whose Pulumi.NAME.yaml is read (default: dev)
  --json        one JSON document instead of text
  --out DIR     also write manifests, roles and the document as files
  --help        this text

exit code: 0; 1 when there is no plan to show; 2 when the command is wrong
`;

/** Where the command writes to. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  color: boolean;
}

/** Runs the command and gives its exit code; `folder` is the project's unless a test says other. */
export async function plan(args: string[], terminal: Terminal, folder?: string): Promise<number> {
  let options: ReturnType<typeof optionsOf>;
  try {
    options = optionsOf(args);
  } catch (error) {
    terminal.err(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (options.help) {
    terminal.out(usage);
    return 0;
  }
  try {
    const evaluation = await evaluate(options.stack, folder);
    const document = planOf(evaluation);
    if (options.out !== undefined) writePlan(document, options.out);
    for (const key of evaluation.secretKeys) {
      terminal.err(`${key} is encrypted: the plan reads [secret] instead\n`);
    }
    terminal.out(
      options.json ? `${JSON.stringify(document, null, 2)}\n` : render(evaluation, terminal.color),
    );
    return 0;
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    terminal.err(`${error.message}\n`);
    return 1;
  }
}

function optionsOf(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      stack: { type: "string", default: "dev" },
      json: { type: "boolean", default: false },
      out: { type: "string" },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  if (values.out === "") throw new Error("Option '--out <value>' needs a folder");
  return values;
}
