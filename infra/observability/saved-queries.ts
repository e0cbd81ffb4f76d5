import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface SavedQueriesArgs {
  clusterName: string;
  /** Where the pods' logs are. */
  logGroup: pulumi.Input<string>;
}

/**
 * What people ask of the services' logs, in CloudWatch Logs Insights; they cost nothing until they
 * run. Fluent Bit keeps what a pod wrote as `log_processed`, beside what it knows of the pod.
 */
export const queries = {
  "errors by route": `filter log_processed.message = "request" and log_processed.status >= 500
| stats count(*) as errors by kubernetes.namespace_name, log_processed.route, log_processed.status
| sort errors desc`,
  "slowest requests": `filter log_processed.message = "request"
| sort log_processed.durationMs desc
| limit 50
| display @timestamp, kubernetes.namespace_name, kubernetes.pod_name, log_processed.method, log_processed.route, log_processed.status, log_processed.durationMs, log_processed.traceId, log_processed.requestId`,
  "request by trace id": `filter log_processed.traceId = "1-00000000-000000000000000000000000"
| sort @timestamp asc
| display @timestamp, kubernetes.namespace_name, kubernetes.pod_name, log_processed.level, log_processed.message, log_processed.requestId, log_processed.method, log_processed.route, log_processed.status, log_processed.durationMs`,
};

/** The queries above, in a folder of the cluster's name. */
export class SavedQueries extends pulumi.ComponentResource {
  constructor(name: string, args: SavedQueriesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:observability:SavedQueries", name, {}, opts);
    for (const [title, queryString] of Object.entries(queries)) {
      new aws.cloudwatch.QueryDefinition(
        `${name}-${title.replaceAll(" ", "-")}`,
        { name: `${args.clusterName}/${title}`, logGroupNames: [args.logGroup], queryString },
        { parent: this },
      );
    }
    this.registerOutputs();
  }
}
