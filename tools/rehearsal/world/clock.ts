import { childrenWork } from "./activity.ts";

interface Sleeper {
  until: number;
  wake: () => void;
  /** The end of a timeout; the clock jumps to it only after a longer silence. */
  isTimeout?: boolean;
}

interface Waiter {
  condition: () => boolean;
  done: (met: boolean) => void;
}

/**
 * Simulated time in seconds. It stands still while a call works, and jumps to the next awaited moment
 * once all calls wait. So durations add up exactly and cost no real time.
 *
 * The engine is another process. It counts as waiting if it made no call for `quietMs` while this
 * process was idle, and, where the system shows it, did not work in that time. Before a timeout it
 * must be quiet ten times as long.
 */
export class Clock {
  now = 0;
  #sleepers: Sleeper[] = [];
  #waiters: Waiter[] = [];
  #working = 0;
  #quietTicks = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #ticksNeeded: number;

  /** @default 40 ms where the system shows the work of processes, else 150 ms */
  constructor(quietMs = childrenWork() === undefined ? 150 : 40) {
    this.#ticksNeeded = Math.ceil(quietMs / tickMs);
  }

  /** Runs a call of the engine; time passes only in its waits. */
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

  /** Waits max. `timeout` seconds for the condition. Returns whether it is met. */
  async until(condition: () => boolean, timeout: number): Promise<boolean> {
    if (condition()) return true;
    if (timeout <= 0) return false;
    return this.#idle(
      new Promise((resolve) => {
        const done = (met: boolean) => {
          this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
          this.#waiters = this.#waiters.filter((other) => other !== waiter);
          resolve(met);
        };
        const sleeper = {
          until: this.now + timeout,
          wake: () => done(condition()),
          isTimeout: true,
        };
        const waiter = { condition, done };
        this.#sleepers.push(sleeper);
        this.#waiters.push(waiter);
      }),
    );
  }

  /** Runs a function later; no call waits for it. */
  later(seconds: number, run: () => void): void {
    this.#sleepers.push({ until: this.now + seconds, wake: run });
    this.#start();
  }

  /** Evaluates the awaited conditions again, after a change of the world. */
  changed(): void {
    for (const { condition, done } of [...this.#waiters]) if (condition()) done(true);
  }

  /** Lets so many seconds pass at once, with all that is scheduled in them. */
  pass(seconds: number): void {
    const end = this.now + seconds;
    while (this.#sleepers.some(({ until }) => until <= end)) this.#jump();
    this.now = end;
  }

  /** Runs all that is scheduled. */
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
    const isTimeout = this.#next().every((sleeper) => sleeper.isTimeout);
    if (++this.#quietTicks >= this.#ticksNeeded * (isTimeout ? 10 : 1)) this.#jump();
  }

  /** The sleepers of the next moment. */
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
