import { shortType } from "./rehearsal-checks.ts";
import type { RehearsalStack } from "./rehearsal-stack.ts";
import { overBound, type ReleaseTime } from "./release-time.ts";
import type { OperationResult, Rehearsal, TimeToReady } from "./scenario.ts";

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
const good = (text: string) => paint(32, text);
const bad = (text: string) => paint(31, text);
const faint = (text: string) => paint(2, text);

const heading = `     ${"operation".padEnd(46)}  simulated    real`;

/** Prints the name of the stack, the engine and the plugins. */
export function printOpening(
  stack: string,
  { engine, plugins }: Pick<RehearsalStack, "engine" | "plugins">,
): string {
  return [
    `The stack ${stack} on a simulated cloud. Pulumi ${engine.version}, ${engine.origin}.`,
    `${plugins.map(({ name, origin }) => `${name}: ${origin}`).join("; ")}.`,
    "",
    heading,
  ].join("\n");
}

/** Prints one operation: its title, times and steps, and each failure. */
export function printOperation({
  title,
  steps,
  simulatedSeconds,
  realSeconds,
  failures,
}: OperationResult): string {
  const verdict = failures.length === 0 ? good("ok  ") : bad("FAIL");
  const times = `${clock(simulatedSeconds).padStart(10)}  ${faint(`${realSeconds.toFixed(1)} s`.padStart(6))}`;
  return [
    `${verdict} ${title.padEnd(46)} ${times}`,
    ...details(steps.filter(({ custom }) => custom))
      .flatMap(wrapped)
      .map(faint),
    ...failures.flatMap(wrapped).map(bad),
  ].join("\n");
}

/** The changed resources; above eight only their number. */
function details(steps: OperationResult["steps"]): string[] {
  if (steps.length === 0) return ["nothing changed"];
  if (steps.length <= 8) {
    return steps.map(({ op, type, name, changes }) =>
      [`${op} ${shortType(type)} ${name}`, ...shortened(changes)].join(": "),
    );
  }
  const counts = new Map<string, number>();
  for (const { op } of steps) counts.set(op, (counts.get(op) ?? 0) + 1);
  return [[...counts].map(([op, count]) => `${op} ${count}`).join(", ")];
}

function shortened(changes: string[]): string[] {
  if (changes.length === 0) return [];
  const shown = changes.slice(0, 2).map((path) => path.replace("spec.template.spec.", ""));
  return [[...shown, ...(changes.length > 2 ? [`${changes.length - 2} more`] : [])].join(", ")];
}

/** Lines of max. 80 columns beneath a heading; a longer word gets its own line. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const part of text.split("\n")) {
    lines.push("");
    for (const word of part.trim().split(/\s+/)) {
      const glued = `${lines.at(-1)} ${word}`.trim();
      if (glued.length <= 71 || lines.at(-1) === "") lines[lines.length - 1] = glued;
      else lines.push(word);
    }
  }
  return lines.map((line, at) => `${at === 0 ? "       " : "         "}${line}`);
}

/** Prints the critical path and its distance from the lower bound. */
export function printTimeToReady({ seconds, path, bound }: TimeToReady): string {
  const minSeconds = bound.reduce((sum, part) => sum + part.seconds, 0);
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
    `That is ${clock(seconds - minSeconds)} above the lower bound of ${clock(minSeconds)}:`,
    ...bound.map((part) => `  ${clock(part.seconds).padStart(14)}  ${part.name}`),
  ].join("\n");
}

/** Prints where the time of a release goes, and its distance from the lower bound. */
export function printReleaseTime(time: ReleaseTime): string {
  const { title, seconds, parts, bound } = time;
  const minSeconds = bound.reduce((sum, part) => sum + part.seconds, 0);
  return [
    `${title} takes ${clock(seconds)} of simulated time, by these parts (start, duration):`,
    ...parts.map(
      ({ what, start, end, beside }) =>
        `  ${clock(start).padStart(6)}  ${clock(end - start).padStart(6)}  ${what}${beside ? faint(", which nobody waits for") : ""}`,
    ),
    `That is ${overBound(time).toFixed(2)} times the lower bound of ${clock(minSeconds)}:`,
    ...bound.map((part) => `  ${clock(part.seconds).padStart(14)}  ${part.name}`),
  ].join("\n");
}

export function printEnd({ results, kept }: Rehearsal): string {
  const failed = results.filter(({ failures }) => failures.length > 0);
  const real = results.reduce((sum, { realSeconds }) => sum + realSeconds, 0);
  return [
    ...(kept.length > 0 ? ["Kept on purpose:", ...kept.map((name) => `  ${name}`)] : []),
    failed.length === 0
      ? good(`${results.length} operations, every check passed, in ${real.toFixed(0)} s.`)
      : bad(
          `${failed.length} of ${results.length} operations failed a check, in ${real.toFixed(0)} s.`,
        ),
  ].join("\n");
}

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
