import { labelOf } from "../../graph/labels.ts";
import { broken, fitted, type Style, section, width, wrapped } from "../text.ts";
import type { Changed, Difference } from "./difference-model.ts";
import {
  byKind,
  chains,
  costLine,
  countsLine,
  deployLine,
  isEmpty,
  isObject,
  labelsByUrn,
  replacedLine,
  shownValue,
  toldChanges,
} from "./difference-words.ts";

/** The difference as a person reads it, in lines of at most 80 characters. */
export function differenceText(difference: Difference, style: Style): string {
  const { stack, from, to, notes, risk, risks, permissions, manifests } = difference;
  const color = { green: "green", amber: "yellow", red: "red" } as const;
  const title = wrapped(`Stack ${stack}: from ${from} to ${to}`, "");
  const remarks = notes.flatMap((note) => wrapped(note, "note: "));
  if (isEmpty(difference)) {
    return [...title, ...remarks, "", style("green", "Nothing changes."), ""].join("\n");
  }
  const some = (name: string, lines: string[]) =>
    lines.length > 0 ? section(style, name, lines) : [];
  const names = labelsByUrn(difference);
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
    ...some(
      "Replaced",
      chains(difference).flatMap(({ root, followers }) => [
        fitted(`  ± ${labelOf(root)}`, width),
        ...wrapped(replacedLine(root, names), "      "),
        ...propertyLines(root),
        ...(followers.length > 0 ? wrapped(byKind(followers), "      replaces in turn ") : []),
      ]),
    ),
    ...some(
      "Removed",
      difference.removed.map((one) => fitted(`  - ${labelOf(one)}`, width)),
    ),
    ...some(
      "Added",
      difference.added.map((one) => fitted(`  + ${labelOf(one)}`, width)),
    ),
    ...some(
      "Changed",
      difference.changed.flatMap((one) => [
        fitted(`  ~ ${labelOf(one)}${isObject(one) ? " (below)" : ""}`, width),
        ...(isObject(one) ? [] : propertyLines(one)),
      ]),
    ),
    ...some(
      "Permissions",
      permissions.flatMap(({ who, isNew, gained, lost, trusts }) => [
        fitted(`  ${who}${isNew ? " (new)" : ""}`, width),
        ...trusts.flatMap((one) => wrapped(one, "    + assumed by ")),
        ...gained.flatMap((one) => wrapped(one, "    + ")),
        ...lost.flatMap((one) => wrapped(one, "    - ")),
      ]),
    ),
    ...some(
      "Kubernetes objects",
      manifests.flatMap(({ name, is, lines }) => [
        fitted(`  ${name}${is === "changed" ? "" : ` (${is})`}`, width),
        ...(is === "changed" ? lines : []).flatMap((line) => diffLines(line, style)),
      ]),
    ),
    "",
  ].join("\n");
}

function propertyLines(one: Changed): string[] {
  return toldChanges(one).flatMap(({ path, from, to, follows }) => {
    if (follows) return wrapped(`follows from ${follows}`, `      ${fitted(path, 50)} `);
    const [old, now] = [shownValue(from), shownValue(to)];
    const line = `      ${path}: ${old} -> ${now}`;
    if (line.length <= width) return [line];
    return [fitted(`      ${path}`, width), ...broken(old, "        "), ...broken(now, "     -> ")];
  });
}

/** What has not changed may be cut: it only shows where one is. */
function diffLines(line: string, style: Style): string[] {
  const sign = line.slice(0, 2);
  const format = { "+ ": "green", "- ": "red" }[sign] as "green" | "red" | undefined;
  if (!format) return [fitted(`    ${line}`, width)];
  return broken(line.slice(2), `    ${sign}`).map((one) => style(format, one));
}
