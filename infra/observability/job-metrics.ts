import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Metric, Watched, WatchedJob } from "./metrics.ts";

export interface JobMetricsArgs extends Pick<Watched, "clusterName"> {
  /** Has the control plane's audit log. */
  logGroup: pulumi.Input<string>;
}

/** The conditions of a Job by which a run has ended, and the metrics that count them. */
const endings = {
  completed: { condition: "Complete", metric: "JobsCompleted" },
  failed: { condition: "Failed", metric: "JobsFailed" },
} as const;

/**
 * Counts the runs of Jobs by namespace, each once: those that have completed, and those that have failed.
 *
 * The job controller writes the last condition of a Job by one update of its status, and no other after
 * it (pkg/controller/job/job_controller.go of Kubernetes 1.36). EKS logs what the API server answers to
 * it (EKS Best Practices, auditing and logging: batch at RequestResponse).
 */
export class JobMetrics extends pulumi.ComponentResource {
  constructor(name: string, args: JobMetricsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:observability:JobMetrics", name, {}, opts);
    for (const [ending, { condition, metric }] of Object.entries(endings)) {
      new aws.cloudwatch.LogMetricFilter(
        `${name}-${ending}`,
        {
          logGroupName: args.logGroup,
          pattern: patternOf(condition),
          metricTransformation: {
            namespace: namespaceOf(args),
            name: metric,
            value: "1",
            dimensions: { Namespace: "$.objectRef.namespace" },
          },
        },
        { parent: this },
      );
    }
    this.registerOutputs();
  }
}

/** Clusters of one account may have jobs of one name. */
function namespaceOf({ clusterName }: Pick<Watched, "clusterName">): string {
  return `Platform/Job/${clusterName}`;
}

function patternOf(condition: string): string {
  const terms = {
    "objectRef.apiGroup": "batch",
    "objectRef.resource": "jobs",
    "objectRef.subresource": "status",
    // Before the last condition stands FailureTarget or SuccessCriteriaMet.
    "responseObject.status.conditions[*].type": condition,
  };
  return `{ ${Object.entries(terms)
    .map(([field, value]) => `$.${field} = "${value}"`)
    .join(" && ")} }`;
}

/** How many runs of a job have ended so; no data where none has. */
export function jobMetric(
  watched: Pick<Watched, "clusterName">,
  { name }: Pick<WatchedJob, "name">,
  ending: keyof typeof endings,
): Metric {
  return {
    namespace: namespaceOf(watched),
    name: endings[ending].metric,
    dimensions: { Namespace: name },
    statistic: "Sum",
  };
}
