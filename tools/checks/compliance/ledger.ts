import { existsSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { rules } from "../../../policy/rules.ts";
import { titleProblem } from "./titles.ts";

/**
 * A control of a checklist, in our words. Either the program keeps it, at a place and held by tests
 * or policy rules, or something is written against that; both where it is kept in part.
 */
const control = z.strictObject({
  id: z.string(),
  asks: z.string(),
  /** `<file>: <words that stand in it>`. No number of a line, which each edit above would move. */
  place: z.string().optional(),
  /** `<file under test>: <title>` */
  tests: z.array(z.string()).default([]),
  /** Names of policy rules, each of which is a test and is judged again in every preview. */
  rules: z.array(z.string()).default([]),
  /** What AWS answers for. */
  aws: z.string().optional(),
  /** What only AWS, an account or a running cluster can tell. */
  later: z.string().optional(),
  /** What is not done, and why. */
  not: z.string().optional(),
});
const checklist = z.strictObject({
  name: z.string(),
  source: z.url(),
  chapters: z.record(z.string(), z.array(control)),
});

export type Control = z.infer<typeof control>;
export type Checklist = z.infer<typeof checklist>;

const root = new URL("../../../", import.meta.url);

/** The checklists that the platform is held against. */
export const checklists = (): Checklist[] =>
  ["cis-eks-1.8", "hardeneks", "eks-best-practices"].map((name) =>
    checklist.parse(parse(readFileSync(new URL(`${name}.yaml`, import.meta.url), "utf8"))),
  );

export const controlsOf = ({ chapters }: Checklist): Control[] => Object.values(chapters).flat();

/** What is wrong with the checklists: above all a place, a test or a rule that is no longer there. */
function ledgerProblems(all: Checklist[]): string[] {
  return all.flatMap((one) =>
    controlsOf(one).flatMap((each) => problemsOf(each).map((text) => `${each.id}: ${text}`)),
  );
}

function problemsOf({ place, tests, rules: names, ...control }: Control): string[] {
  const kept = tests.length + names.length > 0;
  return [
    !kept && exceptionsOf(control).length === 0 && "has neither a test nor an exception",
    kept !== (place !== undefined) && "has a place without a test, or a test without a place",
    place !== undefined && placeProblem(...split(place)),
    ...tests.map((test) => titleProblem(...testOf(test))),
    ...names.map((name) => !rules.some((rule) => rule.name === name) && `no policy rule ${name}`),
  ].filter((problem) => typeof problem === "string");
}

function placeProblem(file: string, words: string): string | undefined {
  const url = new URL(file, root);
  return existsSync(url) && readFileSync(url, "utf8").includes(words)
    ? undefined
    : `${file} has no ${words}`;
}

function split(text: string): [string, string] {
  const at = text.indexOf(": ");
  return [text.slice(0, at), text.slice(at + 2)];
}

function testOf(text: string): [file: string, title: string] {
  const [file, title] = split(text);
  return [`test/${file}.test.ts`, title];
}

function exceptionsOf({ aws, later, not }: Pick<Control, "aws" | "later" | "not">): string[] {
  return Object.entries({ "AWS's": aws, "known later": later, "not done": not }).flatMap(
    ([kind, reason]) => (reason ? [`*${kind}:* ${reason}`] : []),
  );
}

/** docs/compliance.md; throws when the checklists are not in order. */
export function ledgerMarkdown(all: Checklist[]): string {
  const problems = ledgerProblems(all);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return [preamble, summary(all), ...all.map(section)].join("\n\n").concat("\n");
}

const preamble = `# Compliance

Each control, where the program keeps it and what fails when it no longer does, or why it does not.
Written by \`npm run docs\` from \`compliance/*.yaml\`, which fails when a place, a test or a policy rule that is
named there is gone. The wording of the controls is ours; their own is at the source.

What cannot be known before AWS answers: nothing here has been run on an account. Tests judge what the
program asks for, the policy pack what the engine is about to make. Neither sees what a node's image or an
add-on brings along, what is switched on in the account around the stack, or what others change in the
cluster. Such controls say *known later*; \`kube-bench\` and \`hardeneks\` on a running cluster decide them.`;

function summary(all: Checklist[]): string {
  const rows = all.map((one) => {
    const controls = controlsOf(one);
    const kept = controls.filter(({ place }) => place);
    const whole = kept.filter((each) => exceptionsOf(each).length === 0).length;
    const counts = [whole, kept.length - whole, controls.length - kept.length, controls.length];
    return `| [${one.name}](${one.source}) | ${counts.join(" | ")} |`;
  });
  return [
    "| | kept | as far as the program decides | not, with reason | all |",
    "| --- | --- | --- | --- | --- |",
  ]
    .concat(rows)
    .join("\n");
}

function section(one: Checklist): string {
  const chapters = Object.entries(one.chapters).map(([title, controls]) =>
    [
      `### ${title}\n`,
      "| control | asks | place | held by, or why not |",
      "| --- | --- | --- | --- |",
      ...controls.map(row),
    ].join("\n"),
  );
  return [`## ${one.name}`, ...chapters].join("\n\n");
}

function row({ id, asks, place, tests, rules: names, ...control }: Control): string {
  const [file, words = ""] = place ? split(place) : [];
  const held = [
    ...tests.map(testOf).map(([path, title]) => `[${title}](../${path})`),
    ...names.map((name) => `policy [${name}](../policy/rules.ts)`),
    ...exceptionsOf(control),
  ];
  const at = file ? `[${file}](../${file}) ${quoted(words)}` : "";
  return `| ${[id, asks, at, held.join("<br>")].map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

const quoted = (words: string) => (words.includes("`") ? `\`\` ${words} \`\`` : `\`${words}\``);
