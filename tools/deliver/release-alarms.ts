/** An alarm that tells somebody, as CloudWatch describes it. */
export interface Alarm {
  name: string;
  rings: boolean;
  /** How long trouble lasts until it rings, by its periods. */
  needsSeconds: number;
}

/** The alarms whose names begin so; none when undefined. */
export type Watched =
  | {
      prefix: string;
      /** Whether they are all of a stack's: of those a release is judged by what it can have caused. */
      ofStack: boolean;
    }
  | undefined;

/** Alarms on the load balancer itself, which a release of any service can cause. */
const shared = ["balancer-errors"];

/** CloudWatch has a data point so long after the minute that it is about. */
const lateSeconds = 120;

/** No alarm that needs longer is waited for. */
const longestSeconds = 15 * 60;

/** What `aws cloudwatch describe-alarms` answers, the parts that are read. */
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

/** The alarms that tell somebody. The others are parts of those. */
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

/** The alarms that judge a release of these services. */
export function judging(alarms: Alarm[], watched: Watched, services: string[]): Alarm[] {
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

/** How long these alarms are to be watched: until each but the slowest would have rung. */
export function watchFor(alarms: Alarm[]): number {
  const needs = alarms.map(({ needsSeconds }) => needsSeconds);
  const swift = needs.filter((seconds) => seconds <= longestSeconds);
  return swift.length === 0 ? 0 : Math.max(...swift) + lateSeconds;
}

/** The alarms that trouble would make ring only after so long a watch. */
export function tooSlow(alarms: Alarm[], watchSeconds: number): Alarm[] {
  return alarms.filter(({ needsSeconds }) => needsSeconds + lateSeconds > watchSeconds);
}
