import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { KubeConfig } from "@kubernetes/client-node";

/** A server on loopback. @param upgraded hears requests for another protocol. @default they are refused */
export async function loopback(
  listener: RequestListener,
  upgraded?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void,
) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  if (upgraded) server.on("upgrade", upgraded);
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Also of a server that has stopped already. */
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The way to a Kubernetes API there. */
export function kubeConfigAt(endpoint: string): KubeConfig {
  const name = "served";
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromOptions({
    clusters: [{ name, server: endpoint, skipTLSVerify: true }],
    users: [{ name, token: "token" }],
    contexts: [{ name, cluster: name, user: name }],
    currentContext: name,
  });
  return kubeConfig;
}
