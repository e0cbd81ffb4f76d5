import { createServer } from "node:http";

/** What servers do that know nothing of the drain clock when they are told to leave. */
const behaviours = {
  exits: () => process.exit(0),
  closes: () => server.close(() => process.exit(0)),
  // As Node does by default when it is the first process of a container.
  ignores: () => {},
};

/** Answers after the milliseconds that the path names. */
const server = createServer((request, response) => {
  setTimeout(() => response.end("done"), Number(request.url?.slice(1)));
});
// Longer than any connection here is idle: this is about leaving, not about idle connections.
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.(server.address()));

process.on("SIGTERM", behaviours[process.argv[2]]);
process.on("disconnect", () => process.exit(1));
