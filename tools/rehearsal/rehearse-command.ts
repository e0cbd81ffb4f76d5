import { parseArgs } from "node:util";
import { PlanError } from "../graph/plan-error.ts";
import { NoEngine } from "./engine.ts";
import {
  printEnd,
  printOpening,
  printOperation,
  printReleaseTime,
  printTimeToReady,
} from "./rehearsal-report.ts";
import { rehearse } from "./scenario.ts";

const usage = `Runs the life of a stack with the real Pulumi engine on a simulated cloud.

usage: npm run rehearse -- [--stack NAME] [--fast] [--json]

  --stack NAME  the stack of Pulumi.NAME.yaml (default: dev), or an example
  --fast        only up, up again, a new image, destroy
  --json        one JSON document instead of the timeline
  --help        this text

exit code: 0; 1 when a check failed; 2 when the command is wrong; 3 when there
is no engine
`;

/** Runs the command and ends the process with its exit code. */
export async function rehearseCommand(args: string[]): Promise<number> {
  // `npm run rehearse | head` closes the pipe early.
  process.stdout.on("error", () => process.exit(0));
  // The rehearsal stack removes its folder and its processes when this process exits.
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => process.exit(130));
  process.exit(await main(args));
}

async function main(args: string[]): Promise<number> {
  let options: ReturnType<typeof optionsOf>;
  try {
    options = optionsOf(args);
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${usage}`);
    return 2;
  }
  const { stack, fast, json, help } = options;
  if (help) {
    console.log(usage);
    return 0;
  }
  const print = (text: string) => {
    if (!json) console.log(text);
  };
  try {
    const rehearsal = await rehearse({
      stack,
      length: fast ? "fast" : "whole",
      say: (line) => console.error(line),
      onOpen: (opened) => print(printOpening(stack, opened)),
      onOperation: (result) => print(printOperation(result)),
    });
    if (json) console.log(JSON.stringify(rehearsal, null, 2));
    if (rehearsal.timeToReady) print(`\n${printTimeToReady(rehearsal.timeToReady)}`);
    for (const time of rehearsal.releases) print(`\n${printReleaseTime(time)}`);
    print(`\n${printEnd(rehearsal)}`);
    return rehearsal.results.every(({ failures }) => failures.length === 0) ? 0 : 1;
  } catch (error) {
    console.error(messageOf(error));
    if (error instanceof PlanError) return 2;
    return error instanceof NoEngine ? 3 : 1;
  }
}

function optionsOf(args: string[]) {
  return parseArgs({
    args,
    options: {
      stack: { type: "string", default: "dev" },
      fast: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  }).values;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
