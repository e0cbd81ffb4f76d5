import { type Reading, readValue } from "../readings.ts";
import type { ClusterStatus, JobStatus, ServiceStatus, StackStatus } from "./stack-status.ts";

/** A certificate that ends sooner is broken: ACM begins to renew 60 days before. */
const certificateDays = 14;

/**
 * What is broken, a sentence each. Parts that could not be read are not broken, nor is what a stack lacks
 * while it sleeps: pods, nodes, and add-ons that run on them.
 */
export function findingsOf({ services, jobs, cluster, alarms, at, asleep }: StackStatus): string[] {
  if (asleep) {
    const nothing = { value: [] };
    return cluster ? ofCluster({ ...cluster, nodes: nothing, addons: nothing }, at) : [];
  }
  return [
    ...services.flatMap(ofService),
    ...jobs.flatMap(ofJob),
    ...(cluster ? ofCluster(cluster, at) : []),
    ...(readValue(alarms) ?? []).map(({ name }) => `The alarm ${name} rings.`),
  ];
}

function ofService({ name, ...status }: ServiceStatus): string[] {
  const found = readValue(status.pods);
  const targets = readValue(status.targets);
  const traffic = readValue(status.traffic);
  const { desired = 0, ready = 0, notReady = [] } = found?.pods ?? {};
  const broken = notReady.filter((pod) => pod.broken);
  const unhealthy = targets?.notHealthy.filter(({ state }) => state === "unhealthy") ?? [];
  return [
    ...(found?.rollout.state === "stuck" ? [`The rollout of ${name} is stuck.`] : []),
    ...(desired > 0 && ready === 0 ? [`No pod of ${name} is ready.`] : []),
    ...(broken.length > 0 && ready > 0
      ? [`${counted(broken.length, "pod")} of ${name} cannot become ready.`]
      : []),
    ...(targets && desired > 0 && targets.healthy === 0
      ? [`The load balancer has no healthy target of ${name}.`]
      : []),
    ...(targets && targets.healthy > 0 && unhealthy.length > 0
      ? [`The load balancer finds ${counted(unhealthy.length, "target")} of ${name} unhealthy.`]
      : []),
    ...(traffic?.broken
      ? [
          `${name} used its budget of the month up 14.4 times as fast as it lasts, in the last hour.`,
        ]
      : []),
  ];
}

const ofJob = ({ name, runs }: JobStatus): string[] =>
  readValue(runs)?.lastRun?.result === "failed" ? [`The last run of ${name} failed.`] : [];

function ofCluster(cluster: ClusterStatus, now: Date): string[] {
  const plane = readValue(cluster.controlPlane);
  return [
    ...(plane && !["ACTIVE", "UPDATING"].includes(plane.status)
      ? [`The cluster is ${plane.status}.`]
      : []),
    ...(plane?.issues ?? []).map((issue) => `The cluster has an issue: ${issue}`),
    ...values(cluster.nodeGroups).flatMap(({ name, issues }) =>
      issues.map((issue) => `The node group ${name} has an issue: ${issue}`),
    ),
    ...(readValue(cluster.nodes) ?? [])
      .filter(({ ready }) => !ready)
      .map(({ name }) => `The node ${name} is not ready.`),
    ...values(cluster.addons)
      .filter(({ status, issues }) => /FAILED|DEGRADED/.test(status) || issues.length > 0)
      .map(({ name, status }) => `The add-on ${name} is ${status}.`),
    ...values(cluster.certificates)
      .filter(
        ({ status, expires }) => status !== "ISSUED" || daysTo(expires, now) < certificateDays,
      )
      .map(({ hostName, status }) =>
        status === "ISSUED"
          ? `The certificate of ${hostName} ends in less than ${certificateDays} days.`
          : `The certificate of ${hostName} is ${status}.`,
      ),
  ];
}

/** Those that could be read. */
export const values = <Value>(list: Reading<Reading<Value>[]>): Value[] =>
  (readValue(list) ?? []).flatMap((one) => ("value" in one ? [one.value] : []));

/** Whole days; without a date there are any number. */
export const daysTo = (date: Date | undefined, now: Date): number =>
  date ? Math.floor((date.getTime() - now.getTime()) / 86_400_000) : Number.POSITIVE_INFINITY;

export const counted = (number: number, of: string): string =>
  `${number} ${of}${number === 1 ? "" : "s"}`;
