import { createServer } from "node:http";
import { buildApp } from "./app.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { Traffic, untilQuiet } from "./drain.ts";
import { embeddedMetricsSink } from "./emf.ts";
import { createLog, standardOutput } from "./log.ts";
import { serviceMetrics } from "./metric-names.ts";
import { Metrics } from "./metrics.ts";

const config = configOrExit();
const destination = standardOutput();
const log = createLog(config.logLevel, destination);
const traffic = new Traffic();
const metrics = new Metrics(config, traffic);
const sink = embeddedMetricsSink(config.emfAgent, destination);
const tracing = config.otlpEndpoint
  ? (await import("./tracing.ts")).startTracing(config.otlpEndpoint, config.identity)
  : undefined;

const publish = () => {
  const document = metrics.embedded();
  if (document) sink.write(document);
};
setInterval(publish, serviceMetrics.periodSeconds * 1000).unref();

for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error) => {
    log.fatal({ error }, event);
    process.exit(1);
  });
}

const app = await buildApp(config, { log, destination, traffic, metrics, tracing });
const scrape = createServer((request, response) => {
  if (request.url !== "/metrics") return response.writeHead(404).end();
  return response
    .writeHead(200, { "content-type": "text/plain; version=0.0.4" })
    .end(metrics.prometheus());
});
// Before listening: as process 1 of a container, a signal without a listener is not even noticed.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void leave(signal));
await new Promise<void>((resolve) => scrape.listen(config.metricsPort, config.host, resolve));
await app.listen({ host: config.host, port: config.port, listenTextResolver: () => "listening" });

/** Serves until the load balancer has let go, closes, and ends the process; at once when told twice. */
async function leave(signal: string): Promise<void> {
  if (traffic.draining) {
    log.warn({ signal }, "told twice, leaving at once");
    process.exit(1);
  }
  traffic.draining = true;
  log.info({ signal, inFlight: traffic.inFlight }, "draining");
  await untilQuiet(traffic, config.drain);

  log.info({ inFlight: traffic.inFlight }, "closing");
  let cut = false;
  setTimeout(() => {
    cut = true;
    log.error({ inFlight: traffic.inFlight }, "cutting the connections that are left");
    app.server.closeAllConnections();
  }, config.drain.closeTimeoutSeconds * 1000).unref();
  await app.close();
  publish();
  await Promise.all([sink.close(), tracing?.close()]);
  log.info("bye");
  process.exit(cut ? 1 : 0);
}

function configOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
