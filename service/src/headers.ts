import type { FastifyReply } from "fastify";
import type { Traffic } from "./drain.ts";

const headers = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=31536000",
  "x-content-type-options": "nosniff",
};

/**
 * Sets the security headers, and `Connection: close` from the moment the process is told to leave,
 * so that the load balancer lets go of the connections it keeps open to it.
 */
export function setHeaders(reply: FastifyReply, traffic: Traffic): void {
  reply.headers(headers);
  if (traffic.draining) reply.header("connection", "close");
}
