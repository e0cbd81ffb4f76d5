import { parseArgs } from "node:util";
import { type Lines, optionsOrExit } from "../command-line.ts";
import { projectFolder } from "../graph/evaluate.ts";
import { PlanError } from "../graph/plan-error.ts";
import { stackConfig } from "../graph/stack-config.ts";
import { StandInFailed } from "./aws-requests.ts";
import { type End, RunningService, type ServiceScript, scriptOf } from "./service-script.ts";
import { Supplies } from "./supplies.ts";

const usage = `Starts services with reload, and with stand-ins of what they use of AWS, as far as the local
Docker engine has their images. Downloads nothing.

usage: npm run dev -- [--stack NAME] [service ...]

  --stack NAME  the stack of Pulumi.NAME.yaml (default: dev)
  --help        this text

Without a service: the first one whose image is built of a folder with a package.json. The
script "dev" of that file starts it, "dev:<service>" one that has another's image by sameAs.
Variables that are set win, and no stand-in is started beside them.
Several share their stand-ins, and end with the first that ends.

exit code: 0 when the service has ended, also by Ctrl-C; 1 when it or a stand-in failed; 2
when the command is wrong
`;

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** npm hands Ctrl-C on to a process that the terminal has told already. */
const sameKeyMs = 500;

/** Runs the command. Returns its exit code. @param folder the project, another one in tests */
export async function devCommand(
  args: string[],
  lines: Lines,
  folder = projectFolder,
): Promise<number> {
  const options = optionsOrExit(() => optionsOf(args), usage, lines);
  if (typeof options === "number") return options;
  try {
    return await develop(options, lines, folder);
  } catch (error) {
    if (!(error instanceof PlanError || error instanceof StandInFailed)) throw error;
    lines.err(error.message);
    return error instanceof PlanError ? 2 : 1;
  }
}

async function develop(
  { stack, names }: { stack: string; names: string[] },
  lines: Lines,
  folder: string,
): Promise<number> {
  const config = await stackConfig(stack, folder);
  const { services } = config.services;
  const scripts = names.map((name) => scriptOf(name, services, folder));
  const usedBy = ({ service }: ServiceScript) => Object.keys(services[service]?.uses ?? {});
  const used = new Set(scripts.flatMap(usedBy));
  const resources = Object.fromEntries(
    Object.entries(config.resources.resources).filter(([resource]) => used.has(resource)),
  );
  const interrupted = new AbortController();
  const supplies = new Supplies({
    ...{ resources, region: config.provider.region, environment: process.env, folder },
    ...{ signal: interrupted.signal, tell: lines.out },
  });
  let running: RunningService[] = [];
  const kill = (signal: NodeJS.Signals) => {
    for (const one of running) one.kill(signal);
  };
  let told = 0;
  const interrupt = (signal: NodeJS.Signals) => {
    interrupted.abort();
    if (Date.now() - told > sameKeyMs) kill(signal);
    told = Date.now();
  };
  for (const signal of signals) process.on(signal, interrupt);
  try {
    await supplies.prepare();
    running = scripts.map(
      (script) => new RunningService(script, supplies.variablesOf(usedBy(script))),
    );
    const first = await Promise.race(running.map((one) => one.ended));
    return first.code === 0 || interrupted.signal.aborted ? 0 : failed(first, lines);
  } catch (error) {
    if (interrupted.signal.aborted) return 0;
    throw error;
  } finally {
    // The others, and what a script left behind; all have heard Ctrl-C.
    if (!interrupted.signal.aborted) kill("SIGTERM");
    await Promise.all(running.map((one) => one.gone()));
    await supplies.remove();
    for (const signal of signals) process.off(signal, interrupt);
  }
}

function failed({ service, code }: End, { err }: Lines): number {
  err(`${service} has ended ${code === null ? "by a signal" : `with code ${code}`}`);
  return 1;
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
  const twice = positionals.find((name, at) => positionals.indexOf(name) < at);
  if (twice !== undefined) throw new Error(`${twice} is named twice`);
  return { ...values, names: positionals.length > 0 ? positionals : [""] };
}
