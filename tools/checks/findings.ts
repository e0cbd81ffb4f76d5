import { execFileSync } from "node:child_process";
import type { Refusal } from "./refused.ts";

/** What a tool has against something of ours. */
export interface Finding {
  tool: string;
  rule: string;
  on: string;
  says: string;
}

/** What kube-score has against Kubernetes objects; nothing at all when it is not on PATH. */
export function kubeScore(files: string[], version: string): Finding[] | undefined {
  const args = ["score", "--output-format", "json", "--kubernetes-version", `v${version}`];
  const printed = outputOf("kube-score", [...args, ...files]);
  if (printed === undefined) return undefined;
  const passed = 10;
  type Score = {
    object_name: string;
    checks: {
      check: { id: string };
      grade: number;
      skipped: boolean;
      comments: { summary: string }[] | null;
    }[];
  };
  return (JSON.parse(printed) as Score[]).flatMap(({ object_name, checks }) =>
    checks
      .filter(({ grade, skipped }) => !skipped && grade < passed)
      .map(({ check, comments }) => ({
        tool: "kube-score",
        rule: check.id,
        on: object_name,
        says: comments?.map(({ summary }) => summary).join("; ") ?? "",
      })),
  );
}

/** What checkov has against files of a framework; nothing at all when it is not on PATH. */
export function checkov(framework: string, files: string[]): Finding[] | undefined {
  const args = ["--framework", framework, "--skip-download", "--quiet", "--compact", "-o", "json"];
  const printed = outputOf("checkov", [...args, ...files.flatMap((file) => ["-f", file])]);
  if (printed === undefined) return undefined;
  type Failed = { check_id: string; check_name: string; resource: string };
  const { results, summary } = [JSON.parse(printed)].flat()[0];
  // It says nothing of what it does not understand, and calls that a success.
  if (!summary || summary.parsing_errors > 0 || summary.passed + summary.failed === 0) {
    throw new Error(`checkov understood nothing: ${printed.slice(0, 400)}`);
  }
  return (results.failed_checks as Failed[]).map(({ check_id, check_name, resource }) => ({
    tool: "checkov",
    rule: check_id,
    on: resource,
    says: check_name,
  }));
}

/** Findings that nobody has refused, and refusals of the tools that ran that nothing needs. */
export function verdict(findings: Finding[], tools: string[], refused: Refusal[]) {
  const refuses = ({ tool, rule, on }: Refusal, finding: Finding) =>
    tool === finding.tool && rule === finding.rule && on.test(finding.on);
  return {
    open: findings.filter((finding) => !refused.some((one) => refuses(one, finding))),
    idle: refused.filter(
      (one) => tools.includes(one.tool) && !findings.some((finding) => refuses(one, finding)),
    ),
  };
}

/** What each tool found in one stack; nothing at all of a tool that is not here. */
export type Found = Record<string, Finding[] | undefined>;

/** Prints the verdict on all stacks; its exit code is 1 when something is open or idle. */
export function report(stacks: Found[], refused: Refusal[]): number {
  const tools = Object.keys(stacks[0] ?? {});
  const ran = tools.filter((tool) => stacks.some((found) => found[tool]));
  const findings = stacks.flatMap((found) => Object.values(found).flatMap((some) => some ?? []));
  const { open, idle } = verdict(findings, ran, refused);
  const lines = new Set([
    ...tools.filter((tool) => !ran.includes(tool)).map((tool) => `${tool}: not here, skipped`),
    ...open.map(({ tool, rule, on, says }) => `${tool} ${rule} on ${on}: ${says}`),
    ...idle.map(({ tool, rule }) => `${tool} ${rule}: refused, but not found any more`),
    `${ran.join(", ") || "nothing"} ran: ${findings.length - open.length} findings refused with a reason, ${open.length} open`,
  ]);
  for (const line of lines) console.log(line);
  return open.length + idle.length > 0 ? 1 : 0;
}

/** What a command prints, whatever its exit code says; nothing when there is no such command. */
function outputOf(command: string, args: string[]): string | undefined {
  try {
    return execFileSync(command, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 64e6,
    });
  } catch (error) {
    const { code, status, stdout, stderr } = error as {
      code?: string;
      status?: number;
      stdout?: string;
      stderr?: string;
    };
    if (code === "ENOENT") return undefined;
    if (status === 1 && stdout) return stdout;
    throw new Error(`${command}: ${stderr || error}`);
  }
}
