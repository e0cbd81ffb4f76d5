import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ServiceAccountRole } from "../cluster/service-account-role.ts";
import { drainClock } from "./drain.ts";
import { nameBy } from "./ingress-annotations.ts";
import { networkPolicies } from "./network-policies.ts";
import {
  autoscalerSpec,
  budgetSpec,
  deploymentSpec,
  ingressAnnotations,
  ingressSpec,
  labelsOf,
  limitRangeSpec,
  namespaceMetadata,
  noToken,
  quotaSpec,
  roleArgs,
  rolloutOptions,
  selectorOf,
  serviceAccountMetadata,
  serviceSpec,
  withoutAwait,
} from "./service-specs.ts";
import type { WebServiceArgs } from "./web-service-args.ts";

const core = kubernetes.core.v1;
const networking = kubernetes.networking.v1;
const policy = kubernetes.policy.v1;
const autoscaling = kubernetes.autoscaling.v2;

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
    const selector = selectorOf(args);

    const namespace = new core.Namespace(name, { metadata: namespaceMetadata(args) }, parent);
    const metadata = { namespace: namespace.metadata.name, labels: labelsOf(args) };
    const quota = new core.ResourceQuota(name, { metadata, spec: quotaSpec(args) }, parent);
    const limits = new core.LimitRange(name, { metadata, spec: limitRangeSpec(args) }, parent);
    const policies = networkPolicies(args, selector).map(
      ([suffix, spec]) =>
        new networking.NetworkPolicy(`${name}-${suffix}`, { metadata, spec }, parent),
    );
    const role =
      args.cluster && new ServiceAccountRole(name, roleArgs(args, args.cluster.oidc), parent);
    const serviceAccount = new core.ServiceAccount(
      name,
      { metadata: { ...metadata, ...serviceAccountMetadata(args, role) }, ...noToken },
      { ...parent, ...(role && { dependsOn: role }) },
    );
    const service = new core.Service(
      name,
      { metadata: { ...metadata, annotations: withoutAwait }, spec: serviceSpec(selector) },
      parent,
    );
    const annotations = ingressAnnotations(args, clock);
    const ingress = new networking.Ingress(
      nameBy(args.ingress.scheme, name),
      { metadata: { ...metadata, annotations }, spec: ingressSpec(args, service.metadata.name) },
      // Deleting waits until the controller has removed the rules and its finalizer.
      { ...parent, customTimeouts: { create: "15m", delete: "15m" } },
    );
    // Readiness gates are given to pods that are made after the load balancer's target group.
    const deployment = new kubernetes.apps.v1.Deployment(
      name,
      { metadata, spec: deploymentSpec(args, clock, serviceAccount.metadata.name) },
      {
        ...parent,
        dependsOn: [ingress, quota, limits, ...policies],
        ...rolloutOptions(args),
      },
    );
    new policy.PodDisruptionBudget(name, { metadata, spec: budgetSpec(selector) }, parent);
    const scaling = autoscalerSpec(args, deployment.metadata.name);
    new autoscaling.HorizontalPodAutoscaler(name, { metadata, spec: scaling }, parent);

    this.names = {
      deployment: deployment.metadata.name,
      ingress: ingress.metadata.name,
      service: service.metadata.name,
    };
    this.registerOutputs();
  }
}
