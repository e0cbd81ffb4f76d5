import { longestGapSeconds } from "../../config/cron.ts";
import { startingDeadlineSeconds } from "../../services/job.ts";
import { jobMetric } from "../job-metrics.ts";
import { awsMetric, type Watched, type WatchedJob } from "../metrics.ts";
import { type AlarmRule, inARow } from "./alarm-rules.ts";

/** Of its deadline a run may take so much before somebody is told. */
const share = 0.8;
const [minute, hour, day] = [60, 3600, 86_400];
/** CloudWatch looks back so far by minutes, and so far by hours. */
const [mostByMinutes, mostByHours] = [day, 7 * day];
/** CloudWatch keeps a new alarm silent for so long at most. */
const mostWarmUpSeconds = 2 * day;

/** What can go wrong with one job. */
export function jobRules(watched: Watched, job: WatchedJob): AlarmRule[] {
  return [longRun(watched, job), failedRun(watched, job), ...missingRun(watched, job)];
}

/**
 * A run that is near its deadline, at which Kubernetes ends it. Container Insights counts the running
 * pods of a namespace, and a job has its own.
 */
function longRun({ clusterName }: Watched, { name, deadlineSeconds }: WatchedJob): AlarmRule {
  const seconds = Math.min(deadlineSeconds * share, mostByMinutes);
  const minutes = Math.max(1, Math.floor(seconds / minute));
  return {
    name: `${name}/long-run`,
    runbook: "long-run",
    says: `The job ${name} has run for ${minutes} minutes; it is ended after ${Math.round(deadlineSeconds / minute)}.`,
    metrics: {
      pods: awsMetric("ContainerInsights", "namespace_number_of_running_pods", "Maximum", {
        ClusterName: clusterName,
        Namespace: name,
      }),
    },
    comparison: "GreaterThanOrEqualToThreshold",
    threshold: 1,
    ...inARow(minutes),
    // Of a minute without pods there is no data, and another run begins anew.
    missing: "notBreaching",
    notifies: true,
  };
}

/** A run that has used up its retries or its deadline. */
function failedRun(watched: Watched, job: WatchedJob): AlarmRule {
  return {
    name: `${job.name}/failed-run`,
    runbook: "failed-run",
    says: `A run of the job ${job.name} has failed.`,
    metrics: { failed: jobMetric(watched, job, "failed") },
    comparison: "GreaterThanOrEqualToThreshold",
    threshold: 1,
    ...inARow(1, "of 15 minutes"),
    // Only a failure is counted.
    missing: "notBreaching",
    notifies: true,
  };
}

/**
 * No run that has completed for longer than the schedule can explain. Nothing of a job by hand, and
 * nothing of a schedule whose gaps CloudWatch cannot look back over.
 */
function missingRun(watched: Watched, job: WatchedJob): AlarmRule[] {
  const { name } = job;
  const seconds = longestPauseSeconds(job);
  if (seconds > mostByHours) return [];
  const range =
    seconds > mostByMinutes
      ? inARow(Math.ceil(seconds / hour), "of an hour")
      : inARow(Math.ceil(seconds / minute));
  const { periods, periodSeconds } = range;
  return [
    {
      name: `${name}/missing-run`,
      runbook: "missing-run",
      says: `No run of the job ${name} has completed for ${periods} ${periodSeconds === hour ? "hours" : "minutes"}.`,
      metrics: { completed: jobMetric(watched, job, "completed") },
      // Else CloudWatch looks for data before these periods, and takes what it finds.
      expression: "FILL(completed, 0)",
      comparison: "LessThanThreshold",
      threshold: 1,
      ...range,
      missing: "breaching",
      warmUpSeconds: Math.min(periods * periodSeconds, mostWarmUpSeconds),
      notifies: true,
    },
  ];
}

/** After a run's begin the next has completed so long after it at the latest; Infinity of a job by hand. */
export function longestPauseSeconds({
  schedule,
  timeZone,
  deadlineSeconds,
}: Omit<WatchedJob, "name">): number {
  if (schedule === undefined) return Number.POSITIVE_INFINITY;
  // Where clocks change, a night has an hour more.
  const extraHour = timeZone === "Etc/UTC" ? 0 : hour;
  return longestGapSeconds(schedule) + extraHour + startingDeadlineSeconds + deadlineSeconds;
}
