import type { Health } from "../draft.ts";
import { checkOf, startOf } from "../health-check.ts";
import type { Path } from "../report.ts";
import { secondsOf, within } from "../words.ts";
import type { CopilotApplication } from "./copilot-application.ts";
import type { ContainerCheck } from "./manifest-schema.ts";
import type { Workload } from "./manifests.ts";

/** The check of a container, with Copilot's defaults (copilot docs, manifests). */
export function containerCheck(
  { command, interval = 10, retries = 2, timeout = 5 }: ContainerCheck,
  port: number | undefined,
) {
  if (command === undefined) return undefined;
  return checkOf({ test: command, interval, retries, timeout }, port);
}

export function healthOf(
  { name, manifest }: Workload,
  { web, port }: { web: boolean; port: number | undefined },
  { report }: CopilotApplication,
  to: string,
): Health | undefined {
  const key = `${to}.health`;
  const http = typeof manifest.http === "object" ? manifest.http.healthcheck : undefined;
  const at: Path = [name, "http", "healthcheck"];
  const container = manifest.image?.healthcheck;
  const live = container && containerCheck(container, port);
  for (const one of Object.keys(container ?? {})) {
    if (["command", "interval", "timeout", "retries", "start_period"].includes(one))
      report.carried([name, "image", "healthcheck", one], key);
  }
  const start = live && startOf(live, container ?? {});
  if (!web) return live && { ready: live, live, ...(start && { start }) };
  if (http === undefined || typeof http === "string") {
    if (http !== undefined) report.carried(at, key);
    const path = http ?? "/";
    return live ? { ready: path, live } : path;
  }
  const times = {
    ...(http.interval !== undefined && {
      periodSeconds: within(secondsOf(http.interval) ?? 30, 1, 300),
    }),
    ...(http.timeout !== undefined && {
      timeoutSeconds: within(secondsOf(http.timeout) ?? 5, 1, 60),
    }),
    ...(http.unhealthy_threshold !== undefined && {
      failures: within(Number(http.unhealthy_threshold), 1, 600),
    }),
  };
  const ready = {
    path: http.path ?? "/",
    ...(http.port !== undefined && Number(http.port) !== port && { port: Number(http.port) }),
    ...times,
  };
  const grace = secondsOf(http.grace_period ?? 0) ?? 0;
  for (const one of Object.keys(http)) {
    if (
      ["path", "port", "interval", "timeout", "unhealthy_threshold", "grace_period"].includes(one)
    )
      report.carried([...at, one], key);
  }
  return {
    ready,
    ...(live && { live }),
    ...(grace > 0 && {
      start: {
        path: ready.path,
        ...(ready.port && { port: ready.port }),
        periodSeconds: 1,
        failures: within(grace, 60, 600),
      },
    }),
  };
}
