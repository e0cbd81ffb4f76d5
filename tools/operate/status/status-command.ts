import { parseArgs } from "node:util";
import type { Terminal } from "../../command-line.ts";
import { evaluate, projectFolder } from "../../graph/evaluate.ts";
import { costOf } from "../../plan/cost/cost.ts";
import { clusterAccess } from "../cluster-access.ts";
import { kubernetesApis } from "../kubernetes-apis.ts";
import { type OperatedStack, operatedStack, requireWorkload } from "../operated-stack.ts";
import { operatorCommand, untilInterrupted } from "../operator-command.ts";
import { showPage } from "../page.ts";
import { awsClients } from "./aws-clients.ts";
import { spentSinceFirst } from "./month-cost.ts";
import { type CostQuestion, type StatusSources, stackStatus } from "./stack-status.ts";
import { statusPage } from "./status-page.ts";

const usage = `Says what runs in a stack and what is wrong there.

usage: npm run status -- [--stack NAME] [service or job]

  --stack NAME     the stack of Pulumi.NAME.yaml (default: dev)
  --json           the same as JSON
  --watch SECONDS  again and again, until Ctrl-C
  --cost           also the month's cost so far, against the plan: Cost Explorer takes
                   $0.01, once also with --watch
  --help           this text

Broken is: a stuck rollout; a service without a ready pod; a pod whose container fails,
or that has not been ready for 5 minutes; an unhealthy target, or none; an hour that
used the month's budget of serviceLevel up 14.4 times as fast as it lasts; a job whose
last run failed; a ringing alarm; a cluster, node group or add-on with an issue; a node
that is not ready; a certificate that is not issued or ends in 14 days.

It reads, and changes nothing. What AWS or Kubernetes refuses is said, and the rest shown.

exit code: 0; 1 when something is broken; 2 when the command is wrong; 3 when AWS or the
cluster does not answer, or the cluster refuses pods or jobs
`;

/** Where the command reads, by stack; others in tests. */
type Connect = (stack: OperatedStack) => Promise<StatusSources>;

const connected: Connect = async (stack) => ({
  aws: awsClients(stack.region),
  kubernetes: kubernetesApis(await clusterAccess(stack)),
  now: () => new Date(),
});

/** Runs the command. Returns its exit code. @param folder the project, another one in tests */
export function statusCommand(
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
      untilInterrupted((signal) => showStatus(options, terminal, { folder, connect, signal })),
  );
}

async function showStatus(
  { name, stack: stackName, cost, json, watchSeconds }: ReturnType<typeof optionsOf>,
  terminal: Terminal,
  { folder, connect, signal }: { folder: string; connect: Connect; signal: AbortSignal },
): Promise<number> {
  const stack = await operatedStack(stackName, folder);
  requireWorkload(stack, name);
  const sources = await connect(stack);
  const month = cost && !name ? await monthOf(stack, sources, folder) : undefined;
  let unknown = false;
  const code = await showPage(
    async () => {
      const read = await stackStatus(stack, sources, {
        ...(name && { name }),
        ...(month && { cost: month }),
      });
      unknown = read.unknown;
      return statusPage(read.status);
    },
    terminal,
    { json, signal, ...(watchSeconds && { watchSeconds }) },
  );
  return code === 0 && unknown ? 3 : code;
}

/** Cost Explorer is asked once: it costs money, and is a day late. */
async function monthOf(
  stack: OperatedStack,
  { aws, now }: StatusSources,
  folder: string,
): Promise<CostQuestion> {
  const { resources } = await evaluate(stack.stack, folder);
  let spent: Promise<number | undefined> | undefined;
  return {
    plan: costOf(resources),
    spent: () => {
      spent ??= spentSinceFirst(aws, stack, now());
      return spent;
    },
  };
}

function optionsOf(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      stack: { type: "string", default: "dev" },
      json: { type: "boolean", default: false },
      watch: { type: "string" },
      cost: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  const [name, ...more] = positionals;
  if (more.length > 0) throw new Error("Name one service or job, or none");
  const { watch, ...rest } = values;
  const watchSeconds = watch === undefined ? undefined : Number(watch);
  if (watchSeconds !== undefined && !(watchSeconds >= 1)) {
    throw new Error(`--watch: ${watch} is not allowed; allowed: seconds, 1 or more`);
  }
  return { ...rest, name, watchSeconds };
}
