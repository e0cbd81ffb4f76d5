import type { Health } from "../draft.ts";
import { checkOf, startOf } from "../health-check.ts";
import type { Path } from "../report.ts";
import { secondsOf, within } from "../words.ts";
import type { CopilotApplication } from "./copilot-application.ts";
import type { Workload } from "./manifests.ts";

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
  const live =
    container?.command !== undefined
      ? checkOf(
          {
            ...container,
            test: container.command,
            interval: container.interval ?? 10,
            retries: container.retries ?? 2,
            timeout: container.timeout ?? 5,
          },
          port,
        )
      : undefined;
  for (const one of Object.keys(container ?? {})) {
    if (["command", "interval", "timeout", "retries", "start_period"].includes(one))
      report.carried([name, "image", "healthcheck", one], key);
  }
  const start = live && startOf(live, { ...container, test: [] });
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
