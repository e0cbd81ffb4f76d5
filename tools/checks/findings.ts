import { execFileSync } from "node:child_process";
import type { Suppression } from "./suppressions.ts";

/** A rule of a tool that an object or a resource breaks. */
export interface Finding {
  tool: string;
  rule: string;
  /** The address of the resource. */
  on: string;
  says: string;
}

/** The findings of kube-score in Kubernetes objects. Returns undefined if it is not on PATH. */
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

/**
 * The findings of checkov in files of a framework. Returns undefined if it is not on PATH.
 *
 * @throws {Error} if checkov checks nothing: it reports a file that it cannot parse as a success
 */
export function checkov(framework: string, files: string[]): Finding[] | undefined {
  const args = ["--framework", framework, "--skip-download", "--quiet", "--compact", "-o", "json"];
  const printed = outputOf("checkov", [...args, ...files.flatMap((file) => ["-f", file])]);
  if (printed === undefined) return undefined;
  type Failed = { check_id: string; check_name: string; resource: string };
  const { results, summary } = [JSON.parse(printed)].flat()[0];
  if (!summary || summary.parsing_errors > 0 || summary.passed + summary.failed === 0) {
    throw new Error(`checkov checked nothing: ${printed.slice(0, 400)}`);
  }
  return (results.failed_checks as Failed[]).map(({ check_id, check_name, resource }) => ({
    tool: "checkov",
    rule: check_id,
    on: resource,
    says: check_name,
  }));
}

/** The findings without a suppression, and the suppressions without a finding of `tools`, which ran. */
export function applySuppressions(
  findings: Finding[],
  tools: string[],
  suppressions: Suppression[],
) {
  const suppresses = ({ tool, rule, on }: Suppression, finding: Finding) =>
    tool === finding.tool && rule === finding.rule && on.test(finding.on);
  return {
    open: findings.filter((finding) => !suppressions.some((one) => suppresses(one, finding))),
    unused: suppressions.filter(
      (one) => tools.includes(one.tool) && !findings.some((finding) => suppresses(one, finding)),
    ),
  };
}

/** The findings in one stack by tool; undefined for a tool that did not run. */
export type Found = Record<string, Finding[] | undefined>;

/** Prints open findings and unused suppressions of all stacks. Returns the exit code: 1 if there are any. */
export function report(stacks: Found[], suppressions: Suppression[]): number {
  const tools = Object.keys(stacks[0] ?? {});
  const ran = tools.filter((tool) => stacks.some((found) => found[tool]));
  const findings = stacks.flatMap((found) => Object.values(found).flatMap((some) => some ?? []));
  const { open, unused } = applySuppressions(findings, ran, suppressions);
  const lines = new Set([
    ...tools.filter((tool) => !ran.includes(tool)).map((tool) => `${tool}: skipped, not installed`),
    ...open.map(({ tool, rule, on, says }) => `${tool} ${rule} on ${on}: ${says}`),
    ...unused.map(({ tool, rule }) => `${tool} ${rule}: suppressed, but not found`),
    `${ran.join(", ") || "nothing"} ran: ${findings.length - open.length} findings suppressed with a reason, ${open.length} open`,
  ]);
  for (const line of lines) console.log(line);
  return open.length + unused.length > 0 ? 1 : 0;
}

/**
 * The output of a command that ends with code 0 or 1. Returns undefined if it is not on PATH.
 *
 * @throws {Error} with its standard error if it ends otherwise
 */
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
