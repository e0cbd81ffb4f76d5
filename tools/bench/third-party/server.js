import { createServer } from "node:http";

/** Reactions to SIGTERM of servers that do not read the drain clock. */
const behaviours = {
  exits: () => process.exit(0),
  closes: () => server.close(() => process.exit(0)),
  // The default of Node as process 1 of a container.
  ignores: () => {},
};

/** Responds after the milliseconds in the path. */
const server = createServer((request, response) => {
  setTimeout(() => response.end("done"), Number(request.url?.slice(1)));
});
// Longer than any connection is idle here.
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.(server.address()));

process.on("SIGTERM", behaviours[process.argv[2]]);
process.on("disconnect", () => process.exit(1));
