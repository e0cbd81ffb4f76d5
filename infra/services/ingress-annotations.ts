import * as pulumi from "@pulumi/pulumi";
import type { CheckConfig } from "../config/container-schema.ts";
import { isWildcard } from "../config/domain-rules.ts";
import type { IngressConfig } from "../config/schema.ts";
import type { RouteConfig, ServiceConfig } from "../config/workload-schema.ts";
import type { Edge } from "../edge/edge.ts";
import type { LogDelivery } from "../edge/load-balancer-logs.ts";
import type { Network } from "../network/network.ts";
import { balancerCheck } from "./balancer-check.ts";
import type { DrainClock } from "./drain.ts";

type Scheme = IngressConfig["scheme"];

/** A name that another scheme changes: load balancers of two schemes are two. */
export function nameBy(scheme: Scheme, name: string): string {
  return scheme === "internet-facing" ? name : `${name}-${scheme}`;
}

/** The group whose Ingresses share one load balancer. */
export function groupName(scheme: Scheme): string {
  return nameBy(scheme, "platform");
}

/** What AWS recommends, and its console offers first: TLS 1.2 and 1.3, post-quantum key exchange. */
export const tlsPolicy = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09";

const prefix = "alb.ingress.kubernetes.io/";

type Attribute = string | number | boolean | pulumi.Output<string>;
type LogKind = "access_logs" | "connection_logs" | "health_check_logs";

/** Attributes of an Application Load Balancer that we decide, by AWS's names. */
type LoadBalancerAttributes = {
  "deletion_protection.enabled": boolean;
  "idle_timeout.timeout_seconds": number;
  "routing.http.drop_invalid_header_fields.enabled": boolean;
  "zonal_shift.config.enabled": boolean;
} & Record<`${LogKind}.s3.enabled`, boolean> &
  Partial<Record<`${LogKind}.s3.${"bucket" | "prefix"}`, Attribute>>;

/** Attributes of a target group that we decide, by AWS's names. */
interface TargetGroupAttributes {
  "deregistration_delay.timeout_seconds": number;
  "load_balancing.algorithm.type": "round_robin" | "least_outstanding_requests";
  "stickiness.enabled": boolean;
  /** By a cookie of the load balancer's own, for a day at most. */
  "stickiness.type"?: "lb_cookie";
}

/** The controller's annotations that say which listeners of which load balancer are meant. */
interface ListenerAnnotations {
  "group.name": string;
  "listen-ports": string;
  "certificate-arn"?: pulumi.Input<string>;
}

/** Those of a load balancer. */
interface LoadBalancerAnnotations extends ListenerAnnotations {
  scheme: Scheme;
  /** Without it the controller finds them by their tags. */
  subnets?: string;
  "inbound-cidrs": string;
  "ssl-policy"?: string;
  "ssl-redirect"?: "443";
  "wafv2-acl-arn": pulumi.Input<string>;
  "load-balancer-attributes": pulumi.Input<string>;
}

/** Those of a service's rules and targets. */
interface ServiceAnnotations extends ListenerAnnotations {
  "group.order": string;
  "target-type": "ip";
  "healthcheck-path": string;
  "healthcheck-port": string;
  "healthcheck-interval-seconds": string;
  "healthcheck-timeout-seconds": string;
  "healthy-threshold-count": string;
  "unhealthy-threshold-count": string;
  "success-codes": string;
  "backend-protocol-version"?: "HTTP2" | "GRPC";
  "target-group-attributes": pulumi.Input<string>;
}

export interface IngressArgs {
  scheme: Scheme;
  clock: DrainClock;
  route: RouteConfig;
  edge: Pick<Edge, "certificateArns"> & Partial<Pick<Edge, "webAclArn" | "logDelivery">>;
  protocol: ServiceConfig["protocol"];
  /** How Kubernetes asks whether a pod is ready: the load balancer asks the same. */
  check: CheckConfig | undefined;
}

// The controller ignores a misspelled annotation in silence, so annotations are written from typed
// objects. It also leaves an attribute as it was when its key goes away, so every attribute is always
// written, the ones that are off too.

/** The annotations from which the controller makes the load balancer, with a fixed 404 by this name. */
export function loadBalancerAnnotations(
  {
    edge,
    ingress,
    network,
  }: Pick<IngressArgs, "edge"> & {
    ingress: IngressConfig;
    network: Pick<Network, "loadBalancerSubnetIds">;
  },
  notFound: string,
): Record<string, pulumi.Input<string>> {
  const logs = edge.logDelivery;
  const subnetIds = network.loadBalancerSubnetIds?.[ingress.scheme];
  const loadBalancer: LoadBalancerAttributes = {
    ...logAttributes("access_logs", "access", logs?.access, logs),
    ...logAttributes("connection_logs", "connections", logs?.connections, logs),
    ...logAttributes("health_check_logs", "health-checks", logs?.healthChecks, logs),
    "deletion_protection.enabled": ingress.deletionProtection,
    "idle_timeout.timeout_seconds": ingress.idleTimeoutSeconds,
    "routing.http.drop_invalid_header_fields.enabled": true,
    // Also with cross-zone load balancing, which is always on (ARC Developer Guide, Application Load Balancers).
    "zonal_shift.config.enabled": true,
  };
  const annotations: LoadBalancerAnnotations = {
    ...listenerAnnotations(ingress.scheme, edge),
    scheme: ingress.scheme,
    ...(subnetIds && { subnets: subnetIds.join(",") }),
    "inbound-cidrs": ingress.inboundCidrs.join(","),
    // Port 80 then does nothing but redirect.
    ...(edge.certificateArns && { "ssl-policy": tlsPolicy, "ssl-redirect": "443" }),
    // Absent, the controller would leave the last firewall attached.
    "wafv2-acl-arn": edge.webAclArn ?? "none",
    "load-balancer-attributes": attributes(loadBalancer),
  };
  const fixedResponseConfig = { contentType: "text/plain", statusCode: "404" };
  return {
    ...prefixed(annotations),
    [`${prefix}actions.${notFound}`]: JSON.stringify({
      type: "fixed-response",
      fixedResponseConfig,
    }),
  };
}

