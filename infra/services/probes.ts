import type { types } from "@pulumi/kubernetes";
import type { CheckConfig, HealthConfig } from "../config/container-schema.ts";

type Probe = types.input.core.v1.Probe;

/** The checks of a container: none where it has no port and names none. */
export interface Checks {
  ready?: CheckConfig;
  live?: CheckConfig;
  start?: CheckConfig;
}

const times = {
  start: { periodSeconds: 1, failures: 60 },
  ready: { periodSeconds: 5, failures: 2 },
  live: { periodSeconds: 10, failures: 3 },
};

/**
 * How a container is asked. One path alone is asked for readiness and at the start; that the process
 * lives, a connection to its port says. Without any word it is asked for a connection alone.
 */
export function checksOf(health: HealthConfig | undefined, port: number | undefined): Checks {
  if (health === "none") return {};
  const connection = port === undefined ? undefined : { tcp: port };
  const given = typeof health === "string" ? { ready: health } : (health ?? {});
  const ready = checkOf(given.ready) ?? connection;
  const live = checkOf(given.live) ?? connection;
  const start = checkOf(given.start) ?? (ready && atStart(ready));
  return { ...(start && { start }), ...(ready && { ready }), ...(live && { live }) };
}

/** Asked at its own pace: only how long an answer may take is the same. */
function atStart({ periodSeconds: _, failures: __, ...check }: CheckConfig): CheckConfig {
  return check;
}

function checkOf(check: string | CheckConfig | undefined): CheckConfig | undefined {
  return typeof check === "string" ? { path: check } : check;
}

/** Seconds that the container has to start. */
export function startSecondsOf({ start }: Checks): number {
  const { periodSeconds, failures } = { ...times.start, ...start };
  return periodSeconds * failures;
}

/** As Kubernetes takes them; `port` is that of a path that names none, by number or by name. */
export function probesOf(
  { start, ready, live }: Checks,
  port?: string,
): Partial<Record<"startupProbe" | "readinessProbe" | "livenessProbe", Probe>> {
  const probe = (check: CheckConfig, kind: keyof typeof times): Probe => {
    const { periodSeconds, failures, timeoutSeconds } = { ...times[kind], ...check };
    return {
      ...actionOf(check, port),
      timeoutSeconds: timeoutSeconds ?? 2,
      periodSeconds,
      failureThreshold: failures,
    };
  };
  return {
    ...(start && { startupProbe: probe(start, "start") }),
    ...(ready && { readinessProbe: probe(ready, "ready") }),
    ...(live && { livenessProbe: probe(live, "live") }),
  };
}

function actionOf({ path, port, tcp, grpc, command }: CheckConfig, named?: string): Probe {
  if (path !== undefined) return { httpGet: { path, port: port ?? named ?? "" } };
  if (tcp !== undefined) return { tcpSocket: { port: tcp } };
  return grpc === undefined ? { exec: { command } } : { grpc: { port: grpc } };
}
