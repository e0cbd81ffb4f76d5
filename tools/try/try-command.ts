import { parseArgs } from "node:util";
import { type Lines, optionsOrExit } from "../command-line.ts";
import { NoDocker } from "../docker-engine.ts";
import { evaluate, projectFolder } from "../graph/evaluate.ts";
import { manifestsOf } from "../graph/manifests.ts";
import { PlanError } from "../graph/plan-error.ts";
import type { CheckResult } from "./checks.ts";
import { type Workload, workloadsOf } from "./run-arguments.ts";
import { tryOut } from "./trial.ts";

const usage = `Starts the image of a service or a job on the local Docker engine with the settings of its pod,
and reports which part of the contract it breaks.

usage: npm run try -- [--stack NAME] <service or job>

  --stack NAME  the stack of Pulumi.NAME.yaml (default: dev)
  --help        this text

It has the pod's user, read-only file system, capabilities, limits, variables, ports and probes.
It has no sidecars, other services, AWS or network policies. Secrets have dummy values.

exit code: 0; 1 if the image breaks the contract; 2 if the command is wrong; 3 if
no Docker engine can run the image
`;

/** Runs the command. Returns its exit code. `folder`: the project. */
export async function tryCommand(
  args: string[],
  lines: Lines,
  folder = projectFolder,
): Promise<number> {
  const options = optionsOrExit(() => optionsOf(args), usage, lines);
  if (typeof options === "number") return options;
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, interrupt);
  try {
    return await tryService(options, lines, folder, interrupted.signal);
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    if (!(error instanceof PlanError || error instanceof NoDocker)) throw error;
    lines.err(error.message);
    return error instanceof NoDocker ? 3 : 2;
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
}

async function tryService(
  { stack, name }: { stack: string; name: string },
  { out, err }: Lines,
  folder: string,
  signal: AbortSignal,
): Promise<number> {
  const { resources } = await evaluate(stack, folder);
  const workload = workloadNamed(name, stack, workloadsOf(manifestsOf(resources)));
  const broken = new Set<string>();
  await tryOut(workload, {
    ...{ folder, resources, signal, progress: err },
    report: (result) => {
      if (result.level === "FAIL") broken.add(result.check);
      out(lineOf(result));
    },
  });
  out(broken.size === 0 ? `${name} keeps the contract` : `${name} breaks the contract`);
  return broken.size === 0 ? 0 : 1;
}

function workloadNamed(name: string, stack: string, workloads: Workload[]): Workload {
  const found = workloads.find((one) => one.name === name);
  if (found) return found;
  const known = workloads.map((one) => one.name).sort();
  throw new PlanError(
    `Stack ${stack} has no service or job "${name}"; it has: ${known.join(", ")}`,
  );
}

/** One line for a check, then the lines of the container's log. */
function lineOf({ level, check, seen, setting, log = [] }: CheckResult): string {
  const line = `${level.padEnd(4)}  ${check.padEnd(12)}  ${seen}${setting ? `; set ${setting}` : ""}`;
  return [line, ...log.map((one) => `        ${one}`)].join("\n");
}

function optionsOf(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      stack: { type: "string", default: "dev" },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  const [name = "", ...more] = positionals;
  if (!values.help && (name === "" || more.length > 0)) {
    throw new Error("Name one service or job");
  }
  return { ...values, name };
}
