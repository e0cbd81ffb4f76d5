import type { types } from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { portOf, type RouteConfig } from "../config/workload-schema.ts";
import { addressPort, portName } from "./calls.ts";
import type { DrainClock } from "./drain.ts";
import { serviceAnnotations } from "./ingress-annotations.ts";
import { type Ground, labelsOf, type NamespaceArgs, selectorOf } from "./namespace.ts";
import { networkPolicies, type Policy, waysOut } from "./network-policies.ts";
import { podSize, quotaFor } from "./pod-size.ts";
import { servicePod } from "./pod-spec.ts";
import { checksOf } from "./probes.ts";
import type { ServiceArgs } from "./service-args.ts";

/** The port of every Service behind the load balancer, by name. */
export const servicePort = "http";

/** Endpoints follow with the Deployment, which comes after the Ingress. */
export const withoutAwait = { "pulumi.com/skipAwait": "true" };

/** The pods of a service's job of a release are others than its own: nobody calls them. */
export const releaseSelector = ({ name }: Pick<ServiceArgs, "name">) => ({
  "app.kubernetes.io/name": `${name}-release`,
});

/**
 * A service's namespace: room for its largest scale and, during a rollout, as many pods that are still
 * draining; and for the job of a release.
 */
export function namespaceArgs(args: ServiceArgs): Omit<NamespaceArgs, "workload"> {
  const size = podSize(args);
  const ofRelease = args.release ? waysOut(args, releaseSelector(args)) : [];
  return {
    quota: quotaFor([
      { count: 2 * args.maxReplicas + 1, size },
      // The pod of a release has no companions.
      ...(args.release ? [{ count: 1 + args.release.retries, size: args }] : []),
    ]),
    policies: [
      ...networkPolicies(args, selectorOf(args)),
      ...ofRelease.map(([suffix, spec]): Policy => [`release-${suffix}`, spec]),
    ],
    labels: args.route ? { "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" } : {},
  };
}

/** What the load balancer controller reads. */
export function serviceSpec(args: ServiceArgs): types.input.core.v1.ServiceSpec {
  const targetPort = portName(args.protocol);
  return { selector: selectorOf(args), ports: [{ name: servicePort, port: 80, targetPort }] };
}

/** What callers read: the service at the port that they call. */
export function calledSpec(args: ServiceArgs): types.input.core.v1.ServiceSpec {
  const { protocol } = args;
  const name = portName(protocol);
  const port = addressPort({ protocol, port: portOf(args) ?? 0 });
  return { selector: selectorOf(args), ports: [{ name, port, targetPort: name }] };
}

export function ingressAnnotations(
  args: ServiceArgs,
  route: RouteConfig,
  clock: DrainClock,
): Record<string, pulumi.Input<string>> {
  const { ready } = checksOf(args.health, portOf(args));
  return {
    ...serviceAnnotations({
      scheme: args.ingress.scheme,
      clock,
      route,
      edge: args.edge,
      protocol: args.protocol,
      check: ready,
    }),
    "pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress[0].hostname}",
  };
}

export function ingressSpec(
  { hosts, path }: RouteConfig,
  service: pulumi.Input<string>,
): types.input.networking.v1.IngressSpec {
  const backend = { service: { name: service, port: { name: servicePort } } };
  return {
    ingressClassName: "alb",
    rules: (hosts ?? [undefined]).map((host) => ({
      host,
      http: { paths: [{ path, pathType: "Prefix", backend }] },
    })),
  };
}

/** A rollout adds `maxSurge` pods before it takes as many away. */
export function deploymentSpec(
  args: ServiceArgs,
  clock: DrainClock,
  ground: Ground,
): types.input.apps.v1.DeploymentSpec {
  const selector = selectorOf(args);
  return {
    // With one, even if none is enough later: what cannot start is found out now.
    replicas: Math.max(1, args.minReplicas),
    revisionHistoryLimit: 5,
    progressDeadlineSeconds: clock.progressDeadlineSeconds,
    selector: { matchLabels: selector },
    strategy: {
      type: "RollingUpdate",
      rollingUpdate: { maxSurge: args.maxSurge ?? 1, maxUnavailable: 0 },
    },
    template: {
      metadata: { labels: labelsOf(args) },
      spec: servicePod(args, clock, selector, ground),
    },
  };
}

export function rolloutOptions({ owner }: Pick<ServiceArgs, "owner">) {
  return {
    // The autoscaler owns the number of replicas after the creation.
    ignoreChanges: ["spec.replicas"],
    // A preview environment may well be broken, and others wait for their turn.
    customTimeouts: owner ? { create: "6m", update: "6m" } : { create: "15m", update: "30m" },
  };
}

export function budgetSpec(
  selector: Record<string, string>,
): types.input.policy.v1.PodDisruptionBudgetSpec {
  return { maxUnavailable: 1, selector: { matchLabels: selector } };
}
