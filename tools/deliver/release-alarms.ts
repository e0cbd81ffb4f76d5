/** An alarm with actions, as CloudWatch describes it. */
export interface Alarm {
  name: string;
  rings: boolean;
  /** Seconds from the begin of a problem to the alarm, by its periods. */
  needsSeconds: number;
}

/** The prefix of alarm names; undefined for no alarms. */
export type Watched =
  | {
      prefix: string;
      /** Whether the prefix selects all alarms of a stack, also those that a release cannot cause. */
      ofStack: boolean;
    }
  | undefined;

/** Alarms on the load balancer itself, which a release of any service can cause. */
const shared = ["balancer-errors"];

/** The delay of data points at CloudWatch. */
const lateSeconds = 120;

/** The watch does not wait for slower alarms. */
const maxSeconds = 15 * 60;

/** The used parts of the output of `aws cloudwatch describe-alarms`. */
export interface Answer {
  MetricAlarms?: (Described & {
    EvaluationPeriods?: number;
    Period?: number;
    Metrics?: { Period?: number; MetricStat?: { Period: number } }[];
  })[];
  CompositeAlarms?: (Described & { AlarmRule?: string })[];
}

interface Described {
  AlarmName: string;
  StateValue: string;
  ActionsEnabled?: boolean;
  AlarmActions?: string[];
}

/** The alarms with actions; the others are their parts. */
export function alarmsOf({ MetricAlarms = [], CompositeAlarms = [] }: Answer): Alarm[] {
  const needs = new Map(
    MetricAlarms.map(({ AlarmName, EvaluationPeriods = 1, Period = 0, Metrics = [] }) => {
      const periods = Metrics.map((one) => one.MetricStat?.Period ?? one.Period ?? 0);
      return [AlarmName, EvaluationPeriods * Math.max(Period, ...periods)];
    }),
  );
  const ofParts = (rule = "") =>
    Math.max(
      0,
      ...[...rule.matchAll(/ALARM\("?([^")]+)"?\)/g)].map(([, part = ""]) => {
        return needs.get(part.replace(/^arn:.*:alarm:/, "")) ?? 0;
      }),
    );
  return [
    ...MetricAlarms.map((one) => ({ one, needsSeconds: needs.get(one.AlarmName) ?? 0 })),
    ...CompositeAlarms.map((one) => ({ one, needsSeconds: ofParts(one.AlarmRule) })),
  ]
    .filter(({ one }) => one.ActionsEnabled !== false && (one.AlarmActions ?? []).length > 0)
    .map(({ one, needsSeconds }) => ({
      name: one.AlarmName,
      rings: one.StateValue === "ALARM",
      needsSeconds,
    }));
}

/** The alarms about these services, which judge a release. */
export function alarmsAbout(alarms: Alarm[], watched: Watched, services: string[]): Alarm[] {
  if (!watched) return [];
  const { prefix, ofStack } = watched;
  return alarms.filter(({ name }) => {
    if (!name.startsWith(prefix)) return false;
    const rest = name.slice(prefix.length);
    return (
      !ofStack ||
      shared.includes(rest) ||
      services.some((service) => rest.startsWith(`${service}/`))
    );
  });
}

/** The watch that lets all alarms ring, except those over `maxSeconds`. */
export function watchSecondsFor(alarms: Alarm[]): number {
  const needs = alarms.map(({ needsSeconds }) => needsSeconds);
  const swift = needs.filter((seconds) => seconds <= maxSeconds);
  return swift.length === 0 ? 0 : Math.max(...swift) + lateSeconds;
}

/** The alarms that a problem would make ring only after the watch. */
export function slowAlarms(alarms: Alarm[], watchSeconds: number): Alarm[] {
  return alarms.filter(({ needsSeconds }) => needsSeconds + lateSeconds > watchSeconds);
}