/**
 * The annotations of a service's rules and targets. They say nothing of the load balancer itself: two
 * Ingresses that say different things of it stop the controller for all that share it.
 */
export function serviceAnnotations(args: IngressArgs): Record<string, pulumi.Input<string>> {
  const targetGroup: TargetGroupAttributes = {
    "deregistration_delay.timeout_seconds": args.clock.deregistrationDelaySeconds,
    "load_balancing.algorithm.type": "least_outstanding_requests",
    "stickiness.enabled": args.route.sticky ?? false,
    ...(args.route.sticky && { "stickiness.type": "lb_cookie" }),
  };
  const health = healthCheckOf(args);
  const times = balancerCheck(args.route.healthCheck);
  const annotations: ServiceAnnotations = {
    ...listenerAnnotations(args.scheme, args.edge),
    "group.order": String(groupOrder(args.route)),
    "target-type": "ip",
    "healthcheck-path": health.path,
    "healthcheck-port": health.port,
    "healthcheck-interval-seconds": String(times.intervalSeconds),
    "healthcheck-timeout-seconds": String(times.timeoutSeconds),
    "healthy-threshold-count": String(times.healthyThreshold),
    "unhealthy-threshold-count": String(times.unhealthyThreshold),
    "success-codes": health.codes,
    ...protocolVersions[args.protocol],
    "target-group-attributes": attributes({ ...targetGroup }),
  };
  return prefixed(annotations);
}

/** The controller's default is HTTP1. */
const protocolVersions: Record<
  ServiceConfig["protocol"],
  Pick<ServiceAnnotations, "backend-protocol-version">
> = {
  http: {},
  http2: { "backend-protocol-version": "HTTP2" },
  grpc: { "backend-protocol-version": "GRPC" },
  tcp: {},
};

/**
 * The load balancer asks by HTTP, or by gRPC. Where Kubernetes asks by a path, so does it; where a
 * connection is enough for Kubernetes, every answer but an error of the server is enough for it. Of
 * gRPC the status UNIMPLEMENTED is an answer too: its default path is no service of anybody's.
 */
function healthCheckOf({ check, protocol }: Pick<IngressArgs, "check" | "protocol">) {
  if (protocol === "grpc") {
    return { path: "/AWS.ALB/healthcheck", port: "traffic-port", codes: "0,12" };
  }
  const port = check?.port === undefined ? "traffic-port" : String(check.port);
  return check?.path === undefined
    ? { path: "/", port, codes: "200-499" }
    : { path: check.path, port, codes: "200-399" };
}

function listenerAnnotations(
  scheme: Scheme,
  { certificateArns }: IngressArgs["edge"],
): ListenerAnnotations {
  return {
    "group.name": groupName(scheme),
    "listen-ports": JSON.stringify([{ HTTP: 80 }, ...(certificateArns ? [{ HTTPS: 443 }] : [])]),
    ...(certificateArns && { "certificate-arn": certificateArns }),
  };
}

function prefixed(annotations: object): Record<string, pulumi.Input<string>> {
  return Object.fromEntries(
    Object.entries(annotations).map(([name, value]) => [`${prefix}${name}`, value]),
  );
}

/**
 * Where the rules of an Ingress stand among those of the group, 1 to 1000: hosts before paths, long
 * paths before short ones, so that a service at `/` takes what no other one wants. Follows from the
 * route alone: another service changes no order.
 */
export function groupOrder({ hosts, path }: RouteConfig): number {
  const named = hosts?.some(isWildcard) ? 250 : 500;
  return 1000 - (hosts ? named : 0) - path.length;
}

function logAttributes<Kind extends LogKind>(
  kind: Kind,
  prefix: string,
  on: boolean | undefined,
  logs: LogDelivery | undefined,
) {
  const values = on && logs ? { bucket: logs.bucket, prefix } : {};
  return Object.fromEntries([
    [`${kind}.s3.enabled`, Boolean(on)],
    ...Object.entries(values).map(([key, value]) => [`${kind}.s3.${key}`, value]),
  ]) as Record<`${Kind}.s3.enabled`, boolean>;
}

function attributes(values: Record<string, Attribute>): pulumi.Output<string> {
  return pulumi.all(values).apply((known) =>
    Object.entries(known)
      .map(([name, value]) => `${name}=${value}`)
      .join(","),
  );
}
