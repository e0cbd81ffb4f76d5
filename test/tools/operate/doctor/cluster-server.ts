import { kubeConfigAt, loopback } from "../../../support/loopback.ts";
import type { World } from "./healthy.ts";

/** Lists of the Kubernetes API, on loopback. */
export function kubernetesAnswer(
  world: World,
  url: string,
): { status: number; body: object } | undefined {
  const [, plural = ""] = /^\/apis?\/(?:[^/]+\/)?v\d\/([a-z\d]+)(?:\?|$)/.exec(url) ?? [];
  const refused = world.refused[plural] ?? world.refused["*"];
  if (refused) {
    const { code, reason, message } = refused;
    const body = { kind: "Status", apiVersion: "v1", status: "Failure", message, reason, code };
    return { status: code, body };
  }
  const items = world.kubernetes[plural];
  return items && { status: 200, body: { kind: "List", apiVersion: "v1", metadata: {}, items } };
}

/** The Kubernetes API of a world, and the way to it. */
export async function startCluster(world: () => World) {
  const { endpoint, stop } = await loopback((request, response) => {
    const { status, body } = kubernetesAnswer(world(), request.url ?? "") ?? {
      status: 404,
      body: { kind: "Status", code: 404, message: `no ${request.url}` },
    };
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  return { kubeConfig: kubeConfigAt(endpoint), stop };
}
