import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

const returned = new Set<number>();

/** A free port of this machine. Never returns a port twice. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  if (returned.has(port)) return freePort();
  returned.add(port);
  return port;
}
