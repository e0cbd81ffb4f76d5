import type { Style } from "../../plan/text.ts";
import { type Level, type LogEntry, levels } from "./log-entry.ts";

const colors: Partial<Record<Level, "dim" | "yellow" | "red">> = {
  trace: "dim",
  debug: "dim",
  warn: "yellow",
  error: "red",
  fatal: "red",
};

/** What stands elsewhere in the line, or says little to people. */
const left = [
  ...["level", "severity", "time", "timestamp", "message", "msg", "method", "route", "status"],
  ...["durationMs", "bytes", "client", "requestId", "pid", "hostname", "error", "err"],
];

/** Lines for people, in UTC; a new day has a line of its own. */
export function logText(style: Style): (entry: LogEntry) => string {
  let day = "";
  return (entry) => {
    const [date = "", time = ""] = entry.time.split("T");
    const head = date === day ? "" : `${style("dim", `${date} UTC`)}\n`;
    day = date;
    return `${head}${lineOf(entry, time.slice(0, 12), style)}\n`;
  };
}

function lineOf({ level, pod, message, fields = {} }: LogEntry, time: string, style: Style) {
  const word = (level ?? "").toUpperCase().padEnd(Math.max(...levels.map((one) => one.length)));
  const color = level && colors[level];
  const { method, route, status, durationMs } = fields;
  const request = [
    method,
    route,
    status,
    typeof durationMs === "number" ? `${Math.round(durationMs)} ms` : undefined,
  ].filter((part) => part !== undefined);
  const rest = Object.entries(fields)
    .filter(([key]) => !left.includes(key))
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const told = method && message === "request" ? request : [message, ...request];
  return [
    style("dim", time),
    color ? style(color, word) : word,
    style("dim", pod),
    ...told,
    ...(rest.length > 0 ? [style("dim", rest.join(" "))] : []),
  ]
    .join(" ")
    .concat(stackOf(fields.error ?? fields.err));
}

/** Of an error that a logger wrote as an object. */
function stackOf(error: unknown): string {
  if (typeof error === "string") return `\n    ${error}`;
  const { stack, message } = (error ?? {}) as { stack?: string; message?: string };
  const text = stack ?? message;
  return text ? `\n    ${text.split("\n").join("\n    ")}` : "";
}
