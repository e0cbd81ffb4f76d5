import { existsSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { rules } from "../../../policy/rules.ts";
import { titleProblem } from "./titles.ts";

/**
 * A control of a checklist, in the words of this project. The program keeps it at a place, and tests or policy
 * rules check that; or an exception says why not. A control that is kept in part has both.
 */
const control = z.strictObject({
  id: z.string(),
  requirement: z.string(),
  /** `<file>: <words of the file>`. A line number would change with each edit above it. */
  place: z.string().optional(),
  /** `<file under test>: <title>` */
  tests: z.array(z.string()).default([]),
  /** Names of policy rules. Each preview checks them. */
  rules: z.array(z.string()).default([]),
  /** The part that AWS is responsible for. */
  aws: z.string().optional(),
  /** The part that needs an account or a running cluster. */
  knownLater: z.string().optional(),
  /** The part that is not done, with the reason. */
  notDone: z.string().optional(),
});
const checklist = z.strictObject({
  name: z.string(),
  source: z.url(),
  chapters: z.record(z.string(), z.array(control)),
});

export type Control = z.infer<typeof control>;
export type Checklist = z.infer<typeof checklist>;

const root = new URL("../../../", import.meta.url);

/** The checklists of docs/compliance.md. */
export const checklists = (): Checklist[] =>
  ["cis-eks-1.8", "hardeneks", "eks-best-practices"].map((name) =>
    checklist.parse(parse(readFileSync(new URL(`${name}.yaml`, import.meta.url), "utf8"))),
  );

export const controlsOf = ({ chapters }: Checklist): Control[] => Object.values(chapters).flat();

/** The errors of the checklists, such as a place, a test or a rule that does not exist. */
function checklistProblems(all: Checklist[]): string[] {
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

function exceptionsOf({
  aws,
  knownLater,
  notDone,
}: Pick<Control, "aws" | "knownLater" | "notDone">): string[] {
  return Object.entries({ "AWS's": aws, "known later": knownLater, "not done": notDone }).flatMap(
    ([kind, reason]) => (reason ? [`*${kind}:* ${reason}`] : []),
  );
}

/**
 * The text of docs/compliance.md.
 *
 * @throws {Error} with every error of the checklists
 */
export function complianceMarkdown(all: Checklist[]): string {
  const problems = checklistProblems(all);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return [preamble, summary(all), ...all.map(section)].join("\n\n").concat("\n");
}

const preamble = `# Compliance

Each control has the place where the program keeps it and the tests that check it, or the reason why not.
\`npm run docs\` writes this page from \`tools/checks/compliance/*.yaml\`. It fails if a place, a test or a policy
rule does not exist. The controls are in the words of this project; the sources have the original ones.

Nothing here has run on an AWS account. Tests check the requests of the program; the policy pack checks the
requests of the engine. Neither checks the images of nodes, the contents of add-ons, the settings of the
account, or other changes in the cluster. Those controls say *known later*; run \`kube-bench\` and
\`hardeneks\` on a cluster to check them.`;

function summary(all: Checklist[]): string {
  const rows = all.map((one) => {
    const controls = controlsOf(one);
    const kept = controls.filter(({ place }) => place);
    const whole = kept.filter((each) => exceptionsOf(each).length === 0).length;
    const counts = [whole, kept.length - whole, controls.length - kept.length, controls.length];
    return `| [${one.name}](${one.source}) | ${counts.join(" | ")} |`;
  });
  return [
    "| | kept | kept in part | not kept, with reason | all |",
    "| --- | --- | --- | --- | --- |",
  ]
    .concat(rows)
    .join("\n");
}

function section(one: Checklist): string {
  const chapters = Object.entries(one.chapters).map(([title, controls]) =>
    [
      `### ${title}\n`,
      "| control | requirement | place | tests, policy rules, exceptions |",
      "| --- | --- | --- | --- |",
      ...controls.map(row),
    ].join("\n"),
  );
  return [`## ${one.name}`, ...chapters].join("\n\n");
}

function row({ id, requirement, place, tests, rules: names, ...control }: Control): string {
  const [file, words = ""] = place ? split(place) : [];
  const held = [
    ...tests.map(testOf).map(([path, title]) => `[${title}](../${path})`),
    ...names.map((name) => `policy [${name}](../policy/rules.ts)`),
    ...exceptionsOf(control),
  ];
  const at = file ? `[${file}](../${file}) ${quoted(words)}` : "";
  return `| ${[id, requirement, at, held.join("<br>")].map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

const quoted = (words: string) => (words.includes("`") ? `\`\` ${words} \`\`` : `\`${words}\``);
