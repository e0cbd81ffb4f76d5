import { structuredPatch } from "diff";

/**
 * Removed (`- `) and added (`+ `) lines with up to `context` lines around them (`  `), and `…` for omitted
 * lines. Empty for equal texts.
 */
export function lineDiff(from: string, to: string, context = 2): string[] {
  const { hunks } = structuredPatch("", "", `${from}\n`, `${to}\n`, "", "", { context });
  return hunks.flatMap(({ lines }, at) => [
    ...(at > 0 ? ["…"] : []),
    ...lines.map((line) => `${line[0]} ${line.slice(1)}`),
  ]);
}
