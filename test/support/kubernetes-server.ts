import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";

/** An answer of the API: an object, text (a log), or a Status with its HTTP code. */
export type KubernetesAnswer = object | string;

/** What the API server answers to somebody without the right. */
export const forbidden = (resource: string, namespace?: string) => ({
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  message: `${resource} is forbidden: User "viewer" cannot list resource "${resource}" in API group "" ${namespace ? `in the namespace "${namespace}"` : "at the cluster scope"}`,
  reason: "Forbidden",
  code: 403,
});

/**
 * A Kubernetes API server on loopback, with an answer for each path; all other lists are empty. A key with a
 * query is preferred to one without.
 */
export async function serveKubernetes(answers: Record<string, KubernetesAnswer>) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = request.url ?? "";
    asked.push(url);
    const [path = ""] = url.split("?");
    const answer = answers[url] ?? answers[path] ?? { kind: "List", metadata: {}, items: [] };
    const code = typeof answer === "object" && "code" in answer ? Number(answer.code) : 200;
    const text = typeof answer === "string";
    response.writeHead(code, { "content-type": text ? "text/plain" : "application/json" });
    response.end(text ? answer : JSON.stringify(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const name = "served";
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromOptions({
    clusters: [
      {
        name,
        server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        skipTLSVerify: true,
      },
    ],
    users: [{ name, token: "token" }],
    contexts: [{ name, cluster: name, user: name }],
    currentContext: name,
  });
  return {
    kubeConfig,
    /** The paths that were asked for, with their queries. */
    asked,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
