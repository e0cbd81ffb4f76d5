import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bundle } from "../../service/bundle.js";
import { freePort } from "../../tools/bench/port.ts";
import { until } from "./service-harness.ts";

/** Makes the bundle of the image. */
export async function bundled(): Promise<{ entry: string; remove(): void }> {
  const directory = mkdtempSync(join(tmpdir(), "service-"));
  await bundle(directory);
  return {
    entry: join(directory, "server.mjs"),
    remove: () => rmSync(directory, { recursive: true }),
  };
}

export class ServiceProcess {
  readonly child: ChildProcess;
  output = "";
  errors = "";

  constructor(entry: string, environment: Record<string, string>) {
    this.child = spawn(process.execPath, [entry], {
      env: { HOST: "127.0.0.1", PORT: "0", METRICS_PORT: "0", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.on("data", (chunk) => {
      this.output += chunk;
    });
    this.child.stderr?.on("data", (chunk) => {
      this.errors += chunk;
    });
  }

  lines = () =>
    this.output
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));

  /** Exit code, or the signal that ended the process. */
  async end(): Promise<number | string | null> {
    const { child } = this;
    if (child.exitCode === null && child.signalCode === null) await once(child, "close");
    return child.exitCode ?? child.signalCode;
  }
}

/** Sends a request. Returns the status, or the code of the error. */
export function ask(
  port: number,
  path: string,
  { method = "GET", body, agent }: { method?: string; body?: string; agent?: Agent } = {},
): Promise<number | string> {
  return new Promise((resolve) => {
    const headers = body ? { "content-type": "application/json" } : {};
    const sent = request({ port, path, method, agent, headers, host: "127.0.0.1" }, (answer) => {
      answer.resume().on("end", () => resolve(answer.statusCode ?? "no status"));
      answer.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
    });
    sent.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
    sent.end(body);
  });
}

/**
 * Sends POST requests over keep-alive connections without retries until `stop`, also after SIGTERM of the
 * service, as a load balancer does.
 */
export class RequestLoad {
  requests = 0;
  readonly failures: (number | string)[] = [];
  readonly #agent = new Agent({ keepAlive: true });
  #stopped = false;
  readonly #clients: Promise<void>[];

  constructor(port: number, clients = 8) {
    this.#clients = Array.from({ length: clients }, async () => {
      while (!this.#stopped) {
        const outcome = await ask(port, "/echo", {
          method: "POST",
          body: '{"message":"once"}',
          agent: this.#agent,
        });
        this.requests++;
        if (outcome !== 200) this.failures.push(outcome);
        await sleep(20);
      }
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#clients);
    this.#agent.destroy();
  }
}

/** Starts the service. Returns when it is ready. */
export async function start(entry: string, environment: Record<string, string> = {}) {
  const port = await freePort();
  const metricsPort = await freePort();
  const started = new ServiceProcess(entry, {
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    ...environment,
  });
  await until(async () => (await ask(port, "/readyz")) === 200);
  return Object.assign(started, { port, metricsPort });
}
