import { kubeConfigAt, loopback } from "./loopback.ts";

/** A response of the API: an object, text (a log), or a Status with its HTTP code. */
export type KubernetesAnswer = object | string;

/** The API server's error without the permission. */
export const forbidden = (resource: string, namespace?: string) => ({
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  message: `${resource} is forbidden: User "viewer" cannot list resource "${resource}" in API group "" ${namespace ? `in the namespace "${namespace}"` : "at the cluster scope"}`,
  reason: "Forbidden",
  code: 403,
});

/**
 * Starts a Kubernetes API server on loopback with a response for each path. All other lists are empty. A key
 * with a query takes precedence over one without.
 */
export async function serveKubernetes(answers: Record<string, KubernetesAnswer>) {
  const asked: string[] = [];
  const { endpoint, stop } = await loopback((request, response) => {
    const url = request.url ?? "";
    asked.push(url);
    const [path = ""] = url.split("?");
    const answer = answers[url] ?? answers[path] ?? { kind: "List", metadata: {}, items: [] };
    const code = typeof answer === "object" && "code" in answer ? Number(answer.code) : 200;
    const text = typeof answer === "string";
    response.writeHead(code, { "content-type": text ? "text/plain" : "application/json" });
    response.end(text ? answer : JSON.stringify(answer));
  });
  return {
    kubeConfig: kubeConfigAt(endpoint),
    /** The requested paths with their queries. */
    asked,
    stop,
  };
}
