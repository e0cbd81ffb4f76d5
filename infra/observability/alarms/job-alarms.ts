import { awsMetric, type Watched, type WatchedJob } from "../metrics.ts";
import { type AlarmRule, inARow } from "./alarm-rules.ts";

/** Of its deadline a run may take so much before somebody is told. */
const share = 0.8;
/** CloudWatch looks back at most a day. */
const mostSeconds = 86_400;

/**
 * A run that is near its deadline, at which Kubernetes ends it. Container Insights counts the running
 * pods of a namespace, and a job has its own. It tells nothing of a pod that has ended: a run that
 * failed, or was never started, no metric shows (podstore.go of the agent's receiver).
 */
export function jobRules({ clusterName }: Watched, job: WatchedJob): AlarmRule[] {
  const { name, deadlineSeconds } = job;
  const seconds = Math.min(deadlineSeconds * share, mostSeconds);
  const minutes = Math.max(1, Math.floor(seconds / 60));
  return [
    {
      name: `${name}/long-run`,
      runbook: "long-run",
      says: `The job ${name} has run for ${minutes} minutes; it is ended after ${Math.round(deadlineSeconds / 60)}.`,
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
    },
  ];
}
