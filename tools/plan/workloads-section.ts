import { buildOf, copiedFrom } from "../graph/images.ts";
import {
  addressOf,
  aliasedBy,
  backendsOf,
  type Manifest,
  manifestsOf,
  podSpecOf,
  replicasOf,
  runningContainers,
  selectedBy,
} from "../graph/manifests.ts";
import type { Properties, Resource } from "../graph/resource.ts";
import { useLabel, usesOf } from "../graph/uses.ts";
import { runsOf } from "./capacity-section.ts";

/** A service or a job in a line, with the assumptions about its public images. */
interface WorkloadLine {
  name: string;
  what: string;
  assumed?: string;
}

/** The services, then the jobs, with their routes, calls and schedules. */
export function workloadLines(resources: Resource[]): WorkloadLine[] {
  const manifests = manifestsOf(resources);
  const keyOf = (one: Manifest) => `${one.kind} ${addressOf(one)}`;
  // Spare capacity is no service.
  const own = new Set(
    manifestsOf(resources.filter(({ urn }) => /platform:service:\w+\$kubernetes:/.test(urn))).map(
      keyOf,
    ),
  );
  const of = (kind: string) =>
    manifests
      .filter((one) => one.kind === kind && own.has(keyOf(one)))
      .sort((a, b) => addressOf(a).localeCompare(addressOf(b)));
  const jobs = of("Job");
  const names = namesOf(manifests);
  const reached = reachedPods(manifests);
  const uses = usesOf(resources);
  return [...of("Deployment"), ...of("CronJob")].map((one) => {
    const { namespace } = one.metadata;
    const release = jobs.find(({ metadata }) => metadata.namespace === namespace);
    const { calls, callers } = callsOf(one, names);
    const used = uses.filter(({ workload }) => workload === namespace).map(useLabel);
    const assumed = assumptionsOf(one, resources);
    return {
      name: namespace ?? one.metadata.name,
      what: [
        one.kind === "CronJob" ? scheduleOf(one) : placeOf(one, reached, manifests),
        callers.length > 0 && `called by ${callers.join(", ")}`,
        calls.length > 0 && `calls ${calls.join(", ")}`,
        used.length > 0 && `uses ${used.join(", ")}`,
        release && `its release job: ${commandOf(release)}`,
      ]
        .filter(Boolean)
        .join("; "),
      ...(assumed && { assumed }),
    };
  });
}

const commandOf = (job: Manifest): string =>
  (podSpecOf(job)?.containers[0]?.command ?? ["the image's command"]).join(" ");

/** The workloads that a Service selects, and those among them that an Ingress routes to. */
function reachedPods(manifests: Manifest[]) {
  const of = (kind: string) => manifests.filter((one) => one.kind === kind);
  const selected = (services: Manifest[]) =>
    new Set(services.flatMap((service) => selectedBy(service, manifests)));
  return {
    called: selected(of("Service")),
    routed: selected(of("Ingress").flatMap((ingress) => backendsOf(ingress, manifests))),
  };
}

/** The route and the replicas of a service. */
function placeOf(
  deployment: Manifest,
  { routed, called }: ReturnType<typeof reachedPods>,
  manifests: Manifest[],
): string {
  const count = replicasOf(deployment, manifests);
  const place = routed.has(deployment)
    ? "behind the load balancer"
    : called.has(deployment)
      ? "private"
      : "worker";
  return `${place}, ${count} ${count === "1" ? "pod" : "pods"}`;
}

/** The callees of each namespace. */
function namesOf(manifests: Manifest[]): { from?: string; to?: string }[] {
  return manifests.flatMap((one) => {
    const to = aliasedBy(one);
    if (to === undefined) return [];
    const target = manifests.find((other) => addressOf(other) === to);
    return [{ from: one.metadata.namespace, to: target?.metadata.namespace ?? to }];
  });
}

/** The callees and the callers of a workload. */
function callsOf({ metadata }: Manifest, names: ReturnType<typeof namesOf>) {
  const own = metadata.namespace;
  const sorted = (list: (string | undefined)[]) => list.filter((one) => one !== undefined).sort();
  return {
    calls: sorted(names.filter(({ from }) => from === own).map(({ to }) => to)),
    callers: sorted(names.filter(({ to }) => to === own).map(({ from }) => from)),
  };
}

/** The schedule and the concurrency of a job. */
function scheduleOf({ spec }: Manifest): string {
  if (spec.suspend) return "job by hand";
  const { schedule, timeZone = "UTC" } = spec;
  const zone = timeZone.replace(/^Etc\//, "");
  const overlap: Record<string, string> = {
    Allow: `, up to ${runsOf(spec)} runs at once`,
    Replace: ", a new run ends the one before",
  };
  return `job ${scheduleWords(schedule)} ${zone}${overlap[spec.concurrencyPolicy ?? "Allow"] ?? ""}`;
}

/** A simple cron schedule in words. */
export function scheduleWords(schedule: string): string {
  if (/^@(daily|midnight)$/.test(schedule)) return "daily at 00:00";
  if (schedule.startsWith("@")) return schedule.slice(1);
  const [, minute = "", hour = ""] = /^(\d+) (\d+|\*) \* \* \*$/.exec(schedule) ?? [];
  if (minute === "") return `by ${schedule}`;
  const two = (number: string) => number.padStart(2, "0");
  return hour === "*" ? `hourly at :${two(minute)}` : `daily at ${two(hour)}:${two(minute)}`;
}

/** The set and the default properties of copied images, which the plan does not read. */
function assumptionsOf(workload: Manifest, resources: Resource[]): string {
  const pod = podSpecOf(workload) ?? {};
  const containers = new Set([...(pod.initContainers ?? []), ...runningContainers(pod)]);
  return [...containers]
    .flatMap((container: Properties) => {
      const build = buildOf(container.image, resources);
      const source = build && copiedFrom(build);
      if (!source) return [];
      const user = container.securityContext?.runAsUser ?? pod.securityContext?.runAsUser;
      const ports = (container.ports ?? []).map(
        ({ containerPort }: Properties) => `port ${containerPort}`,
      );
      const facts = [
        ports.join(" and ") || "no port",
        `user ${user}`,
        build.inputs.build.platform,
        checkOf(container.readinessProbe),
      ];
      return [`${source}: ${facts.join(", ")}`];
    })
    .join("; ");
}

function checkOf(probe: Properties | undefined): string {
  const { httpGet, tcpSocket, grpc, exec } = probe ?? {};
  if (httpGet) return `healthy when GET ${httpGet.path} succeeds`;
  if (tcpSocket) return `healthy when port ${tcpSocket.port} is open`;
  if (grpc) return `healthy when gRPC at port ${grpc.port} says so`;
  return exec ? `healthy when ${exec.command.join(" ")} succeeds` : "no health check";
}
