import { parseArgs } from "node:util";
import type { KubeConfig } from "@kubernetes/client-node";
import type { Terminal } from "../../command-line.ts";
import { evaluate, projectFolder } from "../../graph/evaluate.ts";
import { manifestsOf } from "../../graph/manifests.ts";
import { clusterAccess } from "../cluster-access.ts";
import { type OperatedStack, operatedStack } from "../operated-stack.ts";
import { operatorCommand } from "../operator-command.ts";
import { showPage } from "../page.ts";
import { addonFindings, budgetFindings, nodeFindings, roomFindings } from "./cluster-checks.ts";
import { awsStateOf, lifecycleOf, objectsOf, Questions } from "./cluster-state.ts";
import { pageOf, type Upgrade } from "./upgrade-page.ts";
import { rehearsalFindings } from "./upgrade-rehearsal.ts";
import { commandsOf, settingsOf, stepsOf } from "./upgrade-steps.ts";
import { targetOf } from "./upgrade-target.ts";
import {
  apiFindings,
  chartFindings,
  insightFindings,
  programFindings,
  supportFindings,
} from "./version-checks.ts";
import { wayBack } from "./way-back.ts";

const usage = `Says what the next Kubernetes version needs of a stack: what blocks it, the order,
the time, the way back, the settings to change. It reads, and changes nothing.

usage: npm run upgrade -- [--stack NAME] [--to VERSION] [--rehearse] [--json]

  --stack NAME  the stack of Pulumi.NAME.yaml (default: dev)
  --to VERSION  the next minor version, such as 1.37 (default: that one)
  --rehearse    also plays it with the real engine on the simulated cloud
  --json        one JSON document instead of the page
  --help        this text

exit code: 0; 1 when something blocks the upgrade, or its rehearsal fails; 2 when the
command is wrong, or the cluster cannot be moved to the version; 3 when nothing blocks
it, but AWS, the cluster or the rehearsal did not answer everything
`;

/** What tests give: another project, another way to the Kubernetes API, another day. */
interface Surroundings {
  folder?: string;
  access?: (stack: OperatedStack) => Promise<KubeConfig>;
  now?: Date;
}

/** Runs the command. Returns its exit code. */
export function upgradeCommand(
  args: string[],
  terminal: Terminal,
  { folder = projectFolder, access = clusterAccess, now = new Date() }: Surroundings = {},
): Promise<number> {
  return operatorCommand(
    () => optionsOf(args),
    usage,
    terminal,
    async (options) => {
      const upgrade = await upgradeOf(options, { folder, access, now });
      const code = await showPage(async () => pageOf(upgrade), terminal, options);
      return code === 0 && upgrade.unanswered.length > 0 ? 3 : code;
    },
  );
}

async function upgradeOf(
  { stack: name, to: asked, rehearse }: { stack: string; to?: string; rehearse: boolean },
  { folder, access, now }: Required<Surroundings>,
): Promise<Upgrade> {
  const stack = await operatedStack(name, folder);
  const { resources } = await evaluate(name, folder);
  const { config } = stack;
  const questions = new Questions();
  const { cluster, versions } = await lifecycleOf(stack, questions);
  const from = cluster?.version ?? config.cluster.kubernetesVersion;
  const to = targetOf(from, asked, versions);
  const support = supportFindings(from, to, cluster, versions, now);
  const known = { stack: name, cluster: stack.clusterName, from };
  if (to === undefined) {
    const nothing = { steps: [], wayBack: { lines: [], commands: [] }, settings: [], commands: [] };
    const { unanswered } = questions;
    return { ...known, ...nothing, to: null, blocked: false, findings: support, unanswered };
  }
  const aws = await awsStateOf(stack, cluster, to, questions);
  const objects = await objectsOf(() => access(stack), questions);
  const releases = resources.filter(({ type }) => type === "kubernetes:helm.sh/v3:Release");
  const charts = releases.map(({ inputs }) => inputs.chart);
  const back = wayBack(stack, aws, versions, { from, to, now });
  const findings = [
    ...support,
    ...programFindings(to),
    ...(aws.insights ? insightFindings(aws.insights, to) : []),
    ...apiFindings(manifestsOf(resources), charts, to),
    ...addonFindings(aws, config.cluster.addonVersions, to),
    ...chartFindings(releases, to),
    ...nodeFindings(aws, objects.nodes, config.cluster.nodes, from, to),
    ...budgetFindings(objects),
    ...roomFindings(aws, objects, config.network.zones.length),
    ...back.findings,
    ...(rehearse ? await rehearsalFindings(name, to, questions) : []),
  ];
  return {
    ...known,
    to,
    blocked: findings.some(({ level }) => level === "blocks"),
    findings: findings.toSorted((a, b) => order.indexOf(a.level) - order.indexOf(b.level)),
    steps: stepsOf(resources, aws, stack, to),
    wayBack: { lines: back.lines, commands: back.commands },
    settings: settingsOf(stack, aws, to),
    commands: commandsOf(stack),
    unanswered: questions.unanswered,
  };
}

const order = ["blocks", "look", "fine"];

function optionsOf(args: string[]) {
  return parseArgs({
    args,
    options: {
      stack: { type: "string", default: "dev" },
      to: { type: "string" },
      rehearse: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  }).values;
}
