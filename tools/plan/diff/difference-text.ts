import { broken, fitted, type Style, section, width, wrapped } from "../text.ts";
import type { Difference, PropertyChange } from "./difference-model.ts";
import { type Item, sectionsOf } from "./difference-sections.ts";
import { costLine, countsLine, deployLine, isEmpty, shownValue } from "./difference-words.ts";

/** The difference as text, in lines of max. 80 characters. */
export function differenceText(difference: Difference, style: Style): string {
  const { stack, from, to, notes, risk, risks } = difference;
  const color = { green: "green", amber: "yellow", red: "red" } as const;
  const title = wrapped(`Stack ${stack}: from ${from} to ${to}`, "");
  const remarks = notes.flatMap((note) => wrapped(note, "note: "));
  if (isEmpty(difference)) {
    return [...title, ...remarks, "", style("green", "Nothing changes."), ""].join("\n");
  }
  return [
    ...title,
    ...remarks,
    "",
    ...wrapped(countsLine(difference), "Changes  "),
    ...wrapped(costLine(difference), "Cost     "),
    ...wrapped(deployLine(difference), "Deploy   "),
    style(color[risk], `Risk     ${risk}`),
    ...risks.flatMap(({ level, reason }) =>
      wrapped(reason, `  ${level.padEnd(5)}  `).map((line) => style(color[level], line)),
    ),
    ...sectionsOf(difference).flatMap(({ title, items, blocks }) =>
      section(style, title, [
        ...items.flatMap(itemLines),
        ...blocks.flatMap(({ name, lines }) => [
          fitted(`  ${name}`, width),
          ...lines.flatMap((line) => diffLines(line, style)),
        ]),
      ]),
    ),
    "",
  ].join("\n");
}

function itemLines({ sign, label, because, changes = [], followers }: Item): string[] {
  return [
    fitted(`  ${sign} ${label}`, width),
    ...(because ? wrapped(because, "      ") : []),
    ...changes.flatMap(propertyLines),
    ...(followers ? wrapped(followers, "      replaces in turn ") : []),
  ];
}

function propertyLines({ path, from, to, follows }: PropertyChange): string[] {
  if (follows) return wrapped(`follows from ${follows}`, `      ${fitted(path, 50)} `);
  const [old, now] = [shownValue(from), shownValue(to)];
  const line = `      ${path}: ${old} -> ${now}`;
  if (line.length <= width) return [line];
  return [fitted(`      ${path}`, width), ...broken(old, "        "), ...broken(now, "     -> ")];
}

/** An unchanged line may be cut; it only gives context. */
function diffLines(line: string, style: Style): string[] {
  const sign = line.slice(0, 2);
  const format = { "+ ": "green", "- ": "red" }[sign] as "green" | "red" | undefined;
  if (!format) return [fitted(`    ${line}`, width)];
  return broken(line.slice(2), `    ${sign}`).map((one) => style(format, one));
}
