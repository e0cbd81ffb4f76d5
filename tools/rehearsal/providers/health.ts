import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * Serves an HTTP proxy that reports every endpoint as healthy. The real eks plugin waits up to five
 * minutes for the endpoint of a public cluster before it returns the kubeconfig.
 *
 * Its agent (https-proxy-agent 5) begins TLS after a first response of 200. After any other it takes the
 * proxy's response as the endpoint's, so the proxy sends an interim response first.
 */
export async function serveHealth(): Promise<{ server: Server; url: string }> {
  const server = createServer().on("connect", (_, socket) =>
    socket.end("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
