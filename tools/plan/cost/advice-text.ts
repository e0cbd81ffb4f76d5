import { type Style, section, wrapped } from "../text.ts";
import type { Advice } from "./advice.ts";
import { atMost, dollars } from "./cost-text.ts";

/** What a stack may change to cost less, and what it loses by that. */
export function adviceText(advice: Advice, style: Style): string {
  const { stack, monthly, proposals } = advice;
  const lead = " ".repeat(20);
  const lines = proposals.flatMap(({ settings, lost, saves, ...cost }) => [
    ...wrapped(
      Object.entries(settings)
        .map(([key, value]) => `${key}: ${Array.isArray(value) ? `[${value.join(", ")}]` : value}`)
        .join("; "),
      `  -${dollars(saves).padEnd(6)} to ${dollars(cost.monthly).padEnd(7)}`,
    ),
    ...wrapped(lost.length > 0 ? lost.join("; ") : "nothing is lost", `${lead}lost: `),
    ...atMost(cost).flatMap((line) => wrapped(line, lead)),
  ]);
  return [
    ...wrapped(
      [`Stack ${stack}: ${dollars(monthly)} a month at rest`, ...atMost(advice)].join("; "),
      "",
    ),
    ...section(style, "The same pods for less, one change at a time", lines),
    "",
    ...wrapped(
      "Each is a plan of its own that breaks no rule. Zones, a rollout's room at rest, and the room to lose a node stay. Other types replace the node group: new nodes come first, then EKS drains the old ones. Savings do not add up.",
      "",
    ),
    "",
  ].join("\n");
}
