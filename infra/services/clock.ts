import type { HealthConfig } from "../config/container-schema.ts";
import type { IngressConfig } from "../config/schema.ts";
import { portOf, type ServiceConfig } from "../config/workload-schema.ts";
import { balancerCheck } from "./balancer-check.ts";
import { type DrainClock, drainClock } from "./drain.ts";
import { checksOf, startSecondsOf } from "./probes.ts";

type Timed = Pick<
  ServiceConfig,
  "drainSeconds" | "requestTimeoutSeconds" | "health" | "worker" | "port" | "route"
> & {
  sidecars: Record<string, { health?: HealthConfig }>;
  before: Record<string, unknown>;
};

/** Nothing says how long what runs before may take. */
const beforeSeconds = 180;

/** The clock of a service's rollout, by its settings and the load balancer's. */
export function clockOf(
  service: Timed,
  { idleTimeoutSeconds }: Pick<IngressConfig, "idleTimeoutSeconds">,
): DrainClock {
  const own = startSecondsOf(checksOf(service.health, portOf(service)));
  // One after the other: sidecars, what runs before, the container.
  const startSeconds = Object.values(service.sidecars).reduce(
    (sum, { health }) => {
      const checks = checksOf(health, undefined);
      return sum + (checks.start ? startSecondsOf(checks) : 0);
    },
    own + beforeSeconds * Object.keys(service.before).length,
  );
  const { drainSeconds, requestTimeoutSeconds } = service;
  return drainClock({
    drainSeconds,
    requestTimeoutSeconds,
    idleTimeoutSeconds,
    startSeconds,
    checkSeconds: balancerCheck(service.route?.healthCheck).intervalSeconds,
  });
}
