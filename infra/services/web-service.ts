import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ServiceAccountRole } from "../cluster/service-account-role.ts";
import { ownerOf } from "../preview-environments/preview-environments.ts";
import { drainClock } from "./drain.ts";
import { nameBy, serviceAnnotations } from "./ingress-annotations.ts";
import { networkPolicies } from "./network-policies.ts";
import { containerResources, podSpec, quotaFor, readinessPath, servicePort } from "./pod-spec.ts";
import type { WebServiceArgs } from "./web-service-args.ts";

/**
 * A web service in a namespace of its own, behind the load balancer that all services share.
 *
 * Pods run as an unprivileged user without capabilities on a read-only file system, accept
 * connections from the load balancer's subnets only, and reach DNS, the CloudWatch agent and what
 * `egress` declares.
 * A rollout adds a pod before it takes one away, waits until the load balancer finds the new one
 * healthy (readiness gates), and gives the old one the time of the drain clock.
 *
 * Must depend on the load balancer controller, the cluster and the network as components: the
 * Ingress goes down only while all of them still work. A guest cannot; its namespace goes with its host.
 */
export class WebService extends pulumi.ComponentResource {
  /** Names in the cluster, by which others measure the service. */
  readonly names: Record<"deployment" | "ingress" | "service", pulumi.Output<string>>;

  constructor(name: string, args: WebServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:service:WebService", name, {}, opts);
    const parent = { parent: this };
    const clock = drainClock({ ...args, ...args.ingress });
    const selector = { "app.kubernetes.io/name": args.name };
    const labels = { ...selector, "app.kubernetes.io/part-of": "platform" };

    const namespace = new kubernetes.core.v1.Namespace(
      name,
      {
        metadata: {
          name: args.name,
          ...(args.host && { ownerReferences: [ownerOf(args.host)] }),
          labels: {
            ...labels,
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/warn": "restricted",
            "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled",
          },
        },
      },
      parent,
    );
    const metadata = { namespace: namespace.metadata.name, labels };

    const quota = new kubernetes.core.v1.ResourceQuota(
      name,
      { metadata, spec: { hard: quotaFor(args) } },
      parent,
    );
    const limits = new kubernetes.core.v1.LimitRange(
      name,
      {
        metadata,
        spec: { limits: [{ type: "Container", ...containerResources(args, "default") }] },
      },
      parent,
    );
    const policies = networkPolicies(args, selector).map(
      ([suffix, spec]) =>
        new kubernetes.networking.v1.NetworkPolicy(`${name}-${suffix}`, { metadata, spec }, parent),
    );

    const role =
      args.cluster &&
      new ServiceAccountRole(
        name,
        {
          oidc: args.cluster.oidc,
          namespace: args.name,
          serviceAccount: args.name,
          policyArns: args.policyArns,
        },
        parent,
      );
    const serviceAccount = new kubernetes.core.v1.ServiceAccount(
      name,
      {
        metadata: {
          ...metadata,
          name: args.name,
          ...(role && { annotations: { "eks.amazonaws.com/role-arn": role.arn } }),
        },
        automountServiceAccountToken: false,
      },
      { ...parent, ...(role && { dependsOn: role }) },
    );

    const service = new kubernetes.core.v1.Service(
      name,
      {
        metadata: {
          ...metadata,
          // Endpoints follow with the Deployment, which comes after the Ingress.
          annotations: { "pulumi.com/skipAwait": "true" },
        },
        spec: { selector, ports: [{ name: servicePort, port: 80, targetPort: "http" }] },
      },
      parent,
    );
    const ingress = new kubernetes.networking.v1.Ingress(
      nameBy(args.ingress.scheme, name),
      {
        metadata: {
          ...metadata,
          annotations: {
            ...serviceAnnotations({
              ...args,
              ...args.ingress,
              clock,
              healthCheckPath: readinessPath,
            }),
            "pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress[0].hostname}",
          },
        },
        spec: {
          ingressClassName: "alb",
          rules: [
            {
              host: args.route.host,
              http: {
                paths: [
                  {
                    path: args.route.path,
                    pathType: "Prefix",
                    backend: {
                      service: { name: service.metadata.name, port: { name: servicePort } },
                    },
                  },
                ],
              },
            },
          ],
        },
      },
      // Deleting waits until the controller has removed the rules and its finalizer.
      { ...parent, customTimeouts: { create: "15m", delete: "15m" } },
    );

    // Readiness gates are given to pods that are made after the load balancer's target group.
    const deployment = new kubernetes.apps.v1.Deployment(
      name,
      {
        metadata,
        spec: {
          replicas: args.minReplicas,
          revisionHistoryLimit: 5,
          progressDeadlineSeconds: clock.progressDeadlineSeconds,
          selector: { matchLabels: selector },
          strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
          template: {
            metadata: { labels },
            spec: podSpec(args, clock, selector, serviceAccount.metadata.name),
          },
        },
      },
      {
        ...parent,
        dependsOn: [ingress, quota, limits, ...policies],
        // The autoscaler owns the number of replicas from here on.
        ignoreChanges: ["spec.replicas"],
        // A guest may well be broken, and others wait for their turn.
        customTimeouts: args.host
          ? { create: "6m", update: "6m" }
          : { create: "15m", update: "30m" },
      },
    );
    new kubernetes.policy.v1.PodDisruptionBudget(
      name,
      { metadata, spec: { maxUnavailable: 1, selector: { matchLabels: selector } } },
      parent,
    );
    new kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
      name,
      {
        metadata,
        spec: {
          scaleTargetRef: {
            apiVersion: "apps/v1",
            kind: "Deployment",
            name: deployment.metadata.name,
          },
          minReplicas: args.minReplicas,
          maxReplicas: args.maxReplicas,
          metrics: [
            {
              type: "Resource",
              resource: {
                name: "cpu",
                target: { type: "Utilization", averageUtilization: args.targetCpuPercent },
              },
            },
          ],
        },
      },
      parent,
    );

    this.names = {
      deployment: deployment.metadata.name,
      ingress: ingress.metadata.name,
      service: service.metadata.name,
    };
    this.registerOutputs();
  }
}
