/** AWS X-Ray Developer Guide, "Sending trace data": traces of the last 30 days; an hour to send it. */
const oldestSeconds = 30 * 24 * 60 * 60 - 60 * 60;
/** By which clocks may differ. */
const newestSeconds = 5 * 60;

const field = (name: string) =>
  new RegExp(`(?:^|;\\s*)${name}=(1-([0-9a-f]{8})-([0-9a-f]{24}))(?:;|$)`);
const root = field("Root");
const self = field("Self");

/**
 * The trace id of a request by its X-Amzn-Trace-Id, or nothing. The load balancer writes `Root` unless
 * the client did, and then writes `Self`, whatever the client wrote there. A client's own `Root`
 * counts while X-Ray would take it, and never gets into the log otherwise.
 */
export function traceId(header: string | string[] | undefined, now: number): string | undefined {
  if (typeof header !== "string") return undefined;
  return taken(root.exec(header), now) ?? taken(self.exec(header), now);
}

function taken(match: RegExpExecArray | null, now: number): string | undefined {
  const [, id, seconds = "", random = ""] = match ?? [];
  const age = now / 1000 - Number.parseInt(seconds, 16);
  return age < oldestSeconds && age > -newestSeconds && /[^0]/.test(random) ? id : undefined;
}
