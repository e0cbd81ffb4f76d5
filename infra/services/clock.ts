import type { IngressConfig } from "../config/schema.ts";
import { portOf, type ServiceConfig } from "../config/workload-schema.ts";
import { type DrainClock, drainClock } from "./drain.ts";
import { checksOf, startSecondsOf } from "./probes.ts";

type Timed = Pick<
  ServiceConfig,
  "drainSeconds" | "requestTimeoutSeconds" | "health" | "worker" | "port"
>;

/** The clock of a service's rollout, by its settings and the load balancer's. */
export function clockOf({
  ingress,
  ...service
}: Timed & { ingress: Pick<IngressConfig, "idleTimeoutSeconds"> }): DrainClock {
  const startSeconds = startSecondsOf(checksOf(service.health, portOf(service)));
  return drainClock({ ...service, ...ingress, startSeconds });
}
