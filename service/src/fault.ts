import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import { sendProblem } from "./problem.ts";

const digits = (pattern: string, name: string) => ({
  type: "object",
  properties: { [name]: { type: "string", pattern } },
  required: [name],
});

/** Ways to make the service misbehave, for rehearsing alarms and rollouts; never on in production. */
export function faults(app: FastifyInstance, longestSeconds: number): void {
  const tags = ["faults"];

  app.get<{ Params: { code: string } }>(
    "/fault/status/:code",
    {
      schema: { tags, summary: "Answers with a status", params: digits("^[45]\\d\\d$", "code") },
      config: { problems: ["4XX", "5XX"] },
    },
    (request, reply) => sendProblem(reply, Number(request.params.code), "asked for"),
  );

  app.get<{ Params: { ms: string } }>(
    "/fault/delay/:ms",
    { schema: { tags, summary: "Answers late", params: digits("^\\d{1,6}$", "ms") } },
    async (request) => {
      const ms = Math.min(Number(request.params.ms), longestSeconds * 1000);
      await sleep(ms);
      return { ms };
    },
  );

  app.post("/fault/exit", { schema: { tags, summary: "Ends the process, unanswered" } }, () =>
    process.exit(1),
  );
}
