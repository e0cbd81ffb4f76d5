import { optionsOrExit, type Terminal } from "../command-line.ts";
import { PlanError } from "../graph/plan-error.ts";
import { NoAnswer } from "./cluster-access.ts";

/**
 * Runs a command that asks a stack's account. Returns its exit code: 2 when the command or a setting is
 * wrong, 3 when AWS or the cluster does not answer.
 */
export async function operatorCommand<Options extends { help?: boolean }>(
  read: () => Options,
  usage: string,
  terminal: Terminal,
  run: (options: Options) => Promise<number>,
): Promise<number> {
  const options = optionsOrExit(read, usage, terminal);
  if (typeof options === "number") return options;
  try {
    return await run(options);
  } catch (error) {
    if (!(error instanceof PlanError || error instanceof NoAnswer)) throw error;
    terminal.err(`${error.message}\n`);
    return error instanceof NoAnswer ? 3 : 2;
  }
}

/** Aborts the signal on Ctrl-C, and when nobody reads on: `npm run logs | head` has enough. */
export async function untilInterrupted<Result>(
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once("SIGINT", interrupt);
  process.stdout.once("error", interrupt);
  try {
    return await run(interrupted.signal);
  } finally {
    process.off("SIGINT", interrupt);
    process.stdout.off("error", interrupt);
  }
}
