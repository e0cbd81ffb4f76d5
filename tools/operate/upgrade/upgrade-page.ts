import { durationOf } from "../../plan/diff/difference-words.ts";
import { width } from "../../plan/text.ts";
import type { Page } from "../page.ts";
import type { Unanswered } from "./cluster-state.ts";
import type { Finding } from "./finding.ts";
import type { Step } from "./upgrade-steps.ts";

/** All that is known of an upgrade. */
export interface Upgrade {
  stack: string;
  cluster: string;
  from: string;
  /** `null`: EKS offers none after `from`. */
  to: string | null;
  blocked: boolean;
  findings: Finding[];
  steps: Step[];
  wayBack: { lines: string[]; commands: string[] };
  /** Lines of `Pulumi.<stack>.yaml`. */
  settings: string[];
  commands: string[];
  unanswered: Unanswered[];
}

const marks = { blocks: "BLOCKS", look: "LOOK", fine: "fine" };

export function pageOf(upgrade: Upgrade): Page<Upgrade> {
  const { stack, cluster, from, to, blocked, findings, steps, wayBack, settings } = upgrade;
  const title = `${stack}: cluster ${cluster}, Kubernetes ${from}`;
  const unanswered = {
    title: "Not answered",
    lines: upgrade.unanswered.map(({ asked, why }) => `  ${asked}: ${why}`),
  };
  const checks = { title: "What it meets", lines: findings.flatMap(linesOf) };
  if (to === null) {
    const lines = [`  EKS offers no version after ${from}: there is nothing to do`];
    return shown([{ title, lines }, checks, unanswered]);
  }
  const blocking = findings.filter(({ level }) => level === "blocks").length;
  const total = steps.reduce((sum, { seconds }) => sum + seconds, 0);
  return shown([
    {
      title: `${title} to ${to}`,
      lines: [
        blocked
          ? `  ${blocking === 1 ? "1 thing blocks" : `${blocking} things block`} it`
          : "  nothing blocks it",
      ],
    },
    checks,
    {
      title: `In this order, about ${durationOf(total)} together`,
      lines: steps.map(
        ({ what, seconds }, at) => `  ${at + 1}. ${what}, about ${durationOf(seconds)}`,
      ),
    },
    {
      title: "What can be taken back",
      lines: [...wayBack.lines.map((line) => `  ${line}`), ...wayBack.commands.flatMap(typed)],
    },
    {
      title: `Settings to change in Pulumi.${stack}.yaml`,
      lines: settings.length > 0 ? settings : [`  none: they ask for ${to} already`],
    },
    {
      title: blocked ? "Commands, once nothing blocks" : "Commands",
      lines: upgrade.commands.flatMap(typed),
    },
    unanswered,
  ]);

  function shown(sections: Page<Upgrade>["sections"]): Page<Upgrade> {
    return {
      sections: sections.filter((one) => one !== unanswered || one.lines.length > 0),
      data: upgrade,
      broken: blocked,
    };
  }
}

/** A command in lines of the page's width, as a shell takes them. */
function typed(command: string): string[] {
  const lines: string[] = [];
  for (const part of command.split(/ (?=--)/)) {
    const glued = `${lines.at(-1)} ${part}`;
    if (lines.length > 0 && glued.length <= width - 2) lines[lines.length - 1] = glued;
    else lines.push(`${lines.length > 0 ? "    " : "  "}${part}`);
  }
  return lines.map((line, at) => (at < lines.length - 1 ? `${line} \\` : line));
}

function linesOf({ level, topic, words, remedy }: Finding): string[] {
  return [`  ${marks[level]} ${topic}: ${words}`, ...(remedy ? [`      ${remedy}`] : [])];
}
