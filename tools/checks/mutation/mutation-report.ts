import { type Mutant, shown } from "./mutants.ts";

export type Outcome = "noticed" | "survived" | "harmless" | "does not compile";
export interface Result extends Mutant {
  outcome: Outcome;
  /** The test that noticed it, or the compiler's words. */
  by?: string;
  /** Noticed only because a test never ended, twice: a fault, or a busy machine. */
  timedOut?: boolean;
}

export interface Summary {
  mutants: number;
  noticed: number;
  harmless: number;
  survived: number;
  percent: number;
}

/** Faults that do not compile count for nothing; harmless ones neither. */
export function summaryOf(results: Result[]): Summary {
  const count = (outcome: Outcome) => results.filter((one) => one.outcome === outcome).length;
  const [noticed, harmless, survived] = [count("noticed"), count("harmless"), count("survived")];
  const mutants = noticed + harmless + survived;
  const decided = noticed + survived;
  return {
    mutants,
    noticed,
    harmless,
    survived,
    percent: decided ? (100 * noticed) / decided : 100,
  };
}

/** By file, the worst first, with the survivors' lines. */
export function reportOf(results: Result[]): string {
  const files = [...new Set(results.map(({ file }) => file))];
  const rows = files
    .map((file) => ({ file, own: results.filter((one) => one.file === file) }))
    .map(({ file, own }) => ({ file, own, ...summaryOf(own) }))
    .sort((a, b) => b.survived - a.survived || a.file.localeCompare(b.file));
  const lines = rows.flatMap(({ file, own, noticed, harmless, survived }) => [
    `${file}: ${noticed} noticed, ${survived} survived${harmless ? `, ${harmless} harmless` : ""}`,
    ...own
      .filter(({ outcome }) => outcome === "survived")
      .map((one) => `  ${file}:${one.line} ${shown(one.original)} → ${shown(one.text)}`),
  ]);
  const { mutants, noticed, harmless, survived, percent } = summaryOf(results);
  const late = results
    .filter(({ timedOut }) => timedOut)
    .map((one) => `timed out: ${one.file}:${one.line} ${shown(one.original)} → ${shown(one.text)}`);
  return [
    ...lines,
    ...late,
    `${mutants} faults that compile: ${noticed} noticed, ${survived} survived, ${harmless} harmless; ${percent.toFixed(1)} % noticed`,
  ].join("\n");
}
