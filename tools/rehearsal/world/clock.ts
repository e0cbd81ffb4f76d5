import { childrenWork } from "./activity.ts";

interface Sleeper {
  until: number;
  wake: () => void;
  /** The end of somebody's patience, which may be reached only when nobody can help any more. */
  givesUp?: boolean;
}

interface Waiter {
  condition: () => boolean;
  done: (met: boolean) => void;
}

/**
 * Simulated time in seconds. It stands still while anyone works, and jumps to the next awaited
 * moment once everybody waits, so that durations add up exactly and cost no real time.
 *
 * The engine is another process. It counts as waiting when no call has come from it for `quietMs`,
 * measured while this process was free to hear it, and, where the system tells, it has not worked in
 * that time. Before somebody gives up it must have been quiet for ten times as long.
 */
export class Clock {
  now = 0;
  #sleepers: Sleeper[] = [];
  #waiters: Waiter[] = [];
  #working = 0;
  #quietTicks = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #ticksNeeded: number;

  /** @default 40 ms where the system tells who works, else 150 ms */
  constructor(quietMs = childrenWork() === undefined ? 150 : 40) {
    this.#ticksNeeded = Math.ceil(quietMs / tickMs);
  }

  /** Runs a call of the engine; time stands still but for the call's own waits. */
  async work<T>(call: () => Promise<T>): Promise<T> {
    this.#begin();
    try {
      return await call();
    } finally {
      this.#end();
    }
  }

  sleep(seconds: number): Promise<void> {
    if (seconds <= 0) return Promise.resolve();
    return this.#idle(
      new Promise((wake) => this.#sleepers.push({ until: this.now + seconds, wake })),
    );
  }

  /** Waits for the condition, at most `patience` seconds; tells whether it was met. */
  async until(condition: () => boolean, patience: number): Promise<boolean> {
    if (condition()) return true;
    if (patience <= 0) return false;
    return this.#idle(
      new Promise((resolve) => {
        const done = (met: boolean) => {
          this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
          this.#waiters = this.#waiters.filter((other) => other !== waiter);
          resolve(met);
        };
        const sleeper = {
          until: this.now + patience,
          wake: () => done(condition()),
          givesUp: true,
        };
        const waiter = { condition, done };
        this.#sleepers.push(sleeper);
        this.#waiters.push(waiter);
      }),
    );
  }

  /** Something happens later, awaited by no call. */
  later(seconds: number, run: () => void): void {
    this.#sleepers.push({ until: this.now + seconds, wake: run });
    this.#start();
  }

  /** The world has changed: those who wait for a condition look again. */
  changed(): void {
    for (const { condition, done } of [...this.#waiters]) if (condition()) done(true);
  }

  /** Lets everything that is still to happen by itself happen. */
  async settle(): Promise<void> {
    while (this.#sleepers.length > 0) this.#jump();
  }

  #idle<T>(waiting: Promise<T>): Promise<T> {
    this.#working--;
    this.#start();
    return waiting.finally(() => {
      this.#working++;
      this.#quietTicks = 0;
    });
  }

  #begin(): void {
    this.#working++;
    this.#quietTicks = 0;
  }

  #end(): void {
    this.#working--;
    this.#quietTicks = 0;
  }

  #start(): void {
    this.#timer ??= setInterval(() => this.#tick(), tickMs);
  }

  #tick(): void {
    if (this.#sleepers.length === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    if (this.#working > 0) return;
    if (childrenWork()) {
      this.#quietTicks = 0;
      return;
    }
    const patient = this.#next().every(({ givesUp }) => givesUp);
    if (++this.#quietTicks >= this.#ticksNeeded * (patient ? 10 : 1)) this.#jump();
  }

  /** Those that wake next, all at the same moment. */
  #next(): Sleeper[] {
    const moment = Math.min(...this.#sleepers.map(({ until }) => until));
    return this.#sleepers.filter(({ until }) => until === moment);
  }

  #jump(): void {
    const due = this.#next();
    this.now = due[0]?.until ?? this.now;
    this.#sleepers = this.#sleepers.filter((sleeper) => !due.includes(sleeper));
    this.#quietTicks = 0;
    for (const { wake } of due) wake();
    this.changed();
  }
}

const tickMs = 4;
