import { randomBytes } from "node:crypto";
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import type { Config } from "./config.ts";
import { documentation } from "./documentation.ts";
import { faults } from "./fault.ts";
import { setHeaders } from "./headers.ts";
import { health } from "./health.ts";
import { requestLog } from "./log.ts";
import { type Observers, watch } from "./observe.ts";
import {
  handleError,
  handleMalformed,
  handleUnknown,
  rememberMethods,
  sendProblem,
} from "./problem.ts";
import { routes } from "./routes.ts";

const maxUrlLength = 8192;

/** The whole service without a port. Probes are answered but neither logged nor counted. */
export async function buildApp(config: Config, observers: Observers): Promise<FastifyInstance> {
  const { traffic } = observers;
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
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        // Checking our own schemas against the meta schema is a tenth of the CPU that a start costs.
        meta: false,
        validateSchema: false,
      },
    },
    clientErrorHandler: (error, socket) => handleMalformed(error, socket, observers.log),
    // No hook runs for a path that cannot be routed.
    frameworkErrors: (error, request, reply) => {
      watch(request, reply, observers);
      setHeaders(reply, traffic);
      handleError(error, request, reply);
    },
  });
  const methods = rememberMethods(app);
  app.setErrorHandler(handleError);
  // At sending, not at arrival: a request in flight when the signal comes must be told, too.
  app.addHook("onSend", (_request, reply, payload, done) => {
    setHeaders(reply, traffic);
    done(null, payload);
  });
  const probes = (scope: FastifyInstance) => health(scope, traffic);
  const endpoints = (scope: FastifyInstance) => {
    routes(scope, config.identity);
    if (config.faultInjection) faults(scope, config.requestTimeoutSeconds);
  };

  probes(app);
  await app.register(async (observed) => {
    observed.addHook("onRequest", (request, reply, done) => {
      watch(request, reply, observers);
      if (request.url.length <= maxUrlLength) return done();
      sendProblem(reply, 414, `a URL has at most ${maxUrlLength} characters`);
    });
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
