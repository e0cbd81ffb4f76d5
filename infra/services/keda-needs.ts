import type { Place } from "../config/schema.ts";
import type { ServiceConfig } from "../config/workload-schema.ts";

type Scaled = Pick<ServiceConfig, "scale">;

/** Whether KEDA scales the service, by more than CPU and memory. */
export const needsKeda = ({ scale }: Scaled): boolean =>
  scale?.requestsPerSecond !== undefined || scale?.queue !== undefined;

/** An SQS queue that a setting names or gives the URL of. */
export function queueOf(
  name: string,
  { region, accountId }: Place,
): { url: string; region: string; arn: string } {
  const url = name.includes("://")
    ? new URL(name)
    : new URL(`https://sqs.${region}.amazonaws.com/${accountId}/${name}`);
  const [, of = region] = url.hostname.split(".");
  return {
    url: url.href,
    region: of,
    arn: `arn:aws:sqs:${of}${url.pathname.replaceAll("/", ":")}`,
  };
}

/** What KEDA reads for the services: the load balancer's metrics, queues by their ARNs, and queues of `resources` by their names. */
export function kedaNeeds(
  services: Record<string, Scaled>,
  place: Place,
): { requests: boolean; queues: string[]; queueResources: string[] } {
  const scales = Object.values(services).flatMap(({ scale }) => scale ?? []);
  const named = scales.flatMap(({ queue }) => (queue?.name ? queueOf(queue.name, place).arn : []));
  const resources = scales.flatMap(({ queue }) => queue?.resource ?? []);
  return {
    requests: scales.some(({ requestsPerSecond }) => requestsPerSecond !== undefined),
    queues: [...new Set(named)].sort(),
    queueResources: [...new Set(resources)].sort(),
  };
}
