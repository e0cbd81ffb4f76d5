import type { Metric } from "../metrics.ts";

/** When an alarm goes off, in words and in numbers. */
export interface AlarmRule {
  name: string;
  /** The section of docs/runbooks.md. */
  runbook: string;
  says: string;
  metrics: Record<string, Metric>;
  /** Of the metrics' ids; without one there is one metric, and it is the value. */
  expression?: string;
  comparison: "GreaterThanThreshold" | "GreaterThanOrEqualToThreshold" | "LessThanThreshold";
  threshold: number;
  periodSeconds: number;
  /** So many periods in a row must be beyond the threshold. */
  periods: number;
  /** What a period without data means. */
  missing: "notBreaching" | "breaching";
  /** A new alarm says nothing for so long, or until its metric has data. @default not at all */
  warmUpSeconds?: number;
  /** False for what only a composite alarm looks at. */
  notifies: boolean;
}

/** Goes off while all of others do. */
export interface CompositeRule extends Pick<AlarmRule, "name" | "runbook" | "says"> {
  all: string[];
}

/** Fewer failures than this in a window are chance, however few the requests. */
export const fewestFailures = 5;

const seconds = {
  "of a minute": 60,
  "of 5 minutes": 300,
  "of 15 minutes": 900,
  "of an hour": 3600,
  "of a day": 86_400,
};

/** A number of periods, one after the other; a minute each unless it is said. */
export function inARow(
  periods: number,
  length: keyof typeof seconds = "of a minute",
): Pick<AlarmRule, "periods" | "periodSeconds"> {
  return { periods, periodSeconds: seconds[length] };
}
