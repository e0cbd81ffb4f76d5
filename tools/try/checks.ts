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

/** What one check found. */
export interface Verdict {
  level: "ok" | "FAIL" | "note";
  check: string;
  seen: string;
  /** Which setting mends it. */
  mend?: string;
  /** The last lines that the container wrote. */
  log?: string[];
}

/** What `docker image inspect` says of an image. */
export interface ImageFacts {
  Architecture: string;
  Config: { User?: string; ExposedPorts?: Record<string, object> | null };
}

/** What a probe was told. */
export interface Answer {
  good: boolean;
  seen: string;
  /** The port where nothing listens. */
  refused?: number;
}

/** How a probe reaches the container. */
export interface Reach {
  /** The port of this machine that leads to the container's. */
  published(port: number): number | undefined;
  exec(command: string[], timeoutMs: number): Promise<Answer>;
}

/** How long a worker or a container without probes must run. */
export const settleSeconds = 5;

/** Asks once, as the kubelet does. */
export async function ask(probe: Probe, container: Container, reach: Reach): Promise<Answer> {
  const timeoutMs = probe.timeoutSeconds * 1000;
  if (probe.exec) return reach.exec(probe.exec.command, timeoutMs);
  const port = portOfProbe(probe, container);
  const published = port === undefined ? undefined : reach.published(port);
  if (port === undefined || published === undefined) {
    return { good: false, seen: "the engine publishes no port of that name" };
  }
  if (probe.httpGet) return askHttp(probe.httpGet.path, port, published, timeoutMs);
  return probe.grpc
    ? askGrpc(port, published, timeoutMs, probe.grpc.service)
    : askTcp(port, published, timeoutMs);
}

const refusal = (port: number): Answer => ({
  good: false,
  seen: `nothing answers on port ${port}`,
  refused: port,
});

const silence = (asked: string, timeoutMs: number): Answer => ({
  good: false,
  seen: `${asked} has no answer within ${timeoutMs / 1000} s`,
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
        resolve({ good: statusCode >= 200 && statusCode < 400, seen: `${asked}: ${statusCode}` });
        request.destroy();
      },
    );
    const timer = setTimeout(() => {
      resolve(silence(asked, timeoutMs));
      request.destroy();
    }, timeoutMs);
    request.on("close", () => clearTimeout(timer));
    request.on("error", ({ code = "", message }: NodeJS.ErrnoException) => {
      const gone = ["ECONNREFUSED", "ECONNRESET", "EPIPE"].includes(code);
      resolve(gone ? refusal(port) : { good: false, seen: `${asked}: no HTTP (${message})` });
    });
  });
}

/** Asks the standard health service: github.com/grpc/grpc/blob/master/doc/health-checking.md. */
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
          if (error.code === status.DEADLINE_EXCEEDED) return resolve(silence(asked, timeoutMs));
          if (error.code === status.UNAVAILABLE) return resolve(refusal(port));
          resolve({ good: false, seen: `${asked}: ${status[error.code]}` });
        },
      );
    });
  } finally {
    client.close();
  }
}

/** A reply is the field `status`, number 1: 1 is SERVING, and none is UNKNOWN. */
function servingAnswer(asked: string, reply: Buffer | undefined): Answer {
  const said = reply?.[0] === 0x08 ? (reply[1] ?? 0) : 0;
  const name = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"][said] ?? `status ${said}`;
  return { good: said === 1, seen: `${asked}: ${name}` };
}

/** The engine accepts connections for a port where nothing listens, and closes them at once. */
const closesWithinMs = 300;

async function askTcp(port: number, published: number, timeoutMs: number): Promise<Answer> {
  const socket = connect({ host: "127.0.0.1", port: published });
  try {
    return await new Promise<Answer>((resolve) => {
      const open = { good: true, seen: `port ${port} accepts connections` };
      socket.on("data", () => resolve(open));
      socket.on("connect", () => void wait(closesWithinMs).then(() => resolve(open)));
      socket.on("end", () => resolve(refusal(port)));
      socket.on("error", () => resolve(refusal(port)));
      socket.setTimeout(timeoutMs, () => resolve(silence(`port ${port}`, timeoutMs)));
    });
  } finally {
    socket.destroy();
  }
}

/** What a probe that is never answered well says of the contract. */
export function verdictOfProbe(
  { check, seconds }: { check: string; seconds: number },
  answer: Answer,
  { container, image, log }: Seen,
): Verdict {
  const failed = { level: "FAIL", check, ...lastLines(log) } as const;
  const reason = reasonIn(log);
  const { refused, seen } = answer;
  if (refused === undefined) return { ...failed, seen, mend: "`health`" };
  const within = `${seen} within ${seconds} s`;
  if (reason) return { ...failed, seen: `${within}: ${reason.seen}`, mend: reason.mend };
  const exposed = exposedBy(image);
  const own = container.ports?.some(({ containerPort }) => containerPort === refused);
  return {
    ...failed,
    seen: `${within}; the image exposes ${exposed.join(", ") || "no port"}`,
    mend: `${own ? "`port`" : "`health`"}, or let the process listen on 0.0.0.0:${refused}`,
  };
}

/** What is known of a container when a verdict is given. */
export interface Seen {
  container: Container;
  image: ImageFacts;
  log: string;
}

const exposedBy = ({ Config }: ImageFacts) =>
  Object.keys(Config.ExposedPorts ?? {}).map((port) => port.replace(/\/tcp$/, ""));

