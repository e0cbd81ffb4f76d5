import type { ServiceLevelConfig } from "../../config/schema.ts";
import {
  awsMetric,
  podsOf,
  type Traffic,
  targetsOf,
  trafficOf,
  type Watched,
  type WatchedService,
} from "../metrics.ts";
import { type AlarmRule, fewestFailures, inARow } from "./alarm-rules.ts";

/** Of fewer requests in five minutes the slowest hundredth is none. */
const fewestRequests = 100;

/** What can go wrong with one service, besides its promises. */
export function serviceRules(
  watched: Watched,
  service: WatchedService,
  level: ServiceLevelConfig,
): AlarmRule[] {
  const traffic = trafficOf(watched, service);
  return [
    ...(traffic ? trafficRules(service, traffic, level) : []),
    ...(service.targetGroup === undefined ? [] : targetRules(watched, service)),
    ...podRules(watched, service),
  ];
}

function trafficRules(
  { name }: WatchedService,
  { requests, errors, duration, perSecond }: Traffic,
  { latencyMilliseconds }: ServiceLevelConfig,
): AlarmRule[] {
  return [
    {
      name: `${name}/errors`,
      runbook: "service-errors",
      says: `${name} answered more than 5 % of its requests with an error, for 10 minutes.`,
      metrics: { requests, errors },
      expression: `IF(errors < ${fewestFailures}, 0, 100 * errors / requests)`,
      comparison: "GreaterThanThreshold",
      threshold: 5,
      ...inARow(2, "of 5 minutes"),
      // A service that is asked nothing says nothing.
      missing: "notBreaching",
      notifies: true,
    },
    {
      name: `${name}/latency`,
      runbook: "service-latency",
      says: `A hundredth of the requests to ${name} took longer than ${latencyMilliseconds} ms, for 15 minutes.`,
      metrics: { requests, slowest: duration("p99") },
      expression: `IF(requests < ${fewestRequests}, 0, ${perSecond === 1000 ? "slowest" : `${1000 / perSecond} * slowest`})`,
      comparison: "GreaterThanThreshold",
      threshold: latencyMilliseconds,
      ...inARow(3, "of 5 minutes"),
      missing: "notBreaching",
      notifies: true,
    },
  ];
}

function targetRules(watched: Watched, service: WatchedService): AlarmRule[] {
  const { name } = service;
  const targets = targetsOf(watched, service);
  return [
    {
      name: `${name}/unhealthy-targets`,
      runbook: "unhealthy-targets",
      says: `The load balancer has found a pod of ${name} unhealthy for 10 minutes.`,
      metrics: { pods: awsMetric("AWS/ApplicationELB", "UnHealthyHostCount", "Maximum", targets) },
      comparison: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      ...inARow(10),
      // Without a target there is nothing unhealthy: that is the next alarm's to say.
      missing: "notBreaching",
      notifies: true,
    },
    {
      name: `${name}/no-targets`,
      runbook: "no-targets",
      says: `The load balancer has no healthy pod of ${name} to send requests to.`,
      metrics: { pods: awsMetric("AWS/ApplicationELB", "HealthyHostCount", "Minimum", targets) },
      comparison: "LessThanThreshold",
      threshold: 1,
      ...inARow(3),
      // A target group in which nothing is registered is not measured at all.
      missing: "breaching",
      notifies: true,
    },
  ];
}

function podRules(watched: Watched, service: WatchedService): AlarmRule[] {
  const { name } = service;
  const pods = podsOf(watched, service);
  return [
    {
      name: `${name}/restarting-pods`,
      runbook: "restarting-pods",
      says: `Containers of ${name} restarted three times or more in 15 minutes.`,
      metrics: {
        restarts: awsMetric("ContainerInsights", "pod_number_of_container_restarts", "Sum", pods),
      },
      comparison: "GreaterThanOrEqualToThreshold",
      threshold: 3,
      ...inARow(1, "of 15 minutes"),
      // Without pods nothing restarts; an agent that is silent is the nodes' alarm.
      missing: "notBreaching",
      notifies: true,
    },
    {
      name: `${name}/pending-pods`,
      runbook: "pending-pods",
      says: `A pod of ${name} has found no node, or no image, for 15 minutes.`,
      metrics: { pods: awsMetric("ContainerInsights", "pod_status_pending", "Maximum", pods) },
      comparison: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      ...inARow(15),
      missing: "notBreaching",
      notifies: true,
    },
    {
      name: `${name}/autoscaler-ceiling`,
      runbook: "autoscaler-ceiling",
      says: `${name} has run at its most replicas, ${service.maxReplicas}, for 15 minutes.`,
      metrics: { replicas: awsMetric("ContainerInsights", "replicas_desired", "Maximum", pods) },
      comparison: "GreaterThanOrEqualToThreshold",
      threshold: service.maxReplicas,
      ...inARow(15),
      missing: "notBreaching",
      notifies: true,
    },
  ];
}
