import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";

/** The used part of Pulumi's SDK, which its typings leave out. */
interface Tracing {
  debuggablePromise(promise: Promise<unknown>, context?: string): Promise<unknown>;
}
interface Located {
  stackTrace(skip: number): unknown[];
}
// The SDK's modules read this one's exports at each call; an import could not replace them.
const tracing: Tracing = createRequire(import.meta.url)("@pulumi/pulumi/runtime/debuggable.js");
const located = pulumi.Resource as unknown as Located;

/**
 * Lets Pulumi make resources without stack traces, which only an engine and a search for leaked promises
 * read. Pulumi formats one for each resource and three for each of its properties, which takes about half a
 * millisecond of CPU a resource. Errors of the program keep theirs. Each promise is still wrapped: the
 * recorded plans have the order in which the wrapped ones settle.
 *
 * @returns what restores them
 */
export function omitStackTraces(): () => void {
  const { debuggablePromise } = tracing;
  const { stackTrace } = located;
  tracing.debuggablePromise = (promise, context) => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return debuggablePromise(promise, context);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
  located.stackTrace = () => [];
  return () => {
    Object.assign(tracing, { debuggablePromise });
    Object.assign(located, { stackTrace });
  };
}
