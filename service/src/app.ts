import { randomBytes } from "node:crypto";
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import type { Config } from "./config.ts";
import { documentation } from "./documentation.ts";
import { faults } from "./fault.ts";
import { secure } from "./headers.ts";
import { health } from "./health.ts";
import { requestLog } from "./log.ts";
import { type Observers, observe, watch } from "./observe.ts";
import { handleError, handleMalformed, handleUnknown, rememberMethods } from "./problem.ts";
import { routes } from "./routes.ts";

/** The whole service without a port. Probes are answered but neither logged nor counted. */
export async function buildApp(config: Config, observers: Observers): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: observers.log as FastifyBaseLogger,
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: "requestId",
    }),
    childLoggerFactory: requestLog,
    genReqId: requestIds(),
    // Counted from the right of X-Forwarded-For; whatever a client wrote there stands further left.
    trustProxy: config.trustedProxyHops > 0 && ((_, hop) => hop < config.trustedProxyHops),
    bodyLimit: 64 * 1024,
    keepAliveTimeout: config.keepAliveSeconds * 1000,
    requestTimeout: config.requestTimeoutSeconds * 1000,
    connectionTimeout: config.drain.closeTimeoutSeconds * 1000,
    http: {
      headersTimeout: Math.min(10, config.requestTimeoutSeconds) * 1000,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: 16 * 1024,
    },
    // While it closes, the service still serves whatever comes in.
    return503OnClosing: false,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    clientErrorHandler: (error, socket) => handleMalformed(error, socket, observers.log),
    frameworkErrors: (error, request, reply) => {
      watch(request, reply, observers);
      handleError(error, request, reply);
    },
  });
  const methods = rememberMethods(app);
  app.setErrorHandler(handleError);
  secure(app, observers.traffic);
  const probes = (scope: FastifyInstance) => health(scope, observers.traffic);
  const endpoints = (scope: FastifyInstance) => {
    routes(scope, config.identity);
    if (config.faultInjection) faults(scope, config.requestTimeoutSeconds);
  };

  probes(app);
  await app.register(async (observed) => {
    observe(observed, observers);
    handleUnknown(observed, methods);
    endpoints(observed);
    documentation(observed, config.identity, (scope) => {
      endpoints(scope);
      probes(scope);
    });
  });
  return app;
}

/** Ids that differ between processes and cost next to nothing. */
function requestIds(): () => string {
  const process = randomBytes(6).toString("hex");
  let count = 0;
  return () => `${process}-${(++count).toString(36)}`;
}
