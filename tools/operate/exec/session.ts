import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { type Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { Exec, type KubeConfig, type V1Status } from "@kubernetes/client-node";
import { WebSocketHandler } from "@kubernetes/client-node/dist/web-socket-handler.js";
import WebSocket from "ws";
import { NoAnswer } from "../cluster-access.ts";
import { statusMessage } from "../readings.ts";

/** What the command reads and writes; the process's own, others in tests. */
export interface Streams {
  stdin: Readable & Partial<Pick<NodeJS.ReadStream, "isTTY" | "setRawMode">>;
  stdout: Writable & Partial<Pick<NodeJS.WriteStream, "isTTY">>;
  stderr: Writable;
}

/** A running container. */
export interface ContainerPlace {
  namespace: string;
  pod: string;
  container: string;
}

/** The API server refuses to enter; the message is its own. */
export class EntryRefused extends Error {}

/** The container has no such program; the message is the container runtime's. */
export class NoProgram extends Error {}

/**
 * Runs a program in a container, with the streams. It has a terminal if stdin and stdout are one; then its
 * size is that of stdout, and keys go to the program, Ctrl-C too.
 *
 * @returns its exit code
 * @throws {EntryRefused} if the API server answers 401 or 403
 * @throws {NoProgram} if the container has no such program
 * @throws {NoAnswer} if there is another failure, or the connection ends before the program
 */
export async function runIn(
  kubeConfig: KubeConfig,
  { namespace, pod, container }: ContainerPlace,
  command: string[],
  { stdin, stdout, stderr }: Streams,
): Promise<number> {
  const terminal = Boolean(stdin.isTTY && stdout.isTTY);
  const exec = new Exec(kubeConfig, new WebSocketHandler(kubeConfig, telling));
  let status: V1Status | undefined;
  try {
    const socket = await exec
      .exec(
        namespace,
        pod,
        container,
        command,
        terminal ? stdout : writingTo(stdout),
        // A terminal has one output.
        terminal ? null : writingTo(stderr),
        stdin,
        terminal,
        (ended) => {
          status = ended;
        },
      )
      .catch((failure: Error | WebSocket.ErrorEvent): never => {
        throw "error" in failure ? failure.error : failure;
      });
    // Not before: until then Ctrl-C ends this process.
    if (terminal) stdin.setRawMode?.(true);
    if (socket.readyState !== WebSocket.CLOSED) await once(socket, "close");
  } catch (error) {
    if (error instanceof EntryRefused) throw error;
    throw new NoAnswer(`${pod}, container ${container}: ${(error as Error).message}`);
  } finally {
    if (terminal) stdin.setRawMode?.(false);
    // An open stdin would keep this process from its end.
    stdin.pause();
  }
  if (!status) throw new NoAnswer(`The connection to ${pod} ended before the command did`);
  return exitCodeOf(status);
}

/** Leaves the stream open, and hides that it is a terminal: only a program with one hears its size. */
const writingTo = (stream: Writable) =>
  new Writable({ write: (chunk, _, done) => void stream.write(chunk, () => done()) });

/** A WebSocket whose error has the words of an API server that answers without one. */
const telling: ConstructorParameters<typeof WebSocketHandler>[1] = (uri, protocols, options) => {
  const socket = new WebSocket(uri, protocols, options as WebSocket.ClientOptions);
  socket.on("unexpected-response", async (request, response: IncomingMessage) => {
    const said = await text(response).catch(() => "");
    const { statusCode = 0 } = response;
    const words = statusMessage(said) ?? said.trim();
    const message = words || `the API server answers ${statusCode}`;
    request.destroy();
    socket.emit(
      "error",
      [401, 403].includes(statusCode) ? new EntryRefused(message) : new Error(message),
    );
  });
  return socket;
};

/** A status as the kubelet's remotecommand server gives it: a cause `ExitCode`, or the runtime's words. */
function exitCodeOf({ status, details, message = "" }: V1Status): number {
  if (status === "Success") return 0;
  const code = details?.causes?.find(({ reason }) => reason === "ExitCode")?.message;
  if (code !== undefined) return Number(code);
  // containerd by runc (grafana/mimir#10571, distroless#891).
  if (/executable file not found|: no such file or directory/.test(message)) {
    throw new NoProgram(message);
  }
  throw new NoAnswer(`The command did not run: ${message}`);
}
