import type { Resource } from "../../tools/graph/resource.ts";

/** The alarms of a plan in the format of CloudWatch. `ringing`: the names of those in state ALARM. */
export function described(resources: Resource[], ringing: string[] = []) {
  const of = (type: string) => resources.filter((one) => one.type === `aws:cloudwatch/${type}`);
  const common = ({ inputs, outputs }: Resource) => {
    const AlarmName = String(inputs.name ?? inputs.alarmName);
    return {
      AlarmName,
      AlarmArn: outputs.arn,
      ActionsEnabled: true,
      OKActions: inputs.okActions ?? [],
      AlarmActions: inputs.alarmActions ?? [],
      InsufficientDataActions: [],
      StateValue: ringing.includes(AlarmName) ? "ALARM" : "OK",
    };
  };
  return {
    MetricAlarms: of("metricAlarm:MetricAlarm").map((one) => ({
      ...common(one),
      EvaluationPeriods: one.inputs.evaluationPeriods,
      Threshold: one.inputs.threshold,
      ComparisonOperator: one.inputs.comparisonOperator,
      TreatMissingData: one.inputs.treatMissingData,
      Metrics: one.inputs.metricQueries.map(
        ({ id, expression, label, returnData, metric }: Query) => ({
          Id: id,
          ...(expression && { Expression: expression, Label: label }),
          ...(metric && {
            MetricStat: {
              Metric: { Namespace: metric.namespace, MetricName: metric.metricName },
              Period: metric.period,
              Stat: metric.stat,
            },
          }),
          ReturnData: returnData,
        }),
      ),
    })),
    CompositeAlarms: of("compositeAlarm:CompositeAlarm").map((one) => ({
      ...common(one),
      AlarmRule: one.inputs.alarmRule,
    })),
  };
}

interface Query {
  id: string;
  expression?: string;
  label?: string;
  returnData: boolean;
  metric?: { namespace: string; metricName: string; period: number; stat: string };
}

/** A Deployment in the format of the Kubernetes API. */
export function deployment(
  name: string,
  rollout: "goes on" | "over" | "stuck",
  labels: Record<string, string> = { "app.kubernetes.io/part-of": "platform" },
) {
  const replicaSet = `${name}-5d59d67564`;
  const said = {
    "goes on": ["True", "ReplicaSetUpdated", `ReplicaSet "${replicaSet}" is progressing.`],
    over: [
      "True",
      "NewReplicaSetAvailable",
      `ReplicaSet "${replicaSet}" has successfully progressed.`,
    ],
    stuck: [
      "False",
      "ProgressDeadlineExceeded",
      `ReplicaSet "${replicaSet}" has timed out progressing.`,
    ],
  };
  const [status, reason, message] = said[rollout];
  const at = "2026-11-27T08:00:00Z";
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: name, labels, generation: 2 },
    status: {
      observedGeneration: 2,
      replicas: 3,
      updatedReplicas: 1,
      conditions: [
        {
          type: "Available",
          status: "True",
          reason: "MinimumReplicasAvailable",
          message: "Deployment has minimum availability.",
          lastTransitionTime: at,
          lastUpdateTime: at,
        },
        {
          type: "Progressing",
          status,
          reason,
          message,
          lastTransitionTime: at,
          lastUpdateTime: at,
        },
      ],
    },
  };
}