/** What the end of a container that should run says, or of a job that failed. */
export function verdictOfEnd(check: string, state: State, { container, log }: Seen): Verdict {
  const ended = `it ended with code ${state.ExitCode}`;
  const failed = { level: "FAIL", check, ...lastLines(log) } as const;
  if (state.OOMKilled) {
    const counted = container.volumeMounts?.length ? "; files in `writable` count here too" : "";
    return { ...failed, seen: `${ended}: out of memory${counted}`, mend: "`memoryMiB`" };
  }
  const reason = reasonIn(log);
  if (reason) return { ...failed, seen: `${ended}: ${reason.seen}`, mend: reason.mend };
  if (state.ExitCode === 0) {
    return {
      ...failed,
      seen: `${ended}, and a service must not end`,
      mend: "`command`, or make it a job of `jobs`",
    };
  }
  const secrets = secretsOf(container);
  const dummies = secrets.length > 0 ? `; a dummy: ${secrets.join(", ")}` : "";
  return { ...failed, seen: `${ended}${dummies}` };
}

/** What the engine says of a container that it could not start. */
export function verdictOfRefusedStart(message: string): Verdict {
  if (wrongArchitecture(message)) return { level: "FAIL", check: "start", ...foreignProgram };
  const said = message.replace(/^docker: /, "").split("\n")[0] ?? "";
  const command = /executable file not found|no such file or directory|no command specified/i;
  const [, program] = /exec: "([^"]+)"/.exec(message) ?? [];
  if (command.test(message)) {
    const seen = program ? `the image has no program ${program}` : said;
    return { level: "FAIL", check: "start", seen, mend: "`command`" };
  }
  if (/permission denied/i.test(message)) {
    const seen = `the user may not run ${program ?? "the program"}`;
    return { level: "FAIL", check: "start", seen, mend: "`user` or `command`" };
  }
  return { level: "FAIL", check: "start", seen: said, mend: "`image`" };
}

const foreignProgram: Reason = {
  seen: "its program is not for the architecture that the image names",
  mend: "`image`",
};

/** Whether the engine has no means to run the image's architecture. */
export const wrongArchitecture = (text: string) => /exec format error/i.test(text);

interface Reason {
  seen: string;
  mend: string;
}

/** What a container's own words say of the contract. */
export function reasonIn(log: string): Reason | undefined {
  for (const line of log.split("\n")) {
    const reason = wrongArchitecture(line)
      ? foreignProgram
      : (readOnlyReason(line) ?? deniedReason(line));
    if (reason) return reason;
  }
  return undefined;
}

/** The last path before the words, else the first one behind them. */
function readOnlyReason(line: string): Reason | undefined {
  const words = /read-only file system|EROFS/i.exec(line);
  if (!words) return undefined;
  const paths = (text: string) => text.match(/(?<![\w.:/-])\/[\w.@/-]+/g) ?? [];
  const path =
    paths(line.slice(0, words.index)).at(-1) ?? paths(line.slice(words.index)).at(0) ?? "";
  const clean = path.replace(/[:.]+$/, "");
  return { seen: `it cannot write ${clean || "a file"}`, mend: "`writable` for its folder" };
}

function deniedReason(line: string): Reason | undefined {
  if (!/permission denied|EACCES/i.test(line)) return undefined;
  if (!/\b(bind|listen)/i.test(line)) {
    return {
      seen: `permission denied: ${line.trim()}`,
      mend: "`user`, or `writable` for a folder",
    };
  }
  const [, port] = /:(\d{1,5})\b/.exec(line) ?? [];
  return {
    seen: `it may not listen on ${port ? `port ${port}` : "a port below 1024"}`,
    mend: `${port ? `\`port: ${port}\`` : "`port`"}, or tell the image to use a port above 1023`,
  };
}

const shownLines = 5;

function lastLines(log: string): Pick<Verdict, "log"> {
  const lines = log.split("\n").filter((line) => line.trim());
  return lines.length > 0 ? { log: lines.slice(-shownLines) } : {};
}

/** Whose process the image is, and whose the pod's. */
export function verdictOfUser({ Config }: ImageFacts, user: string): Verdict {
  const theirs = Config.User || "root";
  const names = [user, user.split(":")[0]];
  if (names.includes(theirs)) return { level: "ok", check: "user", seen: user };
  const root = /^(root|0)(:|$)/.test(theirs);
  const seen = `the image's is ${root ? "root" : theirs}, the pod's ${user}`;
  return { level: "note", check: "user", seen, mend: "`user`, if files are refused" };
}

/** `has`: the architectures that the reference has; none when the registry did not say. */
export function verdictOfArchitecture({
  engine,
  nodes,
  built,
  has,
}: {
  engine: string;
  nodes: string;
  built: boolean;
  has?: string[];
}): Verdict {
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
      seen: `not tried: the registry does not say if it has ${nodes}`,
    };
  }
  return has.includes(nodes)
    ? { level: "ok", check, seen: nodes }
    : {
        level: "FAIL",
        check,
        seen: `the image is for ${has.join(", ")}, the nodes are ${nodes}`,
        mend: "`image.reference` or `nodes.architecture`",
      };
}

/** What the pod has and this trial has not. */
export function notTried({ pod, container }: Workload): Verdict[] {
  const companions = (pod.initContainers ?? []).map(
    ({ name, restartPolicy }) => `${restartPolicy === "Always" ? "sidecar" : "before"} ${name}`,
  );
  const secrets = secretsOf(container);
  const note = (check: string, seen: string): Verdict => ({ level: "note", check, seen });
  return [
    ...(companions.length > 0 ? [note("beside it", `not tried: ${companions.join(", ")}`)] : []),
    ...(secrets.length > 0 ? [note("secrets", `a dummy: ${secrets.join(", ")}`)] : []),
  ];
}
