import { setTimeout } from "node:timers/promises";
import { CommandFailed } from "../shell.ts";
import { Refused } from "./image-references.ts";
import type { Outputs } from "./platform-stack.ts";

export interface SmokeOptions {
  /** The max. time to a good response: DNS and the load balancer need minutes at first. */
  timeoutSeconds: number;
  pauseSeconds: number;
  /** The required good responses in a row. */
  answers: number;
  /** Why the load balancer may not answer this machine. */
  restriction?: string;
}

/**
 * Requests the stack's URL until it responds well several times in a row.
 *
 * @throws {Refused} if the stack has no URL
 * @throws {CommandFailed} at the timeout
 */
export async function smoke(
  { url }: Outputs,
  { timeoutSeconds, pauseSeconds, answers, restriction }: SmokeOptions,
): Promise<void> {
  if (!url) throw new Refused("The stack has no url: is it deployed?");
  const end = Date.now() + timeoutSeconds * 1000;
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
      const why = restriction && isSilent ? `. ${restriction}` : "";
      throw new CommandFailed("smoke", `${url} does not answer well: ${last}${why}`);
    }
    await setTimeout(pauseSeconds * 1000);
  }
}
