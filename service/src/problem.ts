import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type {
  FastifyBaseLogger,
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
} from "fastify";

/** RFC 9457 problem details. */
export interface Problem {
  type: "about:blank";
  title: string;
  status: number;
  detail?: string;
  /** To be quoted when asking for help: the log line of the request has it too. */
  requestId?: string;
  /** What was wrong with the request, field by field. */
  errors?: { pointer: string; detail: string }[];
}

const contentType = "application/problem+json";

/** Answers with problem details. */
export function sendProblem(
  reply: FastifyReply,
  status: number,
  detail?: string,
  errors?: Problem["errors"],
): FastifyReply {
  return reply
    .code(status)
    .type(contentType)
    .send(JSON.stringify({ ...problem(status, detail), requestId: reply.request.id, errors }));
}

/** Answers any error as a problem; what a server error says goes to the log and nowhere else. */
export function handleError(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const status = error.statusCode ?? 500;
  if (error.validation) {
    const errors = error.validation.map(({ instancePath, message }) => ({
      pointer: `/${error.validationContext}${instancePath}`,
      detail: message ?? "not valid",
    }));
    return sendProblem(reply, 400, "the request does not match the schema", errors);
  }
  if (status >= 400 && status < 500) return sendProblem(reply, status, error.message);
  request.log.error({ error }, "request failed");
  return sendProblem(reply, status >= 500 && status < 600 ? status : 500);
}

/** Keeps the methods of every route that is added to `app` from now on. */
export function rememberMethods(app: FastifyInstance): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  app.addHook("onRoute", ({ method, url }) => {
    methods.set(url, (methods.get(url) ?? []).concat(method));
  });
  return methods;
}

/** Answers an unknown path with 404, and a known path with another method with 405. */
export function handleUnknown(
  { url }: FastifyRequest,
  reply: FastifyReply,
  methods: Map<string, string[]>,
): FastifyReply {
  const path = url.split("?", 1)[0] ?? "";
  const allow = [...methods].filter(([url]) => matches(url, path)).flatMap(([, names]) => names);
  if (allow.length === 0) return sendProblem(reply, 404, "nothing is here");
  reply.header("allow", allow.join(", "));
  return sendProblem(reply, 405, `allowed: ${allow.join(", ")}`);
}

/** Answers what could not be read as HTTP, then closes the connection. */
export function handleMalformed(
  error: NodeJS.ErrnoException,
  socket: Socket,
  log: FastifyBaseLogger,
) {
  const pending = (socket as { _httpMessage?: { headersSent: boolean } })._httpMessage;
  if (error.code === "ECONNRESET" || !socket.writable || pending?.headersSent) {
    socket.destroy();
    return;
  }
  const status = malformed.get(error.code ?? "") ?? 400;
  log.info({ status, code: error.code }, "malformed request");
  endWith(socket, status);
  // The answer can be lost if the socket is destroyed while the client still sends.
  socket.setTimeout(1000, () => socket.destroy());
}

/** Answers by problems what Node would answer by itself: CONNECT, and an `Expect` that nobody knows. */
export function handleUncommon(server: Server, methods: Map<string, string[]>): void {
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
    socket.on("error", () => socket.destroy());
    const allow = [...new Set([...methods.values()].flat())].join(", ");
    endWith(socket, 405, { allow });
  });
  server.on("checkExpectation", (_request: IncomingMessage, response: ServerResponse) => {
    const body = JSON.stringify(problem(417));
    response
      .writeHead(417, {
        "content-type": contentType,
        "content-length": Buffer.byteLength(body),
        connection: "close",
      })
      .end(body);
  });
}

function endWith(socket: Duplex, status: number, headers: Record<string, string> = {}): void {
  const body = JSON.stringify(problem(status));
  const all = {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    connection: "close",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, "", body].join("\r\n"));
}

const malformed = new Map([
  ["ERR_HTTP_REQUEST_TIMEOUT", 408],
  ["HPE_CHUNK_EXTENSIONS_OVERFLOW", 413],
  ["HPE_HEADER_OVERFLOW", 431],
]);

function problem(status: number, detail?: string): Problem {
  return { type: "about:blank", title: STATUS_CODES[status] ?? "Error", status, detail };
}

function matches(route: string, path: string): boolean {
  const expected = route.split("/");
  const actual = path.split("/");
  return (
    expected.length === actual.length &&
    expected.every((part, index) => part.startsWith(":") || part === actual[index])
  );
}
