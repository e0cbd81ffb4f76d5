import { parseArgs } from "node:util";
import type { Terminal } from "../../command-line.ts";
import { projectFolder } from "../../graph/evaluate.ts";
import { wrapped } from "../../plan/text.ts";
import { clusterAccess } from "../cluster-access.ts";
import { operatedStack } from "../operated-stack.ts";
import { operatorCommand } from "../operator-command.ts";
import { type Page, showPage } from "../page.ts";
import { type Diagnosis, diagnose, isAsleepNow } from "./diagnose.ts";
import { readSnapshot, sourcesOf } from "./read.ts";
import { awsClients } from "./read-aws.ts";
import type { Snapshot, Unread } from "./snapshot.ts";

const usage = `Says what is wrong with a stack: the cause, what says so, and what to do.

usage: npm run doctor -- [--stack NAME] [--json]

  --stack NAME  the stack of Pulumi.NAME.yaml (default: dev)
  --json        the same as data
  --help        this text

It reads the cluster, AWS, DNS and Pulumi's state, and writes nothing. What it cannot
read it names, and checks the rest. docs/operate.md has its checks and its rights.

exit code: 0 when nothing is wrong; 1 when something is; 2 when the command is wrong; 3
when nothing is wrong in what could be read, and AWS or the cluster did not answer all
`;

/** What `--json` prints. */
export interface Diagnoses {
  findings: Diagnosis[];
  unread: Unread[];
}

/** Runs the command. Returns its exit code. @param folder the project, another one in tests */
export function doctorCommand(
  args: string[],
  terminal: Terminal,
  folder = projectFolder,
): Promise<number> {
  return operatorCommand(
    () => optionsOf(args),
    usage,
    terminal,
    async (options) => {
      const stack = await operatedStack(options.stack, folder);
      const sources = sourcesOf(stack, {
        clients: awsClients(stack.region),
        kubeConfig: () => clusterAccess(stack),
        cwd: folder,
      });
      let missing = false;
      const code = await showPage(
        async () => {
          const snapshot = await readSnapshot(stack, sources);
          missing = snapshot.unread.some(({ optional }) => !optional);
          return pageOf(snapshot);
        },
        terminal,
        { json: options.json },
      );
      return code === 0 && missing ? 3 : code;
    },
  );
}

export function pageOf(snapshot: Snapshot): Page<Diagnoses> {
  const findings = diagnose(snapshot);
  const { unread, stack, clusterName } = snapshot;
  const found = findings.map(({ objects, cause, evidence, remedy }, at) => {
    const [first = "", ...more] = objects;
    return {
      title: `${at + 1}. ${first}${more.length > 0 ? ` and ${more.length} more` : ""}`,
      lines: [
        ...wrapped(cause, "  cause:    "),
        ...wrapped(evidence, "  evidence: "),
        ...wrapped(remedy, "  remedy:   "),
        ...(more.length > 0 ? wrapped(more.join(", "), "  also:     ") : []),
      ],
    };
  });
  const well = [
    `  Nothing is wrong${unread.length > 0 ? " in what could be read" : ""}.`,
    ...(isAsleepNow(snapshot)
      ? [`  It sleeps by nodes.schedule, and has no nodes: npm run wake -- --stack ${stack}`]
      : []),
  ];
  return {
    sections: [
      ...(found.length > 0
        ? found
        : [{ title: `Stack ${stack}, cluster ${clusterName}`, lines: well }]),
      ...(unread.length > 0 ? [{ title: "Not read", lines: unreadLines(unread) }] : []),
    ],
    data: { findings, unread },
    broken: findings.length > 0,
  };
}

/** One line a reason: an API that does not answer says the same of all that was asked. */
function unreadLines(unread: Unread[]): string[] {
  const byReason = new Map(unread.map(({ why }) => [why, unread.filter((one) => one.why === why)]));
  return [...byReason].map(
    ([why, of]) =>
      `  ${of
        .map(({ what }) => what)
        .sort()
        .join(", ")}: ${why}`,
  );
}

function optionsOf(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      stack: { type: "string", default: "dev" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  return values;
}
