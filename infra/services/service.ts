import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { RouteConfig } from "../config/workload-schema.ts";
import { clockOf } from "./clock.ts";
import type { DrainClock } from "./drain.ts";
import { nameBy } from "./ingress-annotations.ts";
import { type Ground, makeAliases, makeNamespace, selectorOf } from "./namespace.ts";
import { ReleaseJob } from "./release-job.ts";
import { makeScaler } from "./scaling.ts";
import type { ServiceArgs } from "./service-args.ts";
import {
  budgetSpec,
  calledSpec,
  deploymentSpec,
  ingressAnnotations,
  ingressSpec,
  namespaceArgs,
  rolloutOptions,
  serviceSpec,
  withoutAwait,
} from "./service-specs.ts";

const core = kubernetes.core.v1;
const networking = kubernetes.networking.v1;

/**
 * A service in a namespace of its own: behind the load balancer that all services share where it has
 * a route, reached by those that name it in `calls`, or by nobody.
 *
 * Pods run as an unprivileged user without capabilities on a read-only file system, accept
 * connections from the load balancer's subnets and from callers only, and reach DNS, the CloudWatch
 * agent and what `calls` and `egress` declare.
 * A rollout adds `maxSurge` pods before it takes as many away, waits until the load balancer finds the new
 * ones healthy (readiness gates), and gives the old ones the time of the drain clock. With `release` it begins
 * only when that job has succeeded. With `scale` KEDA scales it.
 *
 * Must depend on the load balancer controller, KEDA, the cluster and the network as components: the
 * Ingress and the ScaledObject go down only while all of them still work. That of a preview environment
 * cannot; its namespace goes with its owner.
 */
export class Service extends pulumi.ComponentResource {
  /** Names in the cluster, by which others measure the service. */
  readonly names: { deployment: pulumi.Output<string> } & Partial<
    Record<"ingress" | "service", pulumi.Output<string>>
  >;

  /** What must have succeeded before anything runs its image. */
  readonly released: pulumi.Resource[];

  constructor(name: string, args: ServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:service:Service", name, {}, opts);
    const parent = { parent: this };
    const clock = clockOf(args, args.ingress);
    const ground = makeNamespace(name, { workload: args, ...namespaceArgs(args) }, parent);
    const { metadata, guards } = ground;
    const aliases = makeAliases(name, args, metadata, parent);
    const routed = args.route && this.makeRoute(name, args, args.route, clock, metadata);
    // Apart from the one that the load balancer uses: a route that comes or goes leaves it alone.
    if (!args.worker && (!args.route || args.callers.length > 0)) {
      new core.Service(
        `${name}-called`,
        {
          metadata: { ...metadata, name: args.name, annotations: withoutAwait },
          spec: calledSpec(args),
        },
        parent,
      );
    }
    this.released = args.release
      ? [
          new ReleaseJob(
            `${name}-release`,
            { service: args, release: args.release, ground },
            { ...parent, dependsOn: [...guards, ...aliases] },
          ),
        ]
      : [];
    // Readiness gates are given to pods that are made after the load balancer's target group.
    const deployment = new kubernetes.apps.v1.Deployment(
      name,
      { metadata, spec: deploymentSpec(args, clock, ground) },
      {
        ...parent,
        dependsOn: [...(routed ? [routed.ingress] : []), ...guards, ...aliases, ...this.released],
        ...rolloutOptions(args),
      },
    );
    const budget = { metadata, spec: budgetSpec(selectorOf(args)) };
    new kubernetes.policy.v1.PodDisruptionBudget(name, budget, parent);
    makeScaler(
      name,
      { service: args, metadata, deployment: deployment.metadata.name, routed },
      parent,
    );

    this.names = {
      deployment: deployment.metadata.name,
      ...(routed && {
        ingress: routed.ingress.metadata.name,
        service: routed.service.metadata.name,
      }),
    };
    this.registerOutputs();
  }

  private makeRoute(
    name: string,
    args: ServiceArgs,
    route: RouteConfig,
    clock: DrainClock,
    metadata: Ground["metadata"],
  ) {
    const parent = { parent: this };
    const service = new core.Service(
      name,
      { metadata: { ...metadata, annotations: withoutAwait }, spec: serviceSpec(args) },
      parent,
    );
    const annotations = ingressAnnotations(args, route, clock);
    const ingress = new networking.Ingress(
      nameBy(args.ingress.scheme, name),
      {
        metadata: { ...metadata, annotations },
        spec: ingressSpec(route, service.metadata.name),
      },
      // Deleting waits until the controller has removed the rules and its finalizer.
      { ...parent, customTimeouts: { create: "15m", delete: "15m" } },
    );
    return { service, ingress };
  }
}
