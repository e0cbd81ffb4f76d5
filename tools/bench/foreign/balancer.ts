import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * A simulated load balancer: asks its targets by turns over connections that it keeps, and repeats no
 * request. It finds nothing out by itself: a target gets requests until `remove`.
 */
export class Balancer {
  requests = 0;
  /** Requests without a whole answer of 200. */
  lost = 0;
  readonly #sent = new Map<number, number>();
  readonly #targets: Set<number>;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #clients: Promise<void>[];
  #stopped = false;

  /** A request takes a quarter, a half, three quarters or the whole of `longestMs`. */
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

  /** Sends no new request to `port`; those in flight go on, and idle connections stay open. */
  remove(port: number): void {
    this.#targets.delete(port);
  }

  /** Returns when every request has an outcome. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#clients);
    this.#agent.destroy();
  }

  async #send(milliseconds: number): Promise<void> {
    // Targets that got equally many stand in the order of the set.
    const [port = 0] = [...this.#targets].sort((a, b) => this.sentTo(a) - this.sentTo(b));
    this.requests++;
    this.#sent.set(port, this.sentTo(port) + 1);
    if (!(await answers(port, milliseconds, this.#agent))) this.lost++;
  }
}

function answers(port: number, milliseconds: number, agent: Agent): Promise<boolean> {
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
