import { parseArgs } from "node:util";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { Terminal } from "../../command-line.ts";
import { projectFolder } from "../../graph/evaluate.ts";
import { styleOf } from "../../plan/text.ts";
import { clusterAccess, NoAnswer } from "../cluster-access.ts";
import { type KubernetesApis, kubernetesApis } from "../kubernetes-apis.ts";
import { type OperatedStack, operatedStack, requireWorkload } from "../operated-stack.ts";
import { operatorCommand, untilInterrupted } from "../operator-command.ts";
import { unanswered } from "../readings.ts";
import { isAtLeast, type Level, type LogEntry, levels } from "./log-entry.ts";
import { groupOf, logEntries, previousLog } from "./log-source.ts";
import { logText } from "./log-text.ts";

const usage = `Shows what the pods of a service or a job wrote, also those that are gone.

usage: npm run logs -- [--stack NAME] <service or job>
       npm run logs -- [--stack NAME] --trace ID [service or job]

  --stack NAME   the stack of Pulumi.NAME.yaml (default: dev)
  --since TIME   so far back: 30s, 15m, 1h or 2d (default: 1h)
  --follow       goes on with what comes, until Ctrl-C
  --level LEVEL  at least trace, debug, info, warn, error or fatal: lines of JSON alone
  --trace ID     lines of all services with this trace id
  --previous     what the last container wrote that ended and was started again
  --json         a line of JSON each
  --help         this text

It asks CloudWatch Logs; with --previous the cluster. It reads, and changes nothing.

exit code: 0; 1 when there is no line; 2 when the command is wrong; 3 when AWS or the
cluster does not answer
`;

/** Where the command reads. */
export interface LogSources {
  logs: CloudWatchLogsClient;
  kubernetes(): Promise<KubernetesApis>;
  now(): Date;
}

/** Others in tests. */
type Connect = (stack: OperatedStack) => LogSources;

const connected: Connect = (stack) => ({
  logs: new CloudWatchLogsClient({ region: stack.region }),
  kubernetes: async () => kubernetesApis(await clusterAccess(stack)),
  now: () => new Date(),
});

/** Runs the command. Returns its exit code. @param folder the project, another one in tests */
export function logsCommand(
  args: string[],
  terminal: Terminal,
  folder = projectFolder,
  connect = connected,
): Promise<number> {
  return operatorCommand(
    () => optionsOf(args),
    usage,
    terminal,
    (options) =>
      untilInterrupted(async (signal) => {
        const stack = await operatedStack(options.stack, folder);
        return showLogs(options, stack, connect(stack), terminal, signal);
      }),
  );
}

type Options = ReturnType<typeof optionsOf>;

async function showLogs(
  options: Options,
  stack: OperatedStack,
  sources: LogSources,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const { name, level, json } = options;
  requireWorkload(stack, name);
  const text = logText(styleOf(terminal.color));
  let lines = 0;
  const show = (entry: LogEntry) => {
    lines++;
    terminal.out(json ? `${JSON.stringify(entry)}\n` : text(entry));
  };
  if (options.previous) {
    await showPrevious(name ?? "", sources, terminal, (entry) => {
      if (isAtLeast(entry, level)) show(entry);
    });
  } else {
    await showEntries(options, stack, sources, show, signal);
  }
  if (lines === 0 && !signal.aborted) terminal.err("There is no such line.\n");
  return lines === 0 && !signal.aborted ? 1 : 0;
}

async function showEntries(
  { name, level, trace, follow, sinceSeconds }: Options,
  { clusterName, region }: OperatedStack,
  { logs, now }: LogSources,
  show: (entry: LogEntry) => void,
  signal: AbortSignal,
): Promise<void> {
  const group = groupOf(clusterName);
  const since = new Date(now().getTime() - sinceSeconds * 1000);
  const filter = {
    ...(name && { namespace: name }),
    ...(level && { level }),
    ...(trace && { trace }),
  };
  try {
    for await (const entry of logEntries(logs, { group, since, follow, ...filter }, signal)) {
      show(entry);
    }
  } catch (error) {
    if ((error as Error).name === "ResourceNotFoundException") {
      throw new NoAnswer(`There is no log group ${group} in ${region}: the stack is not up`);
    }
    unanswered("logs:FilterLogEvents", "The logs are not readable: ")(error);
  }
}

async function showPrevious(
  namespace: string,
  { kubernetes }: LogSources,
  { err }: Terminal,
  show: (entry: LogEntry) => void,
): Promise<void> {
  const apis = await kubernetes();
  const needs = `Kubernetes: list pods and get pods/log in ${namespace}`;
  const found = await previousLog(apis, namespace).catch(
    unanswered(needs, "The log is not readable: "),
  );
  if (!found) {
    err(`No container of ${namespace} has ended and was started again.\n`);
    return;
  }
  const { pod, container, end, at } = found;
  err(`${pod}, container ${container}, ended${at ? ` at ${at.toISOString()}` : ""}: ${end}\n`);
  for (const entry of found.entries) show(entry);
}

function optionsOf(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      stack: { type: "string", default: "dev" },
      since: { type: "string" },
      follow: { type: "boolean", default: false, short: "f" },
      level: { type: "string" },
      trace: { type: "string" },
      previous: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  const { level, since, ...rest } = values;
  const [name, ...more] = positionals;
  const { trace, follow, previous, help } = rest;
  if (!help && (more.length > 0 || (name === undefined && trace === undefined))) {
    throw new Error("Name one service or job, or give --trace");
  }
  if (level !== undefined && !levels.includes(level as Level)) {
    throw new Error(`--level: ${level} is not allowed; allowed: ${levels.join(", ")}`);
  }
  // Quotes would end the pattern that CloudWatch gets.
  if (trace !== undefined && !/^[\w:.-]{8,100}$/.test(trace)) {
    throw new Error(`--trace: ${trace} is not allowed; allowed: 8 to 100 letters, digits, - _ : .`);
  }
  if (previous && (follow || trace !== undefined || since !== undefined)) {
    throw new Error("--previous is one log: it takes no --follow, --trace or --since");
  }
  return {
    ...rest,
    name,
    level: level as Level | undefined,
    sinceSeconds: secondsOf(since ?? "1h"),
  };
}

const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

function secondsOf(since: string): number {
  const [, number, unit = ""] = /^([1-9]\d{0,4})([smhd])$/.exec(since) ?? [];
  if (!number) {
    throw new Error(
      `--since: ${since} is not allowed; allowed: a number with s, m, h or d, such as 15m`,
    );
  }
  return Number(number) * (unitSeconds[unit] ?? 0);
}
