import type * as aws from "@pulumi/aws";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster/cluster.ts";
import { containerSecurity, podSecurity } from "../cluster/pod-security.ts";
import { ServiceAccountRole } from "../cluster/service-account-role.ts";
import type { Resources } from "../resources/resources.ts";

export interface KedaArgs {
  cluster: Pick<Cluster, "identity">;
  clusterName: string;
  /** Whether a service is scaled by the load balancer's requests. */
  requests: boolean;
  /** ARNs of the queues that services are scaled by. */
  queues: string[];
  /** Those of `resources`, by name. */
  queueResources: string[];
  resources: Pick<Resources, "linksOf">;
}

const namespace = "kube-system";
const serviceAccount = "keda-operator";
/** The newest one (kedacore/charts, 2026-08); chart and KEDA have the same version. */
// renovate: datasource=helm depName=keda registryUrl=https://kedacore.github.io/charts
const chartVersion = "2.20.2";

/**
 * KEDA: gives the HorizontalPodAutoscaler that it makes for a ScaledObject metrics from outside the
 * cluster, and takes pods to zero and back. Nothing when no service needs it.
 *
 * Whatever is scaled by it must depend on the component: the chart brings the definition of
 * ScaledObjects, and only a running operator removes their `finalizer.keda.sh`. `helm uninstall` deletes
 * the operator before the definitions, which then wait for such objects for ever
 * (github.com/kedacore/keda/issues/4898).
 */
export class Keda extends pulumi.ComponentResource {
  constructor(name: string, args: KedaArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:addons:Keda", name, {}, opts);
    const parent = { parent: this };
    const uses = Object.fromEntries(args.queueResources.map((queue) => [queue, "read" as const]));
    const links = args.resources.linksOf(uses);
    const queues = [...args.queues, ...links.flatMap(({ queue }) => queue?.arn ?? [])];
    if (args.requests || queues.length > 0) {
      const policy = kedaPolicy(args.requests, queues);
      const role = new ServiceAccountRole(
        name,
        { identity: args.cluster.identity, namespace, serviceAccount, policy },
        parent,
      );
      new kubernetes.helm.v3.Release(
        name,
        {
          name: "keda",
          namespace,
          chart: "keda",
          version: chartVersion,
          repositoryOpts: { repo: "https://kedacore.github.io/charts" },
          // A release that fails is taken back whole, so that the next update starts clean.
          atomic: true,
          timeout: 600,
          values: values(args, role),
        },
        { ...parent, dependsOn: role },
      );
    }
    this.registerOutputs();
  }
}

/**
 * What its scalers call (KEDA's documentation 2.20: aws-cloudwatch, aws-sqs-queue). GetMetricData takes
 * neither resources nor condition keys (Service Authorization Reference, Amazon CloudWatch).
 */
function kedaPolicy(requests: boolean, queues: pulumi.Input<string>[]): aws.iam.PolicyDocument {
  return {
    Version: "2012-10-17",
    Statement: [
      ...(requests
        ? [
            {
              Sid: "LoadBalancerMetrics",
              Effect: "Allow" as const,
              Action: "cloudwatch:GetMetricData",
              Resource: "*",
            },
          ]
        : []),
      ...(queues.length > 0
        ? [
            {
              Sid: "Queues",
              Effect: "Allow" as const,
              Action: "sqs:GetQueueAttributes",
              Resource: queues,
            },
          ]
        : []),
    ],
  };
}

/** As the chart's values.yaml names them. */
function values({ clusterName, cluster }: KedaArgs, role: ServiceAccountRole) {
  const resources = {
    requests: { cpu: "100m", memory: "128Mi" },
    limits: { cpu: "500m", memory: "512Mi" },
  };
  return {
    clusterName,
    // Its own default is the name of the operator.
    ...("oidc" in cluster.identity
      ? { podIdentity: { aws: { irsa: { enabled: true, roleArn: role.arn } } } }
      : { serviceAccount: { operator: { name: role.serviceAccount } } }),
    // One of each works. The node that is lost may be its own; and while no metrics server answers, no
    // namespace is deleted, for its API is not known to be empty.
    operator: { name: serviceAccount, replicaCount: 2 },
    metricsServer: { replicaCount: 2 },
    podDisruptionBudget: { operator: { maxUnavailable: 1 }, metricServer: { maxUnavailable: 1 } },
    topologySpreadConstraints: {
      operator: [overNodes(serviceAccount)],
      metricsServer: [overNodes(`${serviceAccount}-metrics-apiserver`)],
    },
    // They refuse a ScaledObject while the HorizontalPodAutoscaler that it replaces is still there. What
    // else they look for, the rules of the settings do.
    webhooks: { enabled: false },
    resources: { operator: resources, metricServer: resources },
    podSecurityContext: { operator: podSecurity, metricServer: podSecurity },
    securityContext: { operator: containerSecurity, metricServer: containerSecurity },
    // Deployments alone are scaled, and no trigger has a Secret.
    rbac: { enabledCustomScaledRefKinds: false },
    permissions: {
      operator: { restrict: { secret: true } },
      metricServer: { restrict: { secret: true } },
    },
    image: { pullPolicy: "IfNotPresent" },
  };
}

const overNodes = (app: string) => ({
  maxSkew: 1,
  topologyKey: "kubernetes.io/hostname",
  whenUnsatisfiable: "ScheduleAnyway",
  labelSelector: { matchLabels: { app } },
});
