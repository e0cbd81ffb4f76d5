import { get } from "node:http";
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { State } from "../docker-engine.ts";
import {
  type Container,
  type Probe,
  portOfProbe,
  secretsOf,
  type Workload,
} from "./run-arguments.ts";

/** The result of one check. */
export interface CheckResult {
  level: "ok" | "FAIL" | "note";
  check: string;
  seen: string;
  /** The setting that corrects it. */
  setting?: string;
  /** The last lines of the container's log. */
  log?: string[];
}

/** The part of `docker image inspect` that this tool reads. */
export interface ImageFacts {
  Architecture: string;
  Config: { User?: string; ExposedPorts?: Record<string, object> | null };
}

/** The response to a probe. */
export interface Answer {
  passed: boolean;
  seen: string;
  /** The port that refused the connection. */
  refusedPort?: number;
}

/** The access of probes to the container. */
export interface ContainerAccess {
  /** The local port of a container port. Returns undefined if it is not published. */
  publishedPort(port: number): number | undefined;
  /** Runs a command in the container. */
  exec(command: string[], timeoutMs: number): Promise<Answer>;
}

/** The time that a container without probes must run. */
export const minRunSeconds = 5;

/** Runs a probe once, as the kubelet does. */
export async function runProbe(
  probe: Probe,
  container: Container,
  access: ContainerAccess,
): Promise<Answer> {
  const timeoutMs = probe.timeoutSeconds * 1000;
  if (probe.exec) return access.exec(probe.exec.command, timeoutMs);
  const port = portOfProbe(probe, container);
  const published = port === undefined ? undefined : access.publishedPort(port);
  if (port === undefined || published === undefined) {
    return { passed: false, seen: "the engine publishes no port of that name" };
  }
  if (probe.httpGet) return askHttp(probe.httpGet.path, port, published, timeoutMs);
  return probe.grpc
    ? askGrpc(port, published, timeoutMs, probe.grpc.service)
    : askTcp(port, published, timeoutMs);
}

const refusedAnswer = (port: number): Answer => ({
  passed: false,
  seen: `no process responds on port ${port}`,
  refusedPort: port,
});

const timeoutAnswer = (asked: string, timeoutMs: number): Answer => ({
  passed: false,
  seen: `${asked} has no response within ${timeoutMs / 1000} s`,
});

function askHttp(
  path: string,
  port: number,
  published: number,
  timeoutMs: number,
): Promise<Answer> {
  const asked = `GET ${path} on port ${port}`;
  return new Promise((resolve) => {
    const request = get(
      { host: "127.0.0.1", port: published, path, agent: false },
      ({ statusCode = 0 }) => {
        resolve({ passed: statusCode >= 200 && statusCode < 400, seen: `${asked}: ${statusCode}` });
        request.destroy();
      },
    );
    const timer = setTimeout(() => {
      resolve(timeoutAnswer(asked, timeoutMs));
      request.destroy();
    }, timeoutMs);
    request.on("close", () => clearTimeout(timer));
    request.on("error", ({ code = "", message }: NodeJS.ErrnoException) => {
      const refused = ["ECONNREFUSED", "ECONNRESET", "EPIPE"].includes(code);
      resolve(
        refused ? refusedAnswer(port) : { passed: false, seen: `${asked}: no HTTP (${message})` },
      );
    });
  });
}

/** Calls the standard health service: github.com/grpc/grpc/blob/master/doc/health-checking.md. */
async function askGrpc(
  port: number,
  published: number,
  timeoutMs: number,
  service = "",
): Promise<Answer> {
  const { Client, credentials, status } = await import("@grpc/grpc-js");
  const client = new Client(`127.0.0.1:${published}`, credentials.createInsecure());
  const asked = `gRPC health on port ${port}`;
  const name = Buffer.from(service);
  const request = Buffer.from(name.length > 0 ? [0x0a, name.length, ...name] : []);
  const bytes = (message: Buffer) => message;
  try {
    return await new Promise<Answer>((resolve) => {
      client.makeUnaryRequest(
        ...(["/grpc.health.v1.Health/Check", bytes, bytes, request] as const),
        { deadline: Date.now() + timeoutMs },
        (error, reply) => {
          if (!error) return resolve(servingAnswer(asked, reply));
          if (error.code === status.DEADLINE_EXCEEDED)
            return resolve(timeoutAnswer(asked, timeoutMs));
          if (error.code === status.UNAVAILABLE) return resolve(refusedAnswer(port));
          resolve({ passed: false, seen: `${asked}: ${status[error.code]}` });
        },
      );
    });
  } finally {
    client.close();
  }
}

