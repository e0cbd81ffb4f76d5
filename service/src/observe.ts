import type { Socket } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { DestinationStream, Logger } from "pino";
import type { Traffic } from "./drain.ts";
import type { Metrics } from "./metrics.ts";
import { traceId } from "./trace-id.ts";
import type { Tracing } from "./tracing.ts";

export interface Observers {
  log: Logger;
  destination: DestinationStream;
  traffic: Traffic;
  metrics: Metrics;
  tracing?: Tracing | undefined;
}

/** The status that is recorded when the client left before the answer, as nginx has it. */
const clientGone = 499;

/** Counts, times, logs and (with tracing) traces one request to its end, answered or not. */
export function watch(request: FastifyRequest, reply: FastifyReply, observers: Observers): void {
  const { log, destination, traffic, metrics, tracing } = observers;
  const started = performance.now();
  // Now, because a socket forgets its address when it is closed.
  const client = request.ip;
  const route = request.routeOptions.url ?? "unmatched";
  const header = request.headers["x-amzn-trace-id"];
  const trace = traceId(header, Date.now());
  const span = tracing?.start(request.method, route, trace, header);
  traffic.inFlight++;
  traffic.lastAt = started;

  whenOver(request, reply, () => {
    traffic.inFlight--;
    const duration = performance.now() - started;
    const { headersSent, statusCode } = reply.raw;
    const status = headersSent ? statusCode : clientGone;
    metrics.record(request.method, route, status, duration);
    span?.end(status);
    const level = status >= 500 ? "error" : "info";
    if (log.isLevelEnabled(level)) {
      destination.write(line(level, request, reply, route, trace, status, duration, client));
    }
  });
}

/** Of each connection, what is to be told when it closes. */
const waiting = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls `end` once, when the answer is sent or nobody is left to take it. A drain that waits for a
 * request which is long gone would wait until its maximum.
 *
 * Fastify's onResponse never comes when the client leaves early, and a response's `close` never comes
 * when it waits behind another one on a connection that closes.
 */
function whenOver({ raw: { socket } }: FastifyRequest, reply: FastifyReply, end: () => void): void {
  let ends = waiting.get(socket);
  if (ends === undefined) {
    const made = new Set<() => void>();
    socket.once("close", () => {
      for (const one of made) one();
    });
    waiting.set(socket, made);
    ends = made;
  }
  const those = ends;
  const once = () => {
    if (those.delete(once)) end();
  };
  those.add(once);
  if (socket.closed) once();
  else reply.raw.on("close", once);
}

/** Written by hand: a general serializer costs four times as much for this one shape. */
function line(
  level: string,
  request: FastifyRequest,
  reply: FastifyReply,
  route: string,
  trace: string | undefined,
  status: number,
  duration: number,
  client: string,
): string {
  const bytes = request.method === "HEAD" ? 0 : (reply.getHeader("content-length") ?? 0);
  return (
    `{"level":"${level}","time":"${new Date().toISOString()}","message":"request",` +
    `"requestId":"${request.id}",${trace ? `"traceId":"${trace}",` : ""}` +
    `"method":"${request.method}","route":"${route}","status":${status},` +
    `"durationMs":${duration.toFixed(3)},"bytes":${bytes},` +
    `"client":${JSON.stringify(client)}}\n`
  );
}
