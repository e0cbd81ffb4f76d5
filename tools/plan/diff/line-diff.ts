import { structuredPatch } from "diff";

/**
 * The lines that go (`- `) and come (`+ `), each with up to `context` lines around it (`  `), and
 * `…` where lines are left out. Nothing when the texts are the same.
 */
export function lineDiff(from: string, to: string, context = 2): string[] {
  const { hunks } = structuredPatch("", "", `${from}\n`, `${to}\n`, "", "", { context });
  return hunks.flatMap(({ lines }, at) => [
    ...(at > 0 ? ["…"] : []),
    ...lines.map((line) => `${line[0]} ${line.slice(1)}`),
  ]);
}
