import { once } from "node:events";
import { buildApp } from "./app.ts";
import { Orders } from "./orders.ts";
import { run, variables } from "./process.ts";

/** Serves until it is told to stop, and ends the requests that are open. */
await run(async (stop) => {
  const at = variables("ORDERS_TABLE", "BOOKINGS_URL");
  const app = buildApp(new Orders({ TableName: at.ORDERS_TABLE, QueueUrl: at.BOOKINGS_URL }));
  const { HOST: host = "0.0.0.0", PORT = "8080" } = process.env;
  await app.listen({ host, port: Number(PORT) });
  if (!stop.aborted) await once(stop, "abort");
  await app.close();
});
