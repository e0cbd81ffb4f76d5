import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { nodeGroupPlans } from "../../../infra/cluster/node-groups.ts";
import { asleep, awake } from "../../../infra/cluster/sleep.ts";
import type { Terminal } from "../../command-line.ts";
import { projectFolder } from "../../graph/evaluate.ts";
import { PlanError } from "../../graph/plan-error.ts";
import { durationOf } from "../../plan/diff/difference-words.ts";
import { clusterAccess } from "../cluster-access.ts";
import { isReady } from "../cluster-objects.ts";
import { type KubernetesApis, kubernetesApis } from "../kubernetes-apis.ts";
import { type OperatedStack, operatedStack } from "../operated-stack.ts";
import { operatorCommand } from "../operator-command.ts";
import { unanswered } from "../readings.ts";
import { type FoundGroup, type NodeGroups, nodeGroupsOf } from "./node-groups.ts";

const usage = `Wakes a stack that sleeps by nodes.schedule, and waits until its pods are ready; or puts it
to sleep before its time, and waits until its nodes are gone.

usage: npm run wake  -- [--stack NAME] [--minutes N]
       npm run sleep -- [--stack NAME] [--minutes N]

  --stack NAME  the stack of Pulumi.NAME.yaml (default: dev)
  --minutes N   how long it waits (default: 20)
  --help        this text

What it changes holds until the next time of nodes.schedule.

exit code: 0; 1 when nodes or pods are not there, or not gone, in time; 2 when the
command is wrong, or the stack has no nodes.schedule; 3 when AWS or the cluster does not
answer, or refuses
`;

const pollSeconds = 10;

/** Where the command asks, by stack, and its clock; others in tests. */
export interface Surroundings {
  folder?: string;
  connect?: (stack: OperatedStack) => Promise<{
    groups: NodeGroups;
    kubernetes: Pick<KubernetesApis, "core" | "apps">;
  }>;
  /** Seconds. */
  now?: () => number;
  wait?: (seconds: number) => Promise<unknown>;
}

type Connected = Awaited<ReturnType<NonNullable<Surroundings["connect"]>>>;

const connected = async (stack: OperatedStack): Promise<Connected> => ({
  groups: nodeGroupsOf(stack),
  kubernetes: kubernetesApis(await clusterAccess(stack)),
});

/** Runs `wake` or `sleep`. Returns its exit code. */
export function wakeCommand(
  to: "wake" | "sleep",
  args: string[],
  terminal: Terminal,
  {
    folder = projectFolder,
    connect = connected,
    now = () => Date.now() / 1000,
    wait = (seconds) => setTimeout(seconds * 1000),
  }: Surroundings = {},
): Promise<number> {
  return operatorCommand(
    () => optionsOf(args),
    usage,
    terminal,
    async ({ stack: name, minutes }) => {
      const stack = await operatedStack(name, folder);
      if (!stack.config.cluster.nodes.schedule) {
        throw new PlanError(
          `Stack ${name} has no nodes.schedule: an update would not know that its nodes are gone on purpose`,
        );
      }
      const connection = await connect(stack);
      const started = now();
      const say = (what: string) => terminal.out(`${what} after ${durationOf(now() - started)}\n`);
      const until = async (what: string, met: () => Promise<string | undefined>) => {
        for (;;) {
          const missing = await met().catch(unanswered("wake and sleep"));
          if (missing === undefined) {
            say(what);
            return true;
          }
          if (now() - started >= minutes * 60) {
            terminal.err(`${missing} after ${minutes} minutes\n`);
            return false;
          }
          await wait(pollSeconds);
        }
      };
      for (const [what, met] of stepsOf(to, stack, connection)) {
        if (!(await until(what, met))) return 1;
      }
      return 0;
    },
  );
}

/** What is awaited, one after another; each says what is missing, undefined once it is there. */
function stepsOf(
  to: "wake" | "sleep",
  stack: OperatedStack,
  { groups, kubernetes }: Connected,
): [what: string, met: () => Promise<string | undefined>][] {
  const { nodes, zones } = stack.config.cluster;
  const plans = nodeGroupPlans(nodes, zones);
  const sizesOf = ({ key }: FoundGroup) => {
    const plan = plans.find((one) => one.key === key);
    const { MinSize, DesiredSize, MaxSize } = to === "wake" && plan ? awake(plan) : asleep;
    return { minSize: MinSize, desiredSize: DesiredSize, maxSize: MaxSize };
  };
  const fewest = plans.reduce((sum, { minSize }) => sum + minSize, 0);
  const asked: [string, () => Promise<string | undefined>] = [
    `EKS has the sizes of the ${to === "wake" ? "day" : "night"}`,
    async () => {
      const found = await groups.read();
      // A group that the settings do not name stays as it is in the morning.
      const others = found.filter((group) =>
        to === "wake" ? group.asleep && plans.some(({ key }) => key === group.key) : group.awake,
      );
      const taken = await Promise.all(
        others.map((group) => groups.scale(group.name, sizesOf(group))),
      );
      const busy = others.filter((_, at) => !taken[at]).map(({ name }) => name);
      return busy.length > 0 ? `${busy.join(", ")} is being changed by something else` : undefined;
    },
  ];
  const readyNodes = async () => {
    const { items } = await kubernetes.core.listNode();
    return items.filter(isReady).length;
  };
  return to === "wake"
    ? [
        asked,
        [
          `${fewest} nodes are ready`,
          async () => {
            const ready = await readyNodes();
            return ready < fewest ? `${ready} of ${fewest} nodes are ready` : undefined;
          },
        ],
        ["The pods of all services are ready", () => unreadyServices(stack, kubernetes)],
      ]
    : [
        asked,
        [
          "The nodes are gone",
          async () => {
            const left = await readyNodes();
            return left > 0 ? `${left} nodes are still there` : undefined;
          },
        ],
      ];
}

/** The Deployments whose pods are not all available. */
async function unreadyServices(
  { config }: OperatedStack,
  { apps }: Pick<KubernetesApis, "apps">,
): Promise<string | undefined> {
  const lists = await Promise.all(
    Object.keys(config.services.services).map((namespace) =>
      apps.listNamespacedDeployment({ namespace }),
    ),
  );
  const unready = lists
    .flatMap(({ items }) => items)
    .filter(({ spec, status }) => (status?.availableReplicas ?? 0) < (spec?.replicas ?? 1));
  return unready.length > 0
    ? `pods are not ready of ${unready.map(({ metadata }) => metadata?.namespace).join(", ")}`
    : undefined;
}

function optionsOf(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      stack: { type: "string", default: "dev" },
      minutes: { type: "string", default: "20" },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) {
    throw new Error(`--minutes: ${values.minutes} is not allowed; allowed: a number above 0`);
  }
  return { ...values, minutes };
}
