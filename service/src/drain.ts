import { setTimeout as sleep } from "node:timers/promises";
import type { DrainSettings } from "./config.ts";

/** What the drain watches: requests other than probes, and whether the process is leaving. */
export class Traffic {
  draining = false;
  inFlight = 0;
  /** When the last request came, as `performance.now()` tells it. */
  lastAt = 0;
}

/**
 * Resolves when it is safe to stop listening: after `minSeconds`, as soon as no request has come
 * for `quietSeconds` and none is in flight, and at the latest after `maxSeconds`.
 *
 * Nobody tells a pod that the load balancer has stopped sending, so it listens for the silence.
 */
export async function untilQuiet(traffic: Traffic, settings: DrainSettings): Promise<void> {
  const began = performance.now();
  const end = began + settings.maxSeconds * 1000;
  for (;;) {
    const quiet =
      traffic.inFlight > 0
        ? Number.POSITIVE_INFINITY
        : Math.max(
            began + settings.minSeconds * 1000,
            traffic.lastAt + settings.quietSeconds * 1000,
          );
    const wait = Math.min(quiet, end) - performance.now();
    if (wait <= 0) return;
    // Short naps, because a request may come or end at any time.
    await sleep(Math.min(wait, 50));
  }
}
