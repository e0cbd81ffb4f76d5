import { connect } from "node:net";
import { Refused } from "./image-references.ts";
import type { PlatformStack } from "./platform-stack.ts";

interface Kubeconfig {
  clusters?: { cluster?: { server?: string } }[];
}

const help =
  "Set the repository variable CLUSTER_RUNNER (of prod CLUSTER_RUNNER_PROD) to the label of a runner inside the VPC, or of one whose address is in cluster.publicAccessCidrs (docs/delivery.md).";

/**
 * Connects to the Kubernetes API of the stack. Returns its address; undefined if there is no cluster yet.
 *
 * @throws {Refused} if no runner is chosen, or the API does not answer it
 */
export async function reach(
  stack: Pick<PlatformStack, "name" | "outputs">,
  runner: string | undefined,
  seconds = 10,
): Promise<string | undefined> {
  if (!runner) {
    throw new Refused(
      `CLUSTER_RUNNER is not set: GitHub's own runners have too many addresses to be let in to the Kubernetes API of ${stack.name}. ${help}`,
    );
  }
  const { kubeconfig } = await stack.outputs();
  if (!kubeconfig) return undefined;
  const { clusters = [] }: Kubeconfig =
    typeof kubeconfig === "string" ? JSON.parse(kubeconfig) : kubeconfig;
  const server = clusters[0]?.cluster?.server;
  if (!server) return undefined;
  const problem = await unreachable(new URL(server), seconds);
  if (problem === undefined) return server;
  throw new Refused(
    `The Kubernetes API of ${stack.name}, ${server}, does not answer the runner "${runner}": ${problem}. ${help}`,
  );
}

/** Returns why the connection fails; undefined if it succeeds. */
function unreachable({ hostname, port, protocol }: URL, seconds: number) {
  return new Promise<string | undefined>((resolve) => {
    const socket = connect({
      host: hostname,
      port: Number(port) || (protocol === "http:" ? 80 : 443),
      timeout: seconds * 1000,
    });
    const end = (problem?: string) => {
      socket.destroy();
      resolve(problem);
    };
    socket.once("connect", () => end());
    socket.once("timeout", () => end(`no answer in ${seconds} s`));
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
