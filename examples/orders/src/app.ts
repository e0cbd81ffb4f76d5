import { randomUUID } from "node:crypto";
import fastify, { type FastifyError } from "fastify";
import { type NewOrder, newOrder, orderId } from "./order.ts";
import type { Orders } from "./orders.ts";

/** The HTTP API without a port. */
export function buildApp(orders: Pick<Orders, "get" | "place">) {
  const app = fastify({
    logger: true,
    // Longer than the load balancer keeps an idle connection (`ingress.idleTimeoutSeconds`).
    keepAliveTimeout: 70_000,
    // As much as the firewall sees (`maxBodyKiB`).
    bodyLimit: 8 * 1024,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  });

  app.setErrorHandler((error: FastifyError, request, reply) => {
    const { statusCode = 500, message } = error;
    if (statusCode >= 500) request.log.error({ error: message }, error.name);
    reply.code(statusCode).send({ error: statusCode < 500 ? message : "internal error" });
  });

  // When it closes: a client that keeps its connection would keep the server.
  app.addHook("onSend", async (_request, reply) => {
    if (!app.server.listening) reply.header("connection", "close");
  });

  // Asks no store: all pods would leave the load balancer with it.
  app.get("/health", { logLevel: "silent" }, () => ({ status: "ok" }));

  const placed = { schema: { body: newOrder } };
  app.post<{ Body: NewOrder }>("/orders", placed, async (request, reply) => {
    const { id = randomUUID(), customer, items } = request.body;
    const cents = items.reduce((sum, item) => sum + item.quantity * item.cents, 0);
    const at = new Date().toISOString();
    const { order, isNew } = await orders.place({ id, customer, items, cents, at });
    reply.code(isNew ? 201 : 200).header("location", `/orders/${id}`);
    return order;
  });

  const named = { schema: { params: { type: "object", properties: { id: orderId } } } };
  app.get<{ Params: { id: string } }>("/orders/:id", named, async ({ params: { id } }, reply) => {
    return (await orders.get(id)) ?? reply.code(404).send({ error: `there is no order ${id}` });
  });

  return app;
}
