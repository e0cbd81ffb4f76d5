import type { Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { buildApp } from "../../service/src/app.ts";
import { readConfig } from "../../service/src/config.ts";
import { Traffic } from "../../service/src/drain.ts";
import { createLog } from "../../service/src/log.ts";
import { Metrics } from "../../service/src/metrics.ts";
import type { Observers } from "../../service/src/observe.ts";

/** The service without a port, with its log and its metrics. */
export async function service(environment: Record<string, string> = {}, more?: Partial<Observers>) {
  const config = readConfig(environment);
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line) };
  const traffic = new Traffic();
  const metrics = new Metrics(config, traffic);
  const log = createLog(config.logLevel, destination);
  const app = await buildApp(config, { log, destination, traffic, metrics, ...more });
  const lines = () => written.map((line) => JSON.parse(line));
  return { app, traffic, metrics, lines };
}

const listeners: Server[] = [];

/** Lets `app` listen on a free port. Returns the port. */
export async function listening(app: {
  listen(to: object): Promise<string>;
  server: Server;
}): Promise<number> {
  listeners.push(app.server);
  return Number(new URL(await app.listen({ host: "127.0.0.1", port: 0 })).port);
}

/** Stops all servers, and closes their connections. */
export function close(): void {
  for (const server of listeners.splice(0)) server.close().closeAllConnections();
}

/** Resolves as soon as `condition` holds; fails after `seconds`. */
export async function until(condition: () => unknown, seconds = 10): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !(await condition()); await sleep(10)) {
    if (Date.now() > end) throw new Error(`never came true: ${condition}`);
  }
}
