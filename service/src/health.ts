import type { FastifyInstance } from "fastify";
import type { Traffic } from "./drain.ts";
import { sendProblem } from "./problem.ts";

const answer = {
  type: "object",
  properties: { status: { type: "string" } },
  required: ["status"],
} as const;

/**
 * The two probes. `/healthz` says that the process is alive and never fails while it drains: a
 * failing liveness probe would have the pod killed with requests in flight. `/readyz` says whether
 * new requests should come here.
 */
export function health(app: FastifyInstance, traffic: Traffic): void {
  const schema = (summary: string) => ({ summary, tags: ["probes"], response: { 200: answer } });

  app.get("/healthz", { schema: schema("Whether the process is alive") }, () => ({ status: "ok" }));

  app.get(
    "/readyz",
    { schema: schema("Whether to send requests here"), config: { problems: [503] } },
    (_request, reply) =>
      traffic.draining ? sendProblem(reply, 503, "draining") : reply.send({ status: "ready" }),
  );
}
