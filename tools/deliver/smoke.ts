import { setTimeout } from "node:timers/promises";
import { CommandFailed } from "../shell.ts";
import { Refused } from "./image-references.ts";
import type { Outputs } from "./platform-stack.ts";

export interface SmokeOptions {
  /** How long the service may take to answer: DNS and the load balancer need minutes at first. */
  patienceSeconds: number;
  pauseSeconds: number;
  /** Good answers in a row that are enough. */
  answers: number;
  /** Why not everybody is answered, where that is so. */
  closed?: string;
}

/**
 * Asks the stack's service through its load balancer until it has answered well several times in a
 * row; throws when it has not in the time that it has.
 */
export async function smoke(
  { url }: Outputs,
  { patienceSeconds, pauseSeconds, answers, closed }: SmokeOptions,
): Promise<void> {
  if (!url) throw new Refused("The stack has no url: is it deployed?");
  const end = Date.now() + patienceSeconds * 1000;
  let good = 0;
  let last = "no answer";
  let isSilent = true;
  while (true) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
      await response.arrayBuffer();
      last = `status ${response.status}`;
      good = response.ok ? good + 1 : 0;
      isSilent = false;
    } catch (error) {
      last = String((error as Error).cause ?? error);
      good = 0;
      isSilent = true;
    }
    if (good === answers) return;
    if (Date.now() >= end) {
      const why = closed && isSilent ? `. ${closed}` : "";
      throw new CommandFailed("smoke", `${url} does not answer well: ${last}${why}`);
    }
    await setTimeout(pauseSeconds * 1000);
  }
}
