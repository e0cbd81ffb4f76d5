import type { FastifyBaseLogger } from "fastify";
import pino, { type DestinationStream, type Logger } from "pino";
import type { LogLevel } from "./config.ts";

/**
 * Standard output, written in blocks: after 16 kB, twice a second, and at exit.
 *
 * When nobody reads, lines beyond 16 MiB are dropped: a stuck reader must not cost the service its
 * memory.
 */
export function standardOutput(): DestinationStream {
  return pino.destination({
    dest: 1,
    sync: false,
    minLength: 16_000,
    periodicFlush: 500,
    maxLength: 16 * 1024 * 1024,
  });
}

/** A logger of one JSON object a line; credentials are blanked, up to four levels deep. */
export function createLog(level: LogLevel, destination: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      messageKey: "message",
      errorKey: "error",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redacted, censor: "[redacted]" },
    },
    destination,
  );
}

const secrets = [
  "authorization",
  "cookie",
  "password",
  "secret",
  "token",
  '["set-cookie"]',
  '["x-api-key"]',
];
const redacted = secrets.flatMap((name) =>
  ["", "*.", "*.*.", "*.*.*."].map(
    (above) => (name.startsWith("[") ? above.slice(0, -1) : above) + name,
  ),
);

/**
 * A request's own logger, which knows its id. The costly child of `parent` is made when something is
 * written: most requests never do.
 */
export function requestLog(
  parent: FastifyBaseLogger,
  bindings: Record<string, unknown>,
): FastifyBaseLogger {
  return new LazyLog(parent, bindings) as unknown as FastifyBaseLogger;
}

class LazyLog {
  readonly #parent: FastifyBaseLogger;
  readonly #bindings: Record<string, unknown>;
  #child: FastifyBaseLogger | undefined;

  constructor(parent: FastifyBaseLogger, bindings: Record<string, unknown>) {
    this.#parent = parent;
    this.#bindings = bindings;
  }

  get level(): string {
    return this.#parent.level;
  }

  made(): FastifyBaseLogger {
    this.#child ??= this.#parent.child(this.#bindings);
    return this.#child;
  }
}

// Methods, not getters: Fastify looks at each of them on every request, and must make nothing by it.
for (const name of [
  "fatal",
  "error",
  "warn",
  "info",
  "debug",
  "trace",
  "silent",
  "child",
] as const) {
  Object.defineProperty(LazyLog.prototype, name, {
    value(this: LazyLog, ...args: [object]) {
      return this.made()[name](...args);
    },
  });
}