/** The reply has the field `status`, number 1. Its value 1 is SERVING; without it the status is UNKNOWN. */
function servingAnswer(asked: string, reply: Buffer | undefined): Answer {
  const code = reply?.[0] === 0x08 ? (reply[1] ?? 0) : 0;
  const name = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"][code] ?? `status ${code}`;
  return { passed: code === 1, seen: `${asked}: ${name}` };
}

/** The engine accepts connections for a port without a listener, and closes them at once. */
const closesWithinMs = 300;

async function askTcp(port: number, published: number, timeoutMs: number): Promise<Answer> {
  const socket = connect({ host: "127.0.0.1", port: published });
  try {
    return await new Promise<Answer>((resolve) => {
      const open = { passed: true, seen: `port ${port} accepts connections` };
      socket.on("data", () => resolve(open));
      socket.on("connect", () => void wait(closesWithinMs).then(() => resolve(open)));
      socket.on("end", () => resolve(refusedAnswer(port)));
      socket.on("error", () => resolve(refusedAnswer(port)));
      socket.setTimeout(timeoutMs, () => resolve(timeoutAnswer(`port ${port}`, timeoutMs)));
    });
  } finally {
    socket.destroy();
  }
}

/** The result of a probe that never passed. */
export function failedProbeResult(
  { check, seconds }: { check: string; seconds: number },
  answer: Answer,
  { container, image, log }: Observation,
): CheckResult {
  const failed = { level: "FAIL", check, ...lastLines(log) } as const;
  const reason = reasonIn(log);
  const { refusedPort, seen } = answer;
  if (refusedPort === undefined) return { ...failed, seen, setting: "`health`" };
  const within = `${seen} within ${seconds} s`;
  if (reason) return { ...failed, seen: `${within}: ${reason.seen}`, setting: reason.setting };
  const exposed = exposedBy(image);
  const own = container.ports?.some(({ containerPort }) => containerPort === refusedPort);
  return {
    ...failed,
    seen: `${within}; the image exposes ${exposed.join(", ") || "no port"}`,
    setting: `${own ? "`port`" : "`health`"}, or let the process listen on 0.0.0.0:${refusedPort}`,
  };
}

/** The container, its image and its log at the time of a result. */
export interface Observation {
  container: Container;
  image: ImageFacts;
  log: string;
}

const exposedBy = ({ Config }: ImageFacts) =>
  Object.keys(Config.ExposedPorts ?? {}).map((port) => port.replace(/\/tcp$/, ""));

/** The result of a service that ended, or of a job that failed. */
export function endResult(
  check: string,
  state: State,
  { container, log }: Observation,
): CheckResult {
  const ended = `it ended with code ${state.ExitCode}`;
  const failed = { level: "FAIL", check, ...lastLines(log) } as const;
  if (state.OOMKilled) {
    const counted = container.volumeMounts?.length ? "; files in `writable` count here too" : "";
    return { ...failed, seen: `${ended}: out of memory${counted}`, setting: "`memoryMiB`" };
  }
  const reason = reasonIn(log);
  if (reason) return { ...failed, seen: `${ended}: ${reason.seen}`, setting: reason.setting };
  if (state.ExitCode === 0) {
    return {
      ...failed,
      seen: `${ended}, and a service must not end`,
      setting: "`command`, or make it a job of `jobs`",
    };
  }
  const secrets = secretsOf(container);
  const dummies = secrets.length > 0 ? `; dummy values: ${secrets.join(", ")}` : "";
  return { ...failed, seen: `${ended}${dummies}` };
}

/** The result of a container that the engine cannot start. */
export function refusedStartResult(message: string): CheckResult {
  if (isWrongArchitecture(message))
    return { level: "FAIL", check: "start", ...wrongArchitectureReason };
  const error = message.replace(/^docker: /, "").split("\n")[0] ?? "";
  const command = /executable file not found|no such file or directory|no command specified/i;
  const [, program] = /exec: "([^"]+)"/.exec(message) ?? [];
  if (command.test(message)) {
    const seen = program ? `the image has no program ${program}` : error;
    return { level: "FAIL", check: "start", seen, setting: "`command`" };
  }
  if (/permission denied/i.test(message)) {
    const seen = `the user may not run ${program ?? "the program"}`;
    return { level: "FAIL", check: "start", seen, setting: "`user` or `command`" };
  }
  return { level: "FAIL", check: "start", seen: error, setting: "`image`" };
}

