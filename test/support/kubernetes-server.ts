import { kubeConfigAt, loopback } from "./loopback.ts";

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
    /** The paths that were asked for, with their queries. */
    asked,
    stop,
  };
}
