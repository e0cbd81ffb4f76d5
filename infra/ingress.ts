import type { IngressConfig } from "./config.ts";
import type { DrainClock } from "./drain.ts";

const prefix = "alb.ingress.kubernetes.io/";

/** Attributes of an Application Load Balancer that we decide, by AWS's names. */
interface LoadBalancerAttributes {
  "access_logs.s3.enabled": boolean;
  "deletion_protection.enabled": boolean;
  "idle_timeout.timeout_seconds": number;
  "routing.http.drop_invalid_header_fields.enabled": boolean;
}

/** Attributes of a target group that we decide, by AWS's names. */
interface TargetGroupAttributes {
  "deregistration_delay.timeout_seconds": number;
  "load_balancing.algorithm.type": "round_robin" | "least_outstanding_requests";
  "stickiness.enabled": boolean;
}

/** The controller's annotations that we write, without their prefix. */
interface AlbAnnotations {
  scheme: "internet-facing" | "internal";
  "target-type": "ip";
  "inbound-cidrs": string;
  "listen-ports": string;
  "healthcheck-path": string;
  "healthcheck-port": "traffic-port";
  "healthcheck-interval-seconds": string;
  "healthcheck-timeout-seconds": string;
  "healthy-threshold-count": string;
  "unhealthy-threshold-count": string;
  "success-codes": "200";
  "load-balancer-attributes": string;
  "target-group-attributes": string;
}

/**
 * The annotations from which the controller makes the load balancer.
 *
 * The controller ignores a misspelled annotation in silence, so they are written from a typed
 * object. It also leaves an attribute as it was when its key goes away, so every attribute is
 * always written, the ones that are off too.
 */
export function ingressAnnotations(
  ingress: IngressConfig,
  clock: DrainClock,
  healthCheckPath: string,
): Record<string, string> {
  const loadBalancer: LoadBalancerAttributes = {
    "access_logs.s3.enabled": false,
    "deletion_protection.enabled": false,
    "idle_timeout.timeout_seconds": clock.idleTimeoutSeconds,
    "routing.http.drop_invalid_header_fields.enabled": true,
  };
  const targetGroup: TargetGroupAttributes = {
    "deregistration_delay.timeout_seconds": clock.deregistrationDelaySeconds,
    "load_balancing.algorithm.type": "least_outstanding_requests",
    "stickiness.enabled": false,
  };
  const annotations: AlbAnnotations = {
    scheme: ingress.scheme,
    "target-type": "ip",
    "inbound-cidrs": ingress.inboundCidrs.join(","),
    "listen-ports": JSON.stringify([{ HTTP: 80 }]),
    "healthcheck-path": healthCheckPath,
    "healthcheck-port": "traffic-port",
    "healthcheck-interval-seconds": "10",
    "healthcheck-timeout-seconds": "5",
    "healthy-threshold-count": "2",
    "unhealthy-threshold-count": "2",
    "success-codes": "200",
    "load-balancer-attributes": attributes(loadBalancer),
    "target-group-attributes": attributes(targetGroup),
  };
  return Object.fromEntries(
    Object.entries(annotations).map(([name, value]) => [`${prefix}${name}`, value]),
  );
}

function attributes(values: object): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}
