import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Sends requests to its targets in turns over keep-alive connections, and retries none. It has no health
 * checks: a target gets requests until `remove`.
 */
export class SimulatedLoadBalancer {
  requests = 0;
  /** Requests without a complete response of status 200. */
  lost = 0;
  readonly #sent = new Map<number, number>();
  readonly #targets: Set<number>;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #clients: Promise<void>[];
  #stopped = false;

  /** The duration of a request is 25, 50, 75 or 100 % of `longestMs`. */
  constructor(ports: number[], longestMs: number, clients = 6) {
    this.#targets = new Set(ports);
    this.#clients = Array.from({ length: clients }, async () => {
      while (!this.#stopped) {
        await this.#send(((this.requests % 4) + 1) * (longestMs / 4));
        await sleep(5);
      }
    });
  }

  sentTo = (port: number) => this.#sent.get(port) ?? 0;

  /** Sends no new request to `port`. Requests in flight continue, and idle connections stay open. */
  remove(port: number): void {
    this.#targets.delete(port);
  }

  /** Ends the clients. Waits for the requests in flight. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#clients);
    this.#agent.destroy();
  }

  async #send(milliseconds: number): Promise<void> {
    // Of targets with equal numbers of requests, the first of the set.
    const [port = 0] = [...this.#targets].sort((a, b) => this.sentTo(a) - this.sentTo(b));
    this.requests++;
    this.#sent.set(port, this.sentTo(port) + 1);
    if (!(await succeeds(port, milliseconds, this.#agent))) this.lost++;
  }
}

function succeeds(port: number, milliseconds: number, agent: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { port, agent, host: "127.0.0.1", path: `/${milliseconds}`, method: "POST" };
    request(options, (answer) => {
      answer.resume().on("close", () => resolve(answer.complete && answer.statusCode === 200));
      answer.on("error", () => resolve(false));
    })
      .on("error", () => resolve(false))
      .end();
  });
}
