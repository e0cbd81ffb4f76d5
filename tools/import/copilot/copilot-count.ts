import type { Service } from "../draft.ts";
import type { Path } from "../report.ts";
import { secondsOf, within } from "../words.ts";
import type { CopilotApplication } from "./copilot-application.ts";
import type { Workload } from "./manifests.ts";

/** As many pods as Copilot runs tasks; behind the load balancer at least two. */
export function countOf(
  { name, manifest }: Workload,
  { routed, queue }: { routed: boolean; queue: string | undefined },
  { report }: CopilotApplication,
  to: string,
): Partial<Service> {
  const { count } = manifest;
  const least = routed ? 2 : 1;
  const tell = (path: Path, given: number, key: string) => {
    if (given >= least) report.carried(path, `${to}.${key}`);
    else
      report.changed(
        path,
        `${to}.${key}`,
        routed ? "behind the load balancer at least 2" : "a service has at least one pod",
      );
    return within(given, least, 1000);
  };
  if (count === undefined || typeof count !== "object") {
    const number = count === undefined ? 1 : Number(count) || 0;
    const pods =
      count === undefined
        ? within(number, least, 1000)
        : tell([name, "count"], number, "minReplicas");
    return { minReplicas: pods, maxReplicas: pods };
  }
  const settings: Partial<Service> = {};
  const at: Path = [name, "count"];
  const { range, spot } = count;
  if (typeof range === "string") {
    const [min = 1, max = 1] = range.split("-").map(Number);
    settings.minReplicas = tell([...at, "range"], min, "minReplicas");
    settings.maxReplicas = within(max, settings.minReplicas, 1000);
  } else if (range) {
    settings.minReplicas = tell([...at, "range", "min"], Number(range.min), "minReplicas");
    settings.maxReplicas = within(Number(range.max), settings.minReplicas, 1000);
    report.carried([...at, "range", "max"], `${to}.maxReplicas`);
  } else if (spot !== undefined) {
    settings.minReplicas = within(Number(spot), least, 1000);
    settings.maxReplicas = settings.minReplicas;
  }
  const targetOf = (key: "cpu_percentage" | "memory_percentage" | "requests") => {
    const given = count[key];
    if (given === undefined) return undefined;
    const isTarget = typeof given === "object";
    return {
      path: isTarget ? [...at, key, "value"] : [...at, key],
      value: Number(isTarget ? given.value : given),
    };
  };
  for (const [key, setting] of [
    ["cpu_percentage", "targetCpuPercent"],
    ["memory_percentage", "targetMemoryPercent"],
  ] as const) {
    const target = targetOf(key);
    if (!target) continue;
    settings[setting] = within(target.value, 10, 95);
    report.carried(target.path, `${to}.${setting}`);
  }
  const requests = targetOf("requests");
  if (requests && routed) {
    settings.scale = { requestsPerSecond: within(Math.round(requests.value / 60), 1, 100_000) };
    report.changed(
      requests.path,
      `${to}.scale.requestsPerSecond`,
      "by the second, not by the minute",
    );
  }
  if (count.queue_delay && queue) {
    const latency = secondsOf(count.queue_delay.acceptable_latency) ?? 1;
    const each = milliseconds(count.queue_delay.msg_processing_time);
    settings.scale = {
      queue: {
        resource: queue,
        messagesPerPod: within(Math.floor((latency * 1000) / each), 1, 1_000_000),
      },
    };
    for (const key of ["acceptable_latency", "msg_processing_time"]) {
      report.changed(
        [...at, "queue_delay", key],
        `${to}.scale.queue`,
        "messages for each pod, of both times",
      );
    }
  }
  return settings;
}

function milliseconds(duration: string | number): number {
  const [, count] = /^(\d+)ms$/.exec(String(duration)) ?? [];
  return Math.max(1, count ? Number(count) : (secondsOf(duration) ?? 1) * 1000);
}
