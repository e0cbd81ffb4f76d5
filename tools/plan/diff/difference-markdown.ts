import type { Difference } from "./difference-model.ts";
import { type Block, type Item, sectionsOf } from "./difference-sections.ts";
import { costLine, countsLine, deployLine, isEmpty, shownValue } from "./difference-words.ts";

/** Max. reasons in a comment; it counts the others. */
const shown = 8;
/** The limit of GitHub is 65,536 characters. */
const limit = 60_000;

/** The difference as a comment, with folded details. */
export function differenceMarkdown(difference: Difference, accepted?: string): string {
  const { stack, from, to, notes, risk, risks } = difference;
  const heading = `### Stack \`${stack}\`: ${isEmpty(difference) ? "nothing changes" : `risk ${risk}`}`;
  const remarks = [`From ${from} to ${to}. ${notes.join(". ")}`.trim()];
  if (isEmpty(difference)) return [heading, "", ...remarks, ""].join("\n");
  const text = [
    heading,
    "",
    ...risks.slice(0, shown).map(({ level, reason }) => `- **${level}**: ${escaped(reason)}`),
    ...(risks.length > shown ? [`- and ${risks.length - shown} more`] : []),
    ...(risks.length > 0 ? [""] : []),
    ...(accepted && difference.risk === "red" ? [`Accepted: ${escaped(accepted)}`, ""] : []),
    "| | |",
    "| --- | --- |",
    `| resources | ${countsLine(difference)} |`,
    `| cost at rest | ${escaped(costLine(difference))} |`,
    `| time to deploy | ${escaped(deployLine(difference))} |`,
    "",
    ...sectionsOf(difference).flatMap(({ title, items, blocks }) =>
      folded(title, [...items.flatMap(listItems), ...fenced(blocks)]),
    ),
    ...remarks,
    "",
  ].join("\n");
  return text.length <= limit ? text : shortened(text);
}

function folded(title: string, lines: string[]): string[] {
  return [`<details><summary>${title}</summary>`, "", ...lines, "", "</details>", ""];
}

function fenced(blocks: Block[]): string[] {
  if (blocks.length === 0) return [];
  const lines = blocks.flatMap(({ name, lines }) => [`@@ ${name} @@`, ...lines]);
  // A fence inside a manifest must not end this block.
  return ["````diff", ...lines.map((line) => line.replaceAll("````", "'''")), "````"];
}

function listItems({ label, because, changes = [], followers }: Item): string[] {
  return [
    because ? `- **${escaped(label)}**: ${escaped(because)}` : `- ${escaped(label)}`,
    ...changes.map(({ path, from, to, follows }) =>
      follows
        ? `  - ${code(path)} follows from ${escaped(follows)}`
        : `  - ${code(path)}: ${code(from)} → ${code(to)}`,
    ),
    ...(followers ? [`  - replaces in turn ${escaped(followers)}`] : []),
  ];
}

const code = (value: unknown) => {
  const text = shownValue(value).replaceAll("`", "'");
  return `\`${text.length > 200 ? `${text.slice(0, 199)}…` : text}\``;
};

/** Values of a fork's pull request are text, not markup: no mention, no link, no tag. */
const escaped = (text: string) =>
  text.replaceAll(/[\\`*_[\]<>|#]/g, "\\$&").replaceAll("@", "@\u200b");

function shortened(text: string): string {
  const cut = text.slice(0, limit);
  const inFence = (cut.match(/````/g)?.length ?? 0) % 2 === 1;
  const open = cut.split("<details>").length - cut.split("</details>").length;
  return [
    cut.slice(0, cut.lastIndexOf("\n")),
    ...(inFence ? ["````"] : []),
    ...Array<string>(open).fill("\n</details>"),
    "",
    "The rest is left out: run `npm run plan -- --against` for the whole.",
    "",
  ].join("\n");
}
