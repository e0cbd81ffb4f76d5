import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { loadBalancerSuffix, type MadeBy, targetGroupSuffix } from "./balancer-lookup.ts";
import { needsKeda, queueOf } from "./keda-needs.ts";
import type { Ground } from "./namespace.ts";
import type { ServiceArgs } from "./service-args.ts";

interface Trigger {
  type: string;
  metricType: "Utilization" | "AverageValue";
  metadata: Record<string, pulumi.Input<string>>;
  useCachedMetrics?: boolean;
  authenticationRef?: { name: pulumi.Input<string> };
}

export interface ScaledArgs {
  service: ServiceArgs;
  metadata: Ground["metadata"];
  deployment: pulumi.Output<string>;
  /** What the load balancer sends its requests to. */
  routed:
    | { ingress: kubernetes.networking.v1.Ingress; service: kubernetes.core.v1.Service }
    | undefined;
}

const keda = "keda.sh/v1alpha1";

/**
 * What changes the number of a service's pods: a HorizontalPodAutoscaler, or a ScaledObject, of which
 * KEDA makes one. They are never both: two of them leave the pods as they are (AmbiguousSelector).
 */
export function makeScaler(
  name: string,
  args: ScaledArgs,
  parent: { parent: pulumi.Resource },
): void {
  const { service, metadata, deployment } = args;
  if (!needsKeda(service)) {
    new kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
      name,
      { metadata, spec: autoscalerSpec(service, deployment) },
      parent,
    );
    return;
  }
  // An update that removes both deletes them in the order of their own edges: a component that stays
  // hands none on to what is deleted in it.
  const afterKeda = { ...parent, ...(service.keda && { dependsOn: service.keda }) };
  // In the name of the operator's own role (infra/addons/keda.ts).
  const authentication = new kubernetes.apiextensions.CustomResource(
    name,
    {
      apiVersion: keda,
      kind: "TriggerAuthentication",
      metadata,
      spec: { podIdentity: { provider: "aws" } },
    },
    afterKeda,
  );
  const triggers: Trigger[] = [
    ...ofPods(service),
    ...outside(args, authentication.metadata.name, parent),
  ];
  new kubernetes.apiextensions.CustomResource(
    name,
    {
      apiVersion: keda,
      kind: "ScaledObject",
      metadata: { ...metadata, annotations: { "pulumi.com/waitFor": "condition=Ready" } },
      spec: {
        scaleTargetRef: { name: deployment },
        minReplicaCount: service.minReplicas,
        maxReplicaCount: service.maxReplicas,
        // Gone, it would leave nothing behind that could start a pod again: a HorizontalPodAutoscaler
        // does nothing for a Deployment without pods.
        advanced: { restoreToOriginalReplicaCount: service.minReplicas === 0 },
        triggers,
      },
    },
    afterKeda,
  );
}

type Targets = Pick<
  ServiceArgs,
  "minReplicas" | "maxReplicas" | "targetCpuPercent" | "targetMemoryPercent"
>;

const utilizations = ({ targetCpuPercent, targetMemoryPercent }: Targets) => [
  { name: "cpu", percent: targetCpuPercent },
  ...(targetMemoryPercent === undefined ? [] : [{ name: "memory", percent: targetMemoryPercent }]),
];

function autoscalerSpec(
  targets: Targets,
  deployment: pulumi.Input<string>,
): kubernetes.types.input.autoscaling.v2.HorizontalPodAutoscalerSpec {
  const { minReplicas, maxReplicas } = targets;
  return {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: deployment },
    minReplicas,
    maxReplicas,
    metrics: utilizations(targets).map(({ name, percent }) => ({
      type: "Resource",
      resource: { name, target: { type: "Utilization", averageUtilization: percent } },
    })),
  };
}

const ofPods = (targets: Targets): Trigger[] =>
  utilizations(targets).map(({ name, percent }) => ({
    type: name,
    metricType: "Utilization",
    metadata: { value: String(percent) },
  }));

/** By AWS's numbers, asked for once in 30 seconds (KEDA's pollingInterval) and not for each sync. */
function outside(
  { service, metadata, routed }: ScaledArgs,
  name: pulumi.Output<string>,
  opts: pulumi.InvokeOptions,
): Trigger[] {
  const { scale, place, clusterName, ingress } = service;
  const common = {
    metricType: "AverageValue" as const,
    useCachedMetrics: true,
    authenticationRef: { name },
  };
  const queue = scale?.queue && queueToScaleBy(scale.queue, service);
  return [
    ...(scale?.requestsPerSecond !== undefined && routed
      ? [
          {
            type: "aws-cloudwatch",
            ...common,
            metadata: {
              awsRegion: place.region,
              ...requestMetric(scale.requestsPerSecond, { metadata, routed }, opts, {
                clusterName,
                scheme: ingress.scheme,
                made: routed.ingress.status,
              }),
            },
          },
        ]
      : []),
    ...(scale?.queue && queue
      ? [
          {
            type: "aws-sqs-queue",
            ...common,
            metadata: {
              awsRegion: queue.region,
              queueURL: queue.url,
              queueLength: String(scale.queue.messagesPerPod),
            },
          },
        ]
      : []),
  ];
}

/** Of the account, by name or URL, or of the resources that the service uses. */
function queueToScaleBy(
  { name, resource }: NonNullable<NonNullable<ServiceArgs["scale"]>["queue"]>,
  { place, links }: Pick<ServiceArgs, "place" | "links">,
): { url: pulumi.Input<string>; region: string } | undefined {
  if (name !== undefined) return queueOf(name, place);
  const queue = links.find((link) => link.resource === resource)?.queue;
  return queue && { url: queue.url, region: place.region };
}

/**
 * The service's requests in a minute, which Kubernetes divides by its pods. Not RequestCountPerTarget:
 * that is divided already, minutes ago, and would make of twice the load ever more pods until the
 * number is heard of.
 */
function requestMetric(
  requestsPerSecond: number,
  {
    metadata,
    routed,
  }: Pick<ScaledArgs, "metadata"> & { routed: NonNullable<ScaledArgs["routed"]> },
  opts: pulumi.InvokeOptions,
  made: MadeBy,
): Trigger["metadata"] {
  const targetGroup = targetGroupSuffix(
    {
      namespace: metadata.namespace,
      ingress: routed.ingress.metadata.name,
      service: routed.service.metadata.name,
    },
    made,
    opts,
  );
  return {
    namespace: "AWS/ApplicationELB",
    metricName: "RequestCount",
    dimensionName: "LoadBalancer;TargetGroup",
    dimensionValue: pulumi.interpolate`${loadBalancerSuffix(made, opts)};${targetGroup}`,
    metricStat: "Sum",
    metricStatPeriod: "60",
    metricCollectionTime: "300",
    // The last minute is not complete.
    metricEndTimeOffset: "60",
    targetMetricValue: String(60 * requestsPerSecond),
    // Of a minute without requests there is no data point.
    minMetricValue: "0",
  };
}
