import { parseArgs } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { loadConfig } from "../../infra/config/load.ts";
import { projectFolder } from "../graph/evaluate.ts";
import { PlanError } from "../graph/plan-error.ts";
import { settingsOf } from "../graph/stack-settings.ts";
import { StandInFailed } from "./aws-requests.ts";
import { RunningService, type ServiceScript, scriptOf } from "./service-script.ts";
import { Supplies } from "./supplies.ts";

const usage = `Starts a service with reload, and with stand-ins of what it uses of AWS, as far as the local
Docker engine has their images. Downloads nothing.

usage: npm run dev -- [--stack NAME] [service]

  --stack NAME  the stack of Pulumi.NAME.yaml (default: dev)
  --help        this text

Without a service: the first one whose image is built of a folder with a package.json. The
script "dev" of that file starts it, "dev:<service>" one that has another's image by sameAs.
Variables that are set win, and no stand-in is started beside them.

exit code: 0 when the service has ended, also by Ctrl-C; 1 when it or a stand-in failed; 2
when the command is wrong
`;

/** Where the command writes its lines to. */
export interface Lines {
  out(line: string): void;
  err(line: string): void;
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** npm hands Ctrl-C on to a process that the terminal has told already. */
const sameKeyMs = 500;

/** Runs the command. Returns its exit code. @param folder the project, another one in tests */
export async function devCommand(
  args: string[],
  lines: Lines,
  folder = projectFolder,
): Promise<number> {
  let options: ReturnType<typeof optionsOf>;
  try {
    options = optionsOf(args);
  } catch (error) {
    lines.err(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (options.help) {
    lines.out(usage);
    return 0;
  }
  try {
    return await develop(options, lines, folder);
  } catch (error) {
    if (!(error instanceof PlanError || error instanceof StandInFailed)) throw error;
    lines.err(error.message);
    return error instanceof PlanError ? 2 : 1;
  }
}

async function develop(
  { stack, name }: { stack: string; name: string },
  lines: Lines,
  folder: string,
): Promise<number> {
  const config = await configOf(stack, folder);
  const { services } = config.services;
  const script = scriptOf(name, services, folder);
  const { uses = {} } = services[script.service] ?? {};
  const resources = Object.fromEntries(
    Object.entries(config.resources.resources).filter(([resource]) =>
      Object.hasOwn(uses, resource),
    ),
  );
  const interrupted = new AbortController();
  const supplies = new Supplies({
    ...{ resources, region: config.provider.region, environment: process.env, folder },
    ...{ signal: interrupted.signal, tell: lines.out },
  });
  let service: RunningService | undefined;
  let told = 0;
  const interrupt = (signal: NodeJS.Signals) => {
    interrupted.abort();
    if (Date.now() - told > sameKeyMs) service?.kill(signal);
    told = Date.now();
  };
  for (const signal of signals) process.on(signal, interrupt);
  try {
    await supplies.prepare();
    service = new RunningService(script, supplies.variables);
    const code = await service.ended;
    return code === 0 || interrupted.signal.aborted ? 0 : failed(script, code, lines);
  } catch (error) {
    if (interrupted.signal.aborted) return 0;
    throw error;
  } finally {
    // What its script left behind.
    service?.kill("SIGTERM");
    await supplies.remove();
    for (const signal of signals) process.off(signal, interrupt);
  }
}

function failed({ service }: ServiceScript, code: number | null, { err }: Lines): number {
  err(`${service} has ended ${code === null ? "by a signal" : `with code ${code}`}`);
  return 1;
}

/**
 * The settings of a stack as the program loads them.
 *
 * @throws {PlanError} if the stack does not exist, or a setting is not valid
 */
async function configOf(stack: string, folder: string): Promise<ReturnType<typeof loadConfig>> {
  const { project, config, secretKeys } = settingsOf(stack, folder);
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
      call: ({ inputs }) => inputs,
    },
    project,
    stack,
  );
  pulumi.runtime.setAllConfig(config, secretKeys);
  // As in Pulumi, paths are relative to the project.
  const from = process.cwd();
  process.chdir(folder);
  try {
    return loadConfig();
  } catch (error) {
    if (!pulumi.RunError.isInstance(error)) throw error;
    throw new PlanError(error.message, { cause: error });
  } finally {
    process.chdir(from);
  }
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
  if (more.length > 0) throw new Error("Name one service");
  return { ...values, name };
}
