import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  RandomIdGenerator,
} from "@opentelemetry/sdk-trace-base";
import type { Identity } from "./config.ts";

export interface Tracing {
  /** Nothing when the caller has decided that its trace is not sampled. */
  start(
    method: string,
    route: string,
    traceId: string | undefined,
    header: string | string[] | undefined,
  ): RequestSpan | undefined;
  /** Sends what is left; gives up rather than fail. */
  close(): Promise<void>;
}

export interface RequestSpan {
  end(status: number): void;
}

/**
 * One server span a request, sent in batches over OTLP/HTTP to `endpoint`.
 *
 * A request that comes with the load balancer's X-Amzn-Trace-Id keeps that trace id, so logs and
 * traces tell of the same request. This module is loaded only when there is an endpoint.
 */
export function startTracing(endpoint: URL, identity: Identity): Tracing {
  const random = new RandomIdGenerator();
  // startSpan() asks for an id synchronously: this is the id of the span that is being started.
  let adopted: string | undefined;
  const provider = new BasicTracerProvider({
    idGenerator: {
      generateTraceId: () => adopted ?? random.generateTraceId(),
      generateSpanId: () => random.generateSpanId(),
    },
    resource: resourceFromAttributes({
      "service.name": identity.name,
      "service.version": identity.version,
      "k8s.pod.name": identity.pod,
      "k8s.node.name": identity.node,
      "cloud.availability_zone": identity.zone,
    }),
    spanProcessors: [
      new BatchSpanProcessor(
        // A collector that is gone must not hold up the end of the process.
        new OTLPTraceExporter({
          url: `${endpoint.href.replace(/\/$/, "")}/v1/traces`,
          timeoutMillis: 2000,
        }),
      ),
    ],
  });
  const tracer = provider.getTracer(identity.name, identity.version);

  return {
    start(method, route, traceId, header = "") {
      if (/(?:^|;)\s*Sampled=0/.test(String(header))) return undefined;
      adopted = traceId?.slice(2).replace("-", "");
      const span = tracer.startSpan(`${method} ${route}`, {
        kind: SpanKind.SERVER,
        attributes: { "http.request.method": method, "http.route": route },
      });
      return {
        end(status) {
          span.setAttribute("http.response.status_code", status);
          if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
    close: () => provider.shutdown().catch(() => undefined),
  };
}
