import { type Mutant, shown } from "./mutants.ts";

/** Of a fault: a test fails, no test fails, it changes no behaviour, the compiler refuses it. */
export type Outcome = "detected" | "survived" | "equivalent" | "does not compile";
export interface Result extends Mutant {
  outcome: Outcome;
  /** The test that fails, or the error of the compiler. */
  by?: string;
  /** A test exceeded its time limit twice. */
  timedOut?: boolean;
}

export interface Summary {
  mutants: number;
  detected: number;
  equivalent: number;
  survived: number;
  percent: number;
}

/** `percent`: detected faults of those that are detected or survived. */
export function summaryOf(results: Result[]): Summary {
  const count = (outcome: Outcome) => results.filter((one) => one.outcome === outcome).length;
  const [detected, equivalent, survived] = [
    count("detected"),
    count("equivalent"),
    count("survived"),
  ];
  const mutants = detected + equivalent + survived;
  const decided = detected + survived;
  return {
    mutants,
    detected,
    equivalent,
    survived,
    percent: decided ? (100 * detected) / decided : 100,
  };
}

/** By file, in the order of survived faults, each with its line. */
export function reportOf(results: Result[]): string {
  const files = [...new Set(results.map(({ file }) => file))];
  const rows = files
    .map((file) => ({ file, own: results.filter((one) => one.file === file) }))
    .map(({ file, own }) => ({ file, own, ...summaryOf(own) }))
    .sort((a, b) => b.survived - a.survived || a.file.localeCompare(b.file));
  const lines = rows.flatMap(({ file, own, detected, equivalent, survived }) => [
    `${file}: ${detected} detected, ${survived} survived${equivalent ? `, ${equivalent} equivalent` : ""}`,
    ...own
      .filter(({ outcome }) => outcome === "survived")
      .map((one) => `  ${file}:${one.line} ${shown(one.original)} → ${shown(one.text)}`),
  ]);
  const { mutants, detected, equivalent, survived, percent } = summaryOf(results);
  const late = results
    .filter(({ timedOut }) => timedOut)
    .map((one) => `timed out: ${one.file}:${one.line} ${shown(one.original)} → ${shown(one.text)}`);
  return [
    ...lines,
    ...late,
    `${mutants} faults that compile: ${detected} detected, ${survived} survived, ${equivalent} equivalent; ${percent.toFixed(1)} % detected`,
  ].join("\n");
}
