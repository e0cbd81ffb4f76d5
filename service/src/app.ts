import { randomBytes } from "node:crypto";
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
} from "fastify";
import type { Config } from "./config.ts";
import { documentation } from "./documentation.ts";
import { faults } from "./fault.ts";
import { setHeaders } from "./headers.ts";
import { health } from "./health.ts";
import { requestLimits } from "./limits.ts";
import { requestLog } from "./log.ts";
import { type Observers, watch } from "./observe.ts";
import {
  handleError,
  handleMalformed,
  handleUncommon,
  handleUnknown,
  rememberMethods,
  sendProblem,
} from "./problem.ts";
import { routes } from "./routes.ts";

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
    bodyLimit: config.maxBodyBytes,
    keepAliveTimeout: config.keepAliveSeconds * 1000,
    requestTimeout: config.requestTimeoutSeconds * 1000,
    connectionTimeout: config.drain.closeTimeoutSeconds * 1000,
    http: {
      headersTimeout: Math.min(10, config.requestTimeoutSeconds) * 1000,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: requestLimits.head,
      // It is asked for below, where the answer is a problem.
      requireHostHeader: false,
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
  handleUncommon(app.server, methods);
  // At sending, not at arrival: a request in flight when the signal comes must be told, too.
  app.addHook("onSend", (_request, reply, payload, done) => {
    setHeaders(reply, traffic);
    done(null, payload);
  });
  const probes = (scope: FastifyInstance) => health(scope, traffic);
  const endpoints = (scope: FastifyInstance) => {
    routes(scope, config);
    if (config.faultInjection) faults(scope, config.requestTimeoutSeconds);
  };

  probes(app);
  await app.register(async (observed) => {
    observed.addHook("onRequest", (request, reply, done) => {
      watch(request, reply, observers);
      const refusal = refused(request);
      if (refusal) return void sendProblem(reply, ...refusal);
      // Before a body is read, which nobody would take.
      if (request.is404) return void handleUnknown(request, reply, methods);
      done();
    });
    observed.setNotFoundHandler((request, reply) => handleUnknown(request, reply, methods));
    endpoints(observed);
    documentation(observed, config.identity, (scope) => {
      endpoints(scope);
      probes(scope);
    });
  });
  return app;
}

/** What no HTTP/1.1 is, or larger than a firewall in front of the service would let pass. */
function refused({
  url,
  headers,
  raw,
}: FastifyRequest): [status: number, detail: string] | undefined {
  const { path, query, cookies } = requestLimits;
  const at = url.indexOf("?");
  const pathBytes = at < 0 ? url.length : at;
  if (pathBytes > path) return [414, `a path has at most ${path} bytes`];
  if (url.length - pathBytes - 1 > query) return [414, `a query has at most ${query} bytes`];
  if ((headers.cookie?.length ?? 0) > cookies)
    return [431, `cookies have at most ${cookies} bytes`];
  if (headers.host === undefined && raw.httpVersion === "1.1") return [400, "a host is missing"];
  return undefined;
}

/** Ids that differ between processes and cost next to nothing. */
function requestIds(): () => string {
  const process = randomBytes(6).toString("hex");
  let count = 0;
  return () => `${process}-${(++count).toString(36)}`;
}
