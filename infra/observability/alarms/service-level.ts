import type { ServiceLevelConfig } from "../../config/schema.ts";
import {
  type Metric,
  type Traffic,
  trafficOf,
  type Watched,
  type WatchedService,
} from "../metrics.ts";
import { type AlarmRule, type CompositeRule, fewestFailures } from "./alarm-rules.ts";

/**
 * How fast the budget of a month may go before somebody is told: 14.4 times as fast as it lasts is
 * 2 % of it in an hour, 6 times is 5 % in six hours. The short window ends the alarm soon after the
 * trouble does. Google, The Site Reliability Workbook, chapter 5.
 */
export const burnRates = [
  { name: "fast", factor: 14.4, longSeconds: 3600, shortSeconds: 300 },
  { name: "slow", factor: 6, longSeconds: 21_600, shortSeconds: 1800 },
] as const;

/** In a window with fewer requests, a single bad one would look like an outage. */
const fewestRequests = 100;

interface Objective {
  name: "availability" | "latency";
  says: string;
  metrics: Record<string, Metric>;
  /** The share of bad requests, in percent, of the metrics' ids. */
  bad: string;
  /** When a short window says too little, of the metrics' ids. A long one needs requests enough. */
  chance: string;
  /** The share that may be bad, in percent. */
  budget: number;
}

/**
 * What the service promises: requests that do not fail, and requests that are answered in time.
 *
 * Both are measured in a service that publishes metrics, else at the load balancer. A service tells
 * durations as up to 100 quantiles each 30 seconds and pod, so a pod with few requests weighs as much
 * as one with many. Nothing of a service whose requests nobody counts.
 */
export function objectives(
  watched: Watched,
  service: WatchedService,
  level: ServiceLevelConfig,
): Objective[] {
  const traffic = trafficOf(watched, service);
  return traffic ? objectivesOf(traffic, level) : [];
}

function objectivesOf(traffic: Traffic, level: ServiceLevelConfig): Objective[] {
  const { availabilityPercent, latencyMilliseconds, latencyPercent } = level;
  return [
    {
      name: "availability",
      says: `${availabilityPercent} % of the requests answered without an error`,
      metrics: {
        errors: traffic.errors,
        requests: traffic.requests,
      },
      bad: "100 * errors / requests",
      chance: `errors < ${fewestFailures}`,
      budget: rest(availabilityPercent),
    },
    {
      name: "latency",
      says: `${latencyPercent} % of the requests answered within ${latencyMilliseconds} ms`,
      metrics: {
        swift: traffic.duration(`PR(:${(latencyMilliseconds * traffic.perSecond) / 1000})`),
      },
      bad: "100 - swift",
      chance: `requests < ${fewestRequests}`,
      budget: rest(latencyPercent),
    },
  ];
}

/** Two alarms for each objective and pace, and one of both that notifies. */
export function burnAlarms(watched: Watched, service: WatchedService, level: ServiceLevelConfig) {
  const traffic = trafficOf(watched, service);
  const pairs = (traffic ? objectivesOf(traffic, level) : []).flatMap((objective) =>
    burnRates.map((rate) => burnAlarm(service.name, traffic?.requests, objective, rate)),
  );
  return {
    rules: pairs.flatMap(({ rules }) => rules),
    composites: pairs.map(({ composite }) => composite),
  };
}

function burnAlarm(
  service: string,
  requests: Metric | undefined,
  { name: objective, says, metrics, bad, chance, budget }: Objective,
  { name: pace, factor, longSeconds, shortSeconds }: (typeof burnRates)[number],
): { rules: [AlarmRule, AlarmRule]; composite: CompositeRule } {
  const name = `${service}/${objective}-${pace}-burn`;
  const runbook = `${objective}-budget`;
  const promise = `${service} promises ${says}`;
  const window = (length: "long" | "short", periodSeconds: number): AlarmRule => ({
    name: `${name}-${length}`,
    runbook,
    says: `${promise}; the ${length} window of the ${pace} burn.`,
    notifies: false,
    metrics: { ...(requests && { requests }), ...metrics },
    expression: `IF(${length === "long" ? `requests < ${fewestRequests}` : chance}, 0, (${bad}) / ${budget})`,
    comparison: "GreaterThanThreshold",
    threshold: factor,
    periodSeconds,
    periods: 1,
    // A service that is asked nothing says nothing, and breaks no promise.
    missing: "notBreaching",
  });
  const rules: [AlarmRule, AlarmRule] = [
    window("long", longSeconds),
    window("short", shortSeconds),
  ];
  const composite = {
    name,
    runbook,
    says: `${promise}, and uses its budget up ${factor} times as fast as a month allows.`,
    all: rules.map((rule) => rule.name),
  };
  return { rules, composite };
}

/** 100 - 99.9 is not 0.1 to a computer. */
function rest(percent: number): number {
  return Number((100 - percent).toPrecision(6));
}
