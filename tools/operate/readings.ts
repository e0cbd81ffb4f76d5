import { NoAnswer } from "./cluster-access.ts";

/** What was read, or why it was not. */
export type Reading<Value> = { value: Value } | { notReadable: string };

export const readValue = <Value>(reading: Reading<Value> | undefined): Value | undefined =>
  reading && "value" in reading ? reading.value : undefined;

/** Another form of what was read. */
export const mapped = <From, To>(reading: Reading<From>, to: (value: From) => To): Reading<To> =>
  "value" in reading ? { value: to(reading.value) } : reading;

/** Reads the parts of a page. A part that fails leaves the others alone. */
export class Readings {
  /** Whether AWS or the cluster did not answer at all. A refusal is an answer. */
  silent = false;
  /** Whether all could be read. */
  complete = true;

  /** @param needs the right that the request needs: an IAM action, or a right in Kubernetes */
  async of<Value>(needs: string, ask: () => Promise<Value>): Promise<Reading<Value>> {
    try {
      return { value: await ask() };
    } catch (error) {
      this.complete = false;
      const { refused, reason } = whyNot(error, needs);
      if (refused === undefined) this.silent = true;
      return { notReadable: reason };
    }
  }
}

/** Why a request failed, in words; `refused` is undefined where there was no answer at all. */
export function whyNot(error: unknown, needs: string): { refused?: boolean; reason: string } {
  const { refused, says } = answerOf(error);
  if (refused) return { refused, reason: `needs ${says ?? needs}` };
  // The first line: the next are of the client.
  const [line = ""] = (says ?? "").trim().split("\n");
  const reason = line.replace(/^request to \S+ failed, reason: /, "");
  return { ...(refused === false && { refused }), reason: `${needs}: ${reason}` };
}

/** For a `catch` where a command cannot do without the answer. @throws {NoAnswer} always */
export const unanswered =
  (needs: string, lead = "") =>
  (error: unknown): never => {
    throw new NoAnswer(`${lead}${whyNot(error, needs).reason}`);
  };

interface Failure {
  name: string;
  message: string;
  /** Of Kubernetes' client. */
  code?: unknown;
  body?: unknown;
  /** Of AWS's clients. */
  $metadata?: { httpStatusCode?: number };
}

const refusals =
  /^(AccessDenied(Exception)?|UnauthorizedOperation|AuthorizationError|NotAuthorized)$/;

/** Whether it is a refusal, another answer, or none; and its words. Of a refusal the action, where AWS names it. */
function answerOf(error: unknown): { refused?: boolean; says?: string } {
  const { name, message, code, body, $metadata } = error as Failure;
  if (["AbortError", "TimeoutError"].includes(name)) return { says: "no answer in time" };
  if (code === 403) return { refused: true };
  if (code === 401) {
    const says = "Unauthorized: the caller has no access entry of the cluster";
    return { refused: false, says };
  }
  if (typeof code === "number") {
    return { refused: false, says: statusMessage(body)?.trim() || String(body).trim() };
  }
  const action = deniedAction(message);
  if (refusals.test(name) || action) return { refused: true, ...(action && { says: action }) };
  return { ...($metadata?.httpStatusCode && { refused: false }), says: message };
}

/** The IAM action that AWS's words refuse, if they name it. */
export const deniedAction = (message: string): string | undefined =>
  /not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)/.exec(message)?.[1];

/** The message of a Status object of Kubernetes, as text or not; a proxy's answer is none. */
export function statusMessage(body: unknown): string | undefined {
  try {
    const status = typeof body === "string" ? JSON.parse(body) : body;
    return (status as { message?: string } | undefined)?.message;
  } catch {
    return undefined;
  }
}
