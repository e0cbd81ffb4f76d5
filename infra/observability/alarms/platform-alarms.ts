import type * as pulumi from "@pulumi/pulumi";
import { awsMetric, type Watched } from "../metrics.ts";
import { type AlarmRule, fewestFailures, inARow } from "./alarm-rules.ts";

/** What can go wrong with what all services share. */
export function platformRules({ clusterName, loadBalancer, certificates }: Watched): AlarmRule[] {
  const balancer = { LoadBalancer: loadBalancer };
  const nodes = { ClusterName: clusterName };
  return [
    {
      name: "balancer-errors",
      runbook: "balancer-errors",
      says: "The load balancer itself answered more than 1 % of all requests with 5xx, for 10 minutes.",
      metrics: {
        // Requests for which it found no target are not among those that it counts.
        requests: awsMetric("AWS/ApplicationELB", "RequestCount", "Sum", balancer),
        failed: awsMetric("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "Sum", balancer),
      },
      expression: `IF(failed < ${fewestFailures}, 0, 100 * failed / (FILL(requests, 0) + failed))`,
      comparison: "GreaterThanThreshold",
      threshold: 1,
      ...inARow(2, "of 5 minutes"),
      // It counts failures only when there are some.
      missing: "notBreaching",
      notifies: true,
    },
    {
      name: "node-cpu",
      runbook: "node-cpu",
      says: "The nodes have used more than 85 % of their CPU for 15 minutes, or tell nothing about it.",
      metrics: { used: awsMetric("ContainerInsights", "node_cpu_utilization", "Average", nodes) },
      comparison: "GreaterThanThreshold",
      threshold: 85,
      ...inARow(3, "of 5 minutes"),
      // Nodes that tell nothing have no agent, and then no alarm on pods can go off.
      missing: "breaching",
      notifies: true,
    },
    {
      name: "node-memory",
      runbook: "node-memory",
      says: "A node has used more than 90 % of its memory for 15 minutes.",
      metrics: {
        used: awsMetric("ContainerInsights", "node_memory_utilization", "Maximum", nodes),
      },
      comparison: "GreaterThanThreshold",
      threshold: 90,
      ...inARow(3, "of 5 minutes"),
      missing: "notBreaching",
      notifies: true,
    },
    {
      name: "node-disk",
      runbook: "node-disk",
      // At 85 % a kubelet deletes images, at 90 % it evicts pods.
      says: "A node's disk has been more than 80 % full for 15 minutes.",
      metrics: {
        used: awsMetric("ContainerInsights", "node_filesystem_utilization", "Maximum", nodes),
      },
      comparison: "GreaterThanThreshold",
      threshold: 80,
      ...inARow(3, "of 5 minutes"),
      missing: "notBreaching",
      notifies: true,
    },
    ...certificates.map((arn, at) => certificateRule(arn, at)),
  ];
}

/** ACM renews what it issued 45 days before its end at the latest; nobody renews what was imported. */
const fewestDays = 30;

function certificateRule(arn: pulumi.Input<string>, at: number): AlarmRule {
  return {
    name: at === 0 ? "certificate" : `certificate-${at + 1}`,
    runbook: "certificate",
    says: `A certificate of the load balancer ends in less than ${fewestDays} days.`,
    metrics: {
      days: awsMetric("AWS/CertificateManager", "DaysToExpiry", "Minimum", { CertificateArn: arn }),
    },
    comparison: "LessThanThreshold",
    threshold: fewestDays,
    ...inARow(1, "of a day"),
    missing: "notBreaching",
    notifies: true,
  };
}
