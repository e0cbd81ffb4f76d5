import { type Act, type Rehearsal, shortType, type TimeToReady } from "./scenario.ts";

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
const good = (text: string) => paint(32, text);
const bad = (text: string) => paint(31, text);
const faint = (text: string) => paint(2, text);

/** One act: a line of what happened, and a line for each broken promise. */
export function printAct({ title, steps, simulatedSeconds, realSeconds, broken }: Act): string {
  const verdict = broken.length === 0 ? good("ok  ") : bad("FAIL");
  const times = `${clock(simulatedSeconds).padStart(8)}  ${faint(`${realSeconds.toFixed(1)} s`)}`;
  const heading = `${verdict} ${title.padEnd(46)} ${times}`;
  const custom = steps.filter((step) => step.custom);
  const counts = Object.entries(
    custom.reduce<Record<string, number>>(
      (sum, { op }) => ({ ...sum, [op]: (sum[op] ?? 0) + 1 }),
      {},
    ),
  ).map(([op, count]) => `${op} ${count}`);
  const details =
    custom.length === 0
      ? ["nothing changed"]
      : custom.length > 6
        ? [counts.join(", ")]
        : custom.map(
            ({ op, type, name, changes }) =>
              `${op} ${shortType(type)} ${name}${changes.length > 0 ? `: ${shortened(changes)}` : ""}`,
          );
  return [
    heading,
    ...details.map((line) => faint(`       ${line}`)),
    ...broken.map((reason) => bad(`       ${reason}`)),
  ].join("\n");
}

function shortened(changes: string[]): string {
  const shown = changes.slice(0, 2).map((path) => path.replace("spec.template.spec.", ""));
  return [...shown, ...(changes.length > 2 ? [`${changes.length - 2} more`] : [])].join(", ");
}

/** The critical path, and how far it is from what no graph can undercut. */
export function printTimeToReady({ seconds, path, bound }: TimeToReady): string {
  const least = bound.reduce((sum, part) => sum + part.seconds, 0);
  const lines = path
    .filter(({ start, end, unexplained }) => end - start >= 5 || unexplained >= 1)
    .map(({ name, type, start, end, unexplained }) => {
      const waited =
        unexplained >= 1 ? bad(`  after ${clock(unexplained)} that no edge explains`) : "";
      return `  ${clock(start).padStart(6)}  ${clock(end - start).padStart(6)}  ${shortType(type)} ${name}${waited}`;
    });
  return [
    `Ready after ${clock(seconds)} of simulated time, by this path (start, duration):`,
    ...lines,
    `Lower bound ${clock(least)}: ${bound.map((part) => `${part.name} ${clock(part.seconds)}`).join(", ")}.`,
    `Above it: ${clock(seconds - least)}.`,
  ].join("\n");
}

export function printEnd({ acts, kept }: Rehearsal): string {
  const broken = acts.filter((act) => act.broken.length > 0);
  const real = acts.reduce((sum, { realSeconds }) => sum + realSeconds, 0);
  return [
    ...(kept.length > 0 ? [`Left behind on purpose: ${kept.join(", ")}.`] : []),
    broken.length === 0
      ? good(`${acts.length} steps, every promise kept, in ${real.toFixed(0)} s.`)
      : bad(`${broken.length} of ${acts.length} steps broke a promise, in ${real.toFixed(0)} s.`),
  ].join("\n");
}

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
