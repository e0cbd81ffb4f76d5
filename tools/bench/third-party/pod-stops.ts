import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type DrainClock, drainClock } from "../../../infra/services/drain.ts";
import { SimulatedLoadBalancer } from "./simulated-load-balancer.ts";

/** The reaction of a server to SIGTERM (server.js). */
export type Behaviour = "exits" | "closes" | "ignores";

export interface StopOptions {
  behaviour: Behaviour;
  /** The load balancer sends requests to the stopping pod for so many seconds. */
  lagSeconds: number;
  /** The max. duration of a request. @default 0.5 */
  requestSeconds?: number;
  clock?: DrainClock;
  /** The preStop sleep. @default preStopSeconds of the clock */
  sleepSeconds?: number;
}

export interface Outcome {
  requests: number;
  lost: number;
  /** Requests to the stopping pod after the start of its stop. */
  late: number;
  /** Exit codes or signals of the processes. */
  exits: Set<string>;
}

/** `drainSeconds` is the longest lag of drain-bench.ts. */
export const benchClock = drainClock({
  drainSeconds: 8,
  requestTimeoutSeconds: 4,
  idleTimeoutSeconds: 60,
});

/** The real milliseconds of one second of the clock. */
export const secondMs = 60;
const seconds = (count: number) => sleep(count * secondMs);
const entry = fileURLToPath(new URL("server.js", import.meta.url));

/** Stops pods one after another, while another pod keeps running. Returns the sums of all stops. */
export async function stopPods(stop: StopOptions, times: number): Promise<Outcome> {
  const sum: Outcome = { requests: 0, lost: 0, late: 0, exits: new Set() };
  const running = await start(stop.behaviour);
  try {
    for (let time = 0; time < times; time++) {
      const { requests, lost, late, exit } = await stopPod(stop, running.port);
      sum.requests += requests;
      sum.lost += lost;
      sum.late += late;
      sum.exits.add(exit);
    }
  } finally {
    running.child.kill("SIGKILL");
  }
  return sum;
}

/** Starts a pod, sends requests to it and to the running pod, and stops it. */
async function stopPod(stop: StopOptions, runningPort: number) {
  const { child, port } = await start(stop.behaviour);
  const loadBalancer = new SimulatedLoadBalancer(
    [port, runningPort],
    (stop.requestSeconds ?? 0.5) * secondMs,
  );
  await seconds(3);
  const before = loadBalancer.sentTo(port);
  await terminate(child, stop, () => loadBalancer.remove(port));
  await loadBalancer.stop();
  const { requests, lost } = loadBalancer;
  const exit = String(child.exitCode ?? child.signalCode);
  return { requests, lost, late: loadBalancer.sentTo(port) - before, exit };
}

/**
 * As the kubelet does: the preStop sleep, SIGTERM, and SIGKILL at the end of the grace period, which
 * includes the sleep. Each wait begins after the one before, so that a slow machine keeps the order.
 */
async function terminate(
  child: ChildProcess,
  stop: StopOptions,
  remove: () => void,
): Promise<void> {
  const { clock = benchClock, lagSeconds } = stop;
  const ended = once(child, "exit");
  const events: [second: number, act: () => void][] = [
    [lagSeconds, remove],
    [stop.sleepSeconds ?? clock.preStopSeconds, () => child.kill("SIGTERM")],
  ];
  let now = 0;
  for (const [second, act] of events.sort(([a], [b]) => a - b)) {
    await seconds(second - now);
    now = second;
    act();
  }
  await Promise.race([ended, seconds(clock.terminationGracePeriodSeconds - now)]);
  child.kill("SIGKILL");
  await ended;
}

/** Starts a server. Returns when it listens. */
async function start(behaviour: Behaviour): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(entry, [behaviour], { execArgv: [], env: {} });
  const [address] = await once(child, "message");
  return { child, port: (address as AddressInfo).port };
}
