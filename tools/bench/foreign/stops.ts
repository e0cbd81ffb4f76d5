import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type DrainClock, drainClock } from "../../../infra/services/drain.ts";
import { Balancer } from "./balancer.ts";

/** What a server does on SIGTERM (server.js). */
export type Behaviour = "exits" | "closes" | "ignores";

export interface Stop {
  behaviour: Behaviour;
  /** The load balancer sends to the leaving pod for so long. */
  lagSeconds: number;
  /** The longest request of the load; half a second unless given. */
  requestSeconds?: number;
  clock?: DrainClock;
  /** The preStop sleep; the clock's unless given. */
  sleepSeconds?: number;
}

export interface Outcome {
  requests: number;
  lost: number;
  /** Requests that the leaving pod got after it was told to leave. */
  late: number;
  /** Exit codes, or the signals that ended the processes. */
  ends: Set<string>;
}

/** The load balancer may be as late as the longest lag that is measured. */
export const foreignClock = drainClock({
  drainSeconds: 8,
  requestTimeoutSeconds: 4,
  idleTimeoutSeconds: 60,
});

/** One second of the clock lasts so long here. */
export const secondMs = 60;
const seconds = (count: number) => sleep(count * secondMs);
const entry = fileURLToPath(new URL("server.js", import.meta.url));

/** Stops pods one after another, beside one that stays, and adds up what became of the requests. */
export async function stops(stop: Stop, times: number): Promise<Outcome> {
  const sum: Outcome = { requests: 0, lost: 0, late: 0, ends: new Set() };
  const staying = await start(stop.behaviour);
  try {
    for (let time = 0; time < times; time++) {
      const { requests, lost, late, end } = await stopOne(stop, staying.port);
      sum.requests += requests;
      sum.lost += lost;
      sum.late += late;
      sum.ends.add(end);
    }
  } finally {
    staying.child.kill("SIGKILL");
  }
  return sum;
}

/** Starts a pod, puts load on it and on the one that stays, and tells it to leave. */
async function stopOne(stop: Stop, staying: number) {
  const { child, port } = await start(stop.behaviour);
  const balancer = new Balancer([port, staying], (stop.requestSeconds ?? 0.5) * secondMs);
  await seconds(3);
  const before = balancer.sentTo(port);
  await leave(child, stop, () => balancer.remove(port));
  await balancer.stop();
  const { requests, lost } = balancer;
  const end = String(child.exitCode ?? child.signalCode);
  return { requests, lost, late: balancer.sentTo(port) - before, end };
}

/**
 * As the kubelet does: the preStop sleep, SIGTERM, and SIGKILL at the end of the grace period, which
 * began before the sleep. Each wait begins when the one before has ended: a machine that stands still
 * makes the clock late, but changes no order.
 */
async function leave(child: ChildProcess, stop: Stop, remove: () => void): Promise<void> {
  const { clock = foreignClock, lagSeconds } = stop;
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

/** A server that listens. */
async function start(behaviour: Behaviour): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(entry, [behaviour], { execArgv: [], env: {} });
  const [address] = await once(child, "message");
  return { child, port: (address as AddressInfo).port };
}
