import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * The real eks plugin gives out the kubeconfig of a public cluster once its endpoint is healthy, or
 * after five minutes. It asks through a proxy where one is named: this one, which says yes.
 *
 * The agent (https-proxy-agent 5) begins TLS after a first answer of 200. After any other it takes
 * what the proxy has said for the endpoint's own words, so an interim answer comes first.
 */
export async function serveHealth(): Promise<{ server: Server; url: string }> {
  const server = createServer().on("connect", (_, socket) =>
    socket.end("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
