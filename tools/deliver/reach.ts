import { connect } from "node:net";
import { Refused } from "./image-references.ts";
import type { PlatformStack } from "./platform-stack.ts";

interface Kubeconfig {
  clusters?: { cluster?: { server?: string } }[];
}

const help =
  "Set the repository variable CLUSTER_RUNNER (of prod CLUSTER_RUNNER_PROD) to the label of a runner inside the VPC, or of one whose address is in cluster.publicAccessCidrs (docs/delivery.md).";

/**
 * Throws `Refused` unless the job runs on a runner that somebody chose, and the Kubernetes API of the
 * stack answers it. Gives the API's address; nothing for a stack that has no cluster yet.
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

/** Why nobody answers there; nothing when somebody does. */
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
