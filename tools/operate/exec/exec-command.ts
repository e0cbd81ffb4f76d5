import { parseArgs } from "node:util";
import type { KubeConfig, V1Pod } from "@kubernetes/client-node";
import type { Terminal } from "../../command-line.ts";
import { projectFolder } from "../../graph/evaluate.ts";
import { PlanError } from "../../graph/plan-error.ts";
import { clusterAccess, NoAnswer } from "../cluster-access.ts";
import { type KubernetesApis, kubernetesApis } from "../kubernetes-apis.ts";
import { type OperatedStack, operatedStack, requireWorkload } from "../operated-stack.ts";
import { operatorCommand } from "../operator-command.ts";
import { statusMessage } from "../readings.ts";
import { chosenContainer, chosenPod, podNameOf } from "./chosen-container.ts";
import { debugImage, startedDebugContainer } from "./debug-container.ts";
import { EntryRefused, NoProgram, runIn, type Streams } from "./session.ts";

const usage = `Runs a command in a container of a service or a job, or a shell.

usage: npm run exec -- [--stack NAME] [options] <service or job> [-- command ...]

  --stack NAME      the stack of Pulumi.NAME.yaml (default: dev)
  --pod NAME        this pod (default: a ready one of the newest ReplicaSet; of a job
                    the newest run)
  --container NAME  this container (default: that of the service or job itself)
  --debug           beside the container, in one of the image cluster.debugImage: for
                    images without a shell. Its files are in /proc/1/root
  --help            this text

Without a command it runs sh. stdin goes to the command. Who may: cluster.debug of the
stack; where that is empty, nobody in production, elsewhere admins and deployers. The
audit log of the cluster has who entered, and with which command.

exit code: 0 when the command in the container ended with 0, else its code; 2 when this
command is wrong or cluster.debug lets nobody in; 3 when AWS or the cluster does not
answer or refuses, no pod is ready, or the container has no such program
`;

/** Where the command works; others in tests. */
type Connect = (stack: OperatedStack) => Promise<KubeConfig>;

/** Runs the command. Returns its exit code. @param folder the project, another one in tests */
export function execCommand(
  args: string[],
  terminal: Terminal,
  folder = projectFolder,
  connect: Connect = clusterAccess,
  streams: Streams = process,
): Promise<number> {
  return operatorCommand(
    () => optionsOf(args),
    usage,
    terminal,
    async (options) => {
      const stack = await operatedStack(options.stack, folder);
      requireWorkload(stack, options.name);
      requireDebuggers(stack, options);
      return enter(options, stack, await connect(stack), terminal, streams);
    },
  );
}

type Options = ReturnType<typeof optionsOf>;

/** @throws {PlanError} if the API server would let nobody in, or there is no image to debug with */
function requireDebuggers({ stack, config }: OperatedStack, { debug }: Options): void {
  const { debuggers } = config.services.admission;
  const set = `cluster.debug of Pulumi.${stack}.yaml to those who may, then npm run up`;
  if (debuggers?.length === 0) {
    throw new PlanError(`In production nobody may enter containers. Set ${set}`);
  }
  if (debug && debuggers === undefined) {
    throw new PlanError(`--debug: the stack has no debug image. Set ${set}`);
  }
}

async function enter(
  { name, pod: podName, container, debug, command }: Options,
  stack: OperatedStack,
  kubeConfig: KubeConfig,
  { err }: Terminal,
  streams: Streams,
): Promise<number> {
  const apis = kubernetesApis(kubeConfig);
  const kind = Object.hasOwn(stack.config.services.jobs, name) ? "job" : "service";
  const pod = await chosenPod(apis, { name, kind, pod: podName });
  const target = chosenContainer(pod, container ?? name).name;
  try {
    const entered = debug ? await debugging(apis, pod, target) : target;
    err(`${podNameOf(pod)}, container ${entered}\n`);
    if (entered !== target) err(`The files of ${target} are in /proc/1/root\n`);
    const place = { namespace: name, pod: podNameOf(pod), container: entered };
    return await runIn(kubeConfig, place, command ?? ["sh"], streams);
  } catch (error) {
    throw explained(error, { name, target, debug, command });
  }
}

async function debugging(apis: KubernetesApis, pod: V1Pod, target: string): Promise<string> {
  const image = await debugImage(apis, pod.metadata?.namespace ?? "");
  return startedDebugContainer(apis, pod, target, image);
}

/** What to do about it, in words. */
function explained(
  error: unknown,
  {
    name,
    target,
    debug,
    command,
  }: Pick<Options, "name" | "debug" | "command"> & { target: string },
): unknown {
  if (error instanceof NoProgram) {
    const shell = command === undefined && !debug;
    const remedy = shell
      ? `; --debug brings one: npm run exec -- --debug ${name}`
      : `: ${error.message}`;
    return new NoAnswer(`The container ${target} has no ${command?.[0] ?? "sh"}${remedy}`);
  }
  const { code, body } = error as { code?: unknown; body?: unknown };
  const words = error instanceof EntryRefused ? error.message : statusMessage(body);
  if (words === undefined) return error;
  if (error instanceof EntryRefused || code === 401 || code === 403) {
    return new NoAnswer(`The cluster refuses: ${words}\n${remedyOf(words)}`);
  }
  return new NoAnswer(`The debug container is not made: ${words}`);
}

/** The admission policy of infra/services/debugging.ts refuses by its own words, RBAC by Kubernetes'. */
const remedyOf = (words: string): string =>
  words.includes("cluster.debug")
    ? "To be let in: a principal of cluster.debug, then npm run up"
    : "To have the right: a principal of cluster.admins, cluster.deployers or cluster.debug, then npm run up";

function optionsOf(all: string[]) {
  const end = all.indexOf("--");
  const [args, command] = end < 0 ? [all, undefined] : [all.slice(0, end), all.slice(end + 1)];
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      stack: { type: "string", default: "dev" },
      pod: { type: "string" },
      container: { type: "string" },
      debug: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  const [name = "", ...more] = positionals;
  if (!values.help && (name === "" || more.length > 0)) {
    throw new Error("Name one service or job; a command stands after --");
  }
  if (command?.length === 0) throw new Error("After -- stands a command");
  return { ...values, name, command };
}
