/** A line of a container. */
export interface LogEntry {
  time: string;
  namespace: string;
  pod: string;
  container: string;
  /** One of `levels`; undefined of a line that is not JSON, or has none. */
  level?: Level;
  message: string;
  /** All fields of a line that is JSON. */
  fields?: Fields;
}

type Fields = Record<string, unknown>;

/** From the least to the worst. */
export const levels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type Level = (typeof levels)[number];

/** What loggers call the levels; numbers are those of pino and bunyan. */
const names: Record<Level, string[]> = {
  trace: ["trace"],
  debug: ["debug"],
  info: ["info", "notice"],
  warn: ["warn", "warning"],
  error: ["error"],
  fatal: ["fatal", "critical"],
};
const lowest = (level: Level): number => 10 * (levels.indexOf(level) + 1);

const worseOrSame = (level: Level): Level[] => levels.slice(levels.indexOf(level));

export const isAtLeast = ({ level }: LogEntry, least: Level | undefined): boolean =>
  least === undefined || (level !== undefined && worseOrSame(least).includes(level));

/**
 * What the agent's Fluent Bit has of a line (its filter kubernetes with Merge_Log_Key log_processed): what the
 * container wrote as `log`, and as `log_processed` if it is JSON.
 */
interface FluentBitRecord {
  log?: string;
  log_processed?: Fields;
  kubernetes?: { namespace_name?: string; pod_name?: string; container_name?: string };
}

/** Of an event of CloudWatch Logs. */
export function entryOf(timestamp: number, message: string): LogEntry {
  const record = objectOf(message) as FluentBitRecord | undefined;
  const { namespace_name, pod_name, container_name } = record?.kubernetes ?? {};
  return {
    time: new Date(timestamp).toISOString(),
    namespace: namespace_name ?? "",
    pod: pod_name ?? "",
    container: container_name ?? "",
    ...lineOf(record?.log ?? message, record?.log_processed),
  };
}

/** Of what a container wrote. */
export function lineOf(
  log: string,
  fields: Fields | undefined = objectOf(log),
): Pick<LogEntry, "level" | "message" | "fields"> {
  if (!fields) return { message: log.trimEnd() };
  const level = levelOf(fields.level ?? fields.severity);
  const message = fields.message ?? fields.msg;
  return {
    ...(level && { level }),
    message: typeof message === "string" ? message : "",
    fields,
  };
}

function levelOf(given: unknown): Level | undefined {
  if (typeof given === "number") return levels.findLast((level) => given >= lowest(level));
  if (typeof given !== "string") return undefined;
  return levels.find((level) => names[level].includes(given.toLowerCase()));
}

function objectOf(text: string): Fields | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface LogFilter {
  namespace?: string;
  level?: Level;
  trace?: string;
}

/**
 * CloudWatch's filter pattern. Of a trace it finds each line with the id, JSON or not: as X-Ray writes it, and
 * as OpenTelemetry does. CloudWatch cannot mix that with fields, so the rest is for `isWanted`.
 */
export function patternOf({ namespace, level, trace }: LogFilter): string {
  if (trace)
    return formsOf(trace)
      .map((form) => `?"${form}"`)
      .join(" ");
  const own = `$.kubernetes.namespace_name = "${namespace}"`;
  if (!level) return `{ ${own} }`;
  const written = worseOrSame(level).flatMap((one) => names[one]);
  const field = "$.log_processed.level";
  const any = [
    `${field} >= ${lowest(level)}`,
    ...written.flatMap((name) => [`${field} = "${name}"`, `${field} = "${name.toUpperCase()}"`]),
  ];
  return `{ (${own}) && (${any.join(" || ")}) }`;
}

export const isWanted = (entry: LogEntry, { namespace, level }: LogFilter): boolean =>
  (!namespace || entry.namespace === namespace) && isAtLeast(entry, level);

/** `1-` time, 8 digits, `-` 24 digits of X-Ray; the same 32 digits of W3C's Trace Context. */
function formsOf(trace: string): string[] {
  const [, time, rest] = /^(?:1-)?([0-9a-f]{8})-?([0-9a-f]{24})$/.exec(trace) ?? [];
  return time && rest ? [`1-${time}-${rest}`, `${time}${rest}`] : [trace];
}
