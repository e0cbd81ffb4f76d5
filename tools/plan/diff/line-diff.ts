/**
 * The lines that go (`- `) and come (`+ `), each with up to `context` lines around it (`  `), and
 * `…` where lines are left out. Nothing when the texts are the same.
 */
export function lineDiff(from: string, to: string, context = 2): string[] {
  const [a, b] = [from.split("\n"), to.split("\n")];
  const lines = edits(a, b);
  const near = lines.map((_, at) =>
    lines.slice(Math.max(at - context, 0), at + context + 1).some((one) => !one.startsWith("  ")),
  );
  return lines.flatMap((line, at) => {
    if (near[at]) return [line];
    return near[at - 1] && near.includes(true, at) ? ["…"] : [];
  });
}

/** By the longest common subsequence of lines. */
function edits(a: string[], b: string[]): string[] {
  // common[i][j]: how many lines the rests from i and j on have in common.
  const common = Array.from({ length: a.length + 1 }, () =>
    new Array<number>(b.length + 1).fill(0),
  );
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      (common[i] as number[])[j] =
        a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push(`  ${a[i++]}`);
      j++;
    } else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(`- ${a[i++]}`);
    } else {
      lines.push(`+ ${b[j++]}`);
    }
  }
  return lines;
}
