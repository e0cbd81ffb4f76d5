import type { types } from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { OidcProvider, ServiceAccountRoleArgs } from "../cluster/service-account-role.ts";
import { ownerOf } from "../preview-environments/preview-environments.ts";
import type { DrainClock } from "./drain.ts";
import { serviceAnnotations } from "./ingress-annotations.ts";
import { containerResources, podSpec, quotaFor, readinessPath, servicePort } from "./pod-spec.ts";
import type { WebServiceArgs } from "./web-service-args.ts";

/** Selects the pods of a service; a Deployment's selector cannot change. */
export const selectorOf = ({ name }: Pick<WebServiceArgs, "name">) => ({
  "app.kubernetes.io/name": name,
});

export const labelsOf = (args: Pick<WebServiceArgs, "name">) => ({
  ...selectorOf(args),
  "app.kubernetes.io/part-of": "platform",
});

/** Endpoints follow with the Deployment, which comes after the Ingress. */
export const withoutAwait = { "pulumi.com/skipAwait": "true" };

export function namespaceMetadata(args: WebServiceArgs): types.input.meta.v1.ObjectMeta {
  return {
    name: args.name,
    ...(args.host && { ownerReferences: [ownerOf(args.host)] }),
    labels: {
      ...labelsOf(args),
      "pod-security.kubernetes.io/enforce": "restricted",
      "pod-security.kubernetes.io/warn": "restricted",
      "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled",
    },
  };
}

export const quotaSpec = (args: WebServiceArgs) => ({ hard: quotaFor(args) });

/** Pods that need a role on AWS get a token of its own audience. */
export const noToken = { automountServiceAccountToken: false };

/** The defaults of containers that state no resources. */
export function limitRangeSpec(args: WebServiceArgs): types.input.core.v1.LimitRangeSpec {
  return { limits: [{ type: "Container", ...containerResources(args, "default") }] };
}

export function roleArgs(args: WebServiceArgs, oidc: OidcProvider): ServiceAccountRoleArgs {
  const { name, policyArns } = args;
  return { oidc, namespace: name, serviceAccount: name, policyArns };
}

export function serviceAccountMetadata(
  { name }: Pick<WebServiceArgs, "name">,
  role: { arn: pulumi.Output<string> } | undefined,
): types.input.meta.v1.ObjectMeta {
  return { name, ...(role && { annotations: { "eks.amazonaws.com/role-arn": role.arn } }) };
}

export function serviceSpec(selector: Record<string, string>): types.input.core.v1.ServiceSpec {
  return { selector, ports: [{ name: servicePort, port: 80, targetPort: "http" }] };
}

export function ingressAnnotations(
  args: WebServiceArgs,
  clock: DrainClock,
): Record<string, pulumi.Input<string>> {
  const healthCheckPath = readinessPath;
  return {
    ...serviceAnnotations({ ...args, ...args.ingress, clock, healthCheckPath }),
    "pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress[0].hostname}",
  };
}

export function ingressSpec(
  { route: { host, path } }: Pick<WebServiceArgs, "route">,
  service: pulumi.Input<string>,
): types.input.networking.v1.IngressSpec {
  const backend = { service: { name: service, port: { name: servicePort } } };
  return {
    ingressClassName: "alb",
    rules: [{ host, http: { paths: [{ path, pathType: "Prefix", backend }] } }],
  };
}

/** A rollout adds a pod before it takes one away. */
export function deploymentSpec(
  args: WebServiceArgs,
  clock: DrainClock,
  serviceAccount: pulumi.Output<string>,
): types.input.apps.v1.DeploymentSpec {
  const selector = selectorOf(args);
  return {
    replicas: args.minReplicas,
    revisionHistoryLimit: 5,
    progressDeadlineSeconds: clock.progressDeadlineSeconds,
    selector: { matchLabels: selector },
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: {
      metadata: { labels: labelsOf(args) },
      spec: podSpec(args, clock, selector, serviceAccount),
    },
  };
}

export function rolloutOptions({ host }: Pick<WebServiceArgs, "host">) {
  return {
    // The HorizontalPodAutoscaler owns the number of replicas after the creation.
    ignoreChanges: ["spec.replicas"],
    // A preview environment may well be broken, and others wait for their turn.
    customTimeouts: host ? { create: "6m", update: "6m" } : { create: "15m", update: "30m" },
  };
}

export function budgetSpec(
  selector: Record<string, string>,
): types.input.policy.v1.PodDisruptionBudgetSpec {
  return { maxUnavailable: 1, selector: { matchLabels: selector } };
}

export function autoscalerSpec(
  { minReplicas, maxReplicas, targetCpuPercent }: WebServiceArgs,
  deployment: pulumi.Input<string>,
): types.input.autoscaling.v2.HorizontalPodAutoscalerSpec {
  const target = { type: "Utilization", averageUtilization: targetCpuPercent };
  return {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: deployment },
    minReplicas,
    maxReplicas,
    metrics: [{ type: "Resource", resource: { name: "cpu", target } }],
  };
}
