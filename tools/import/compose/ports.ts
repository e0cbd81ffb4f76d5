import type { Path, Report } from "../report.ts";
import type { Spec } from "./compose-schema.ts";

export interface Port {
  target: number;
  /** On an address that others reach. */
  published: boolean;
  /** On the machine. */
  from?: number;
  path: Path;
}

/** Ports of protocols that are no HTTP, of servers that are often in a container. */
const otherProtocols = new Set([
  21, 22, 25, 53, 465, 587, 1025, 1433, 1521, 1883, 2181, 3306, 4222, 5432, 5672, 6379, 8883, 9092,
  9300, 11211, 25565, 27017, 29092,
]);

/** Debuggers of Node.js, Java, Python and Go. */
const debuggers = new Set([9229, 9230, 5005, 5678, 2345, 40000]);

export const isHttp = (port: number) => !otherProtocols.has(port);

/** Whether a service has a port at one of the machine that the file names, and not at any that is free. */
export const namesPort = ({ ports }: Spec) =>
  (ports ?? []).some((given) => !Number.isNaN(partsOf(given).from));

/** Whether a service is reached at a port of the machine. */
export const publishesAt = ({ ports }: Spec, port: number) =>
  (ports ?? []).some((given) => partsOf(given).from === port);

/**
 * The TCP ports of a service, those that are published first. Tells the report of the others.
 *
 * @param anyPort whether a port counts as published that is at any free one of the machine
 */
export function portsOf(spec: Spec, at: Path, anyPort: boolean, report: Report): Port[] {
  const found = (spec.ports ?? []).flatMap((given, index): Port[] => {
    const path = [...at, "ports", index];
    const { target, protocol, host, from } = partsOf(given);
    if (protocol === "udp") {
      report.left(path, "the load balancer has no UDP", "a Network Load Balancer of your own");
      return [];
    }
    if (debuggers.has(target)) {
      report.left(path, "a port of a debugger is for development", "nothing");
      return [];
    }
    const known = anyPort || !Number.isNaN(from);
    return [
      { target, from, published: known && !/^(127\.|localhost$|\[?::1\]?$)/.test(host), path },
    ];
  });
  const exposed = (spec.expose ?? []).map((given, index) => ({
    target: partsOf(given).target,
    published: false,
    path: [...at, "expose", index],
  }));
  const bySort = (one: Port, other: Port) => Number(other.published) - Number(one.published);
  return [...found.sort(bySort), ...exposed];
}

/** `[ADDRESS:][PUBLISHED:]TARGET[/PROTOCOL]`; of a range the first. */
function partsOf(given: NonNullable<Spec["ports"]>[number]) {
  if (typeof given === "object") {
    const { target, published, protocol = "tcp", host_ip: host = "" } = given;
    return { target: Number(target), from: Number(published), protocol, host };
  }
  const [ports = "", protocol = "tcp"] = String(given).split("/");
  const parts = ports.split(":");
  const first = (part = "") => Number.parseInt(part, 10);
  return {
    target: first(parts.at(-1)),
    from: first(parts.at(-2)),
    protocol: protocol.toLowerCase(),
    host: parts.slice(0, -2).join(":"),
  };
}
