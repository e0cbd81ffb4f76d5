import type { HealthCheckConfig } from "../config/workload-schema.ts";

/**
 * How the load balancer asks a pod. The defaults find a pod that hangs within 20 seconds, before Kubernetes
 * would start it again after 30.
 *
 * @default intervalSeconds 10, timeoutSeconds 5, healthyThreshold 2, unhealthyThreshold 2
 */
export function balancerCheck(given: HealthCheckConfig = {}): Required<HealthCheckConfig> {
  return {
    intervalSeconds: given.intervalSeconds ?? 10,
    timeoutSeconds: given.timeoutSeconds ?? 5,
    healthyThreshold: given.healthyThreshold ?? 2,
    unhealthyThreshold: given.unhealthyThreshold ?? 2,
  };
}