const wrongArchitectureReason: Reason = {
  seen: "its program is not for the architecture that the image names",
  setting: "`image`",
};

/** Whether a text is the error of a program for another architecture. */
export const isWrongArchitecture = (text: string) => /exec format error/i.test(text);

interface Reason {
  seen: string;
  setting: string;
}

/** The first known cause of a failure in a log. Returns undefined if it has none. */
export function reasonIn(log: string): Reason | undefined {
  for (const line of log.split("\n")) {
    const reason = isWrongArchitecture(line)
      ? wrongArchitectureReason
      : (readOnlyReason(line) ?? deniedReason(line));
    if (reason) return reason;
  }
  return undefined;
}

/** The path is the last one before the message, or the first one after it. */
function readOnlyReason(line: string): Reason | undefined {
  const message = /read-only file system|EROFS/i.exec(line);
  if (!message) return undefined;
  const paths = (text: string) => text.match(/(?<![\w.:/-])\/[\w.@/-]+/g) ?? [];
  const path =
    paths(line.slice(0, message.index)).at(-1) ?? paths(line.slice(message.index)).at(0) ?? "";
  const clean = path.replace(/[:.]+$/, "");
  return { seen: `it cannot write ${clean || "a file"}`, setting: "`writable` for its folder" };
}

function deniedReason(line: string): Reason | undefined {
  if (!/permission denied|EACCES/i.test(line)) return undefined;
  if (!/\b(bind|listen)/i.test(line)) {
    return {
      seen: `permission denied: ${line.trim()}`,
      setting: "`user`, or `writable` for a folder",
    };
  }
  const [, port] = /:(\d{1,5})\b/.exec(line) ?? [];
  return {
    seen: `it may not listen on ${port ? `port ${port}` : "a port below 1024"}`,
    setting: `${port ? `\`port: ${port}\`` : "`port`"}, or tell the image to use a port above 1023`,
  };
}

const shownLines = 5;

function lastLines(log: string): Pick<CheckResult, "log"> {
  const lines = log.split("\n").filter((line) => line.trim());
  return lines.length > 0 ? { log: lines.slice(-shownLines) } : {};
}

/** Compares the user of the image with the user of the pod. */
export function checkUser({ Config }: ImageFacts, user: string): CheckResult {
  const imageUser = Config.User || "root";
  const names = [user, user.split(":")[0]];
  if (names.includes(imageUser)) return { level: "ok", check: "user", seen: user };
  const root = /^(root|0)(:|$)/.test(imageUser);
  const seen = `the user of the image is ${root ? "root" : imageUser}, that of the pod ${user}`;
  return {
    level: "note",
    check: "user",
    seen,
    setting: "`user`, if the process cannot read files",
  };
}

/** `has`: the architectures of the reference; undefined if the registry does not tell them. */
export function checkArchitecture({
  engine,
  nodes,
  built,
  has,
}: {
  engine: string;
  nodes: string;
  built: boolean;
  has?: string[];
}): CheckResult {
  const check = "architecture";
  if (built) {
    return engine === nodes
      ? { level: "ok", check, seen: nodes }
      : { level: "note", check, seen: `built for ${engine} here; up builds it for ${nodes}` };
  }
  if (!has) {
    return {
      level: "note",
      check,
      seen: `not checked: the registry does not list the architectures`,
    };
  }
  return has.includes(nodes)
    ? { level: "ok", check, seen: nodes }
    : {
        level: "FAIL",
        check,
        seen: `the image is for ${has.join(", ")}, the nodes are ${nodes}`,
        setting: "`image.reference` or `nodes.architecture`",
      };
}

/** Notes for the containers and secrets of the pod that this command replaces or leaves out. */
export function omissions({ pod, container }: Workload): CheckResult[] {
  const otherContainers = (pod.initContainers ?? []).map(
    ({ name, restartPolicy }) => `${restartPolicy === "Always" ? "sidecar" : "before"} ${name}`,
  );
  const secrets = secretsOf(container);
  const note = (check: string, seen: string): CheckResult => ({ level: "note", check, seen });
  return [
    ...(otherContainers.length > 0
      ? [note("containers", `not started: ${otherContainers.join(", ")}`)]
      : []),
    ...(secrets.length > 0 ? [note("secrets", `dummy values: ${secrets.join(", ")}`)] : []),
  ];
}
