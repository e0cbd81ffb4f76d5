import {
  type MetricDataQuery,
  paginateDescribeAlarms,
  paginateGetMetricData,
} from "@aws-sdk/client-cloudwatch";
import { fewestFailures } from "../../../infra/observability/alarms/alarm-rules.ts";
import { burnRates, objectives } from "../../../infra/observability/alarms/service-level.ts";
import { type Metric, trafficOf, type Watched } from "../../../infra/observability/metrics.ts";
import type { OperatedStack } from "../operated-stack.ts";
import type { AwsClients } from "./aws-clients.ts";
import { type Balancer, suffixOf } from "./balancer-status.ts";

/** What a service did in the last hour, against `serviceLevel`. */
export interface Traffic {
  requests: number;
  errors: number;
  /** 99 of 100 requests were answered within it; undefined without requests. */
  p99Milliseconds?: number;
  /** Of the requests, within `serviceLevel.latencyMilliseconds`. */
  inTimePercent?: number;
  promise: { availabilityPercent: number; latencyMilliseconds: number; latencyPercent: number };
  kept: boolean;
  /** The hour used the month's budget up at the pace of the fast alarm, or faster. */
  broken: boolean;
}

export interface RingingAlarm {
  /** Without the cluster's name. */
  name: string;
  since?: Date;
  says: string;
}

const hourSeconds = 3600;

/** Fewer requests in an hour tell nothing of latency. */
const fewestRequests = 100;

/** By service; none of a worker, or of a service that only others call. */
export async function trafficOfLastHour(
  { cloudWatch }: Pick<AwsClients, "cloudWatch">,
  stack: OperatedStack,
  balancer: Balancer | undefined,
  names: string[],
  now: Date,
): Promise<Record<string, Traffic>> {
  const watched = watchedOf(stack, balancer, names);
  const level = stack.config.observability.serviceLevel;
  const asked = watched.services.flatMap((service, at) => {
    const traffic = trafficOf(watched, service);
    if (!traffic) return [];
    const [, latency] = objectives(watched, service, level);
    const metrics: Record<string, Metric | undefined> = {
      requests: traffic.requests,
      errors: traffic.errors,
      slow: traffic.duration("p99"),
      swift: latency?.metrics.swift,
    };
    return [{ name: service.name, id: `s${at}`, metrics, toMs: 1000 / traffic.perSecond }];
  });
  if (asked.length === 0) return {};
  const values = await valuesOf(
    cloudWatch,
    asked.flatMap(({ id, metrics }) =>
      Object.entries(metrics).flatMap(([metric, of]) =>
        of ? [queryOf(`${id}_${metric}`, of)] : [],
      ),
    ),
    now,
  );
  return Object.fromEntries(
    asked.map(({ name, id, toMs }) => {
      const all = (metric: string) => values.get(`${id}_${metric}`) ?? [];
      const sum = (metric: string) => all(metric).reduce((total, value) => total + value, 0);
      return [
        name,
        judged(level, {
          requests: sum("requests"),
          errors: sum("errors"),
          p99Milliseconds: all("slow").length > 0 ? toMs * Math.max(...all("slow")) : undefined,
          inTimePercent: all("swift").length > 0 ? Math.min(...all("swift")) : undefined,
        }),
      ];
    }),
  );
}

/** The budgets and the pace are those of the alarms. */
function judged(
  promise: Traffic["promise"],
  seen: Pick<Traffic, "requests" | "errors" | "p99Milliseconds" | "inTimePercent">,
): Traffic {
  const { requests, errors, inTimePercent = 100 } = seen;
  const failed = errors < fewestFailures || requests === 0 ? 0 : (100 * errors) / requests;
  const late = requests < fewestRequests ? 0 : 100 - inTimePercent;
  const paces = [
    failed / (100 - promise.availabilityPercent),
    late / (100 - promise.latencyPercent),
  ];
  const { availabilityPercent, latencyMilliseconds, latencyPercent } = promise;
  return {
    ...seen,
    promise: { availabilityPercent, latencyMilliseconds, latencyPercent },
    // 100 - 99.9 is not 0.1 to a computer.
    kept: paces.every((pace) => pace <= 1 + 1e-9),
    broken: paces.some((pace) => pace >= burnRates[0].factor),
  };
}

function watchedOf(
  { clusterName, config }: OperatedStack,
  balancer: Balancer | undefined,
  names: string[],
): Watched {
  return {
    clusterName,
    loadBalancer: suffixOf(balancer?.loadBalancer ?? ""),
    certificates: [],
    services: names.map((name) => {
      const { maxReplicas = 0, drain } = config.services.services[name] ?? {};
      const group = balancer?.targetGroups[name];
      return {
        name,
        deployment: "",
        maxReplicas,
        publishes: drain === "own",
        ...(group && { targetGroup: suffixOf(group) }),
      };
    }),
    jobs: [],
    resources: [],
  };
}

function queryOf(id: string, metric: Metric): MetricDataQuery {
  return {
    Id: id,
    MetricStat: {
      Metric: {
        Namespace: metric.namespace,
        MetricName: metric.name,
        Dimensions: Object.entries(metric.dimensions).map(([Name, Value]) => ({
          Name,
          Value: String(Value),
        })),
      },
      Period: hourSeconds,
      Stat: metric.statistic,
      Unit: metric.unit,
    },
  };
}

/** Of the last 60 whole minutes. AWS takes 500 queries a request; a stack has fewer. */
async function valuesOf(
  client: AwsClients["cloudWatch"],
  queries: MetricDataQuery[],
  now: Date,
): Promise<Map<string, number[]>> {
  const minute = 60_000;
  const EndTime = new Date(Math.floor(now.getTime() / minute) * minute);
  const StartTime = new Date(EndTime.getTime() - hourSeconds * 1000);
  const values = new Map<string, number[]>();
  const pages = paginateGetMetricData(
    { client },
    { MetricDataQueries: queries, StartTime, EndTime },
  );
  for await (const { MetricDataResults = [] } of pages) {
    for (const { Id = "", Values = [] } of MetricDataResults) {
      values.set(Id, [...(values.get(Id) ?? []), ...Values]);
    }
  }
  return values;
}

/** Those of the stack that somebody is told of. The others are their parts. */
export async function ringingAlarms(
  { cloudWatch }: Pick<AwsClients, "cloudWatch">,
  { clusterName }: Pick<OperatedStack, "clusterName">,
): Promise<RingingAlarm[]> {
  const prefix = `${clusterName}/`;
  const ringing: RingingAlarm[] = [];
  const pages = paginateDescribeAlarms(
    { client: cloudWatch },
    {
      AlarmNamePrefix: prefix,
      AlarmTypes: ["MetricAlarm", "CompositeAlarm"],
      StateValue: "ALARM",
    },
  );
  for await (const { MetricAlarms = [], CompositeAlarms = [] } of pages) {
    for (const alarm of [...MetricAlarms, ...CompositeAlarms]) {
      if (alarm.ActionsEnabled === false || (alarm.AlarmActions ?? []).length === 0) continue;
      ringing.push({
        name: (alarm.AlarmName ?? "").slice(prefix.length),
        since: alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp,
        says: alarm.AlarmDescription ?? "",
      });
    }
  }
  return ringing;
}
