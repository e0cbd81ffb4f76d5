import { reachProblem } from "../world/rules/cluster-rules.ts";
import { CloudError, type Props } from "../world/world.ts";
import type { Package } from "./service.ts";

/** The kubernetes package; a provider's kubeconfig names the cluster. */
export const kubernetes: Package = {
  name: "kubernetes",
  configure: (config) => ({
    cluster: clusterOf(config),
    takesFields: String(config.enablePatchForce) === "true",
  }),
  // Another cluster replaces all its objects (pulumi-kubernetes DiffConfig). With an identifier, only
  // a changed identifier means another cluster.
  replacesAll: (olds, news) => {
    if (news.clusterIdentifier !== undefined || olds.clusterIdentifier !== undefined) {
      return olds.clusterIdentifier === news.clusterIdentifier ? [] : ["clusterIdentifier"];
    }
    return serverOf(olds) === serverOf(news) ? [] : ["kubeconfig"];
  },
  // pulumi-kubernetes, Diff: reads from the cluster whether a job has completed.
  replacesUnready: ({ kind, metadata }) =>
    kind === "Job" && metadata?.annotations?.["pulumi.com/replaceUnready"] === "true",
  // pulumi-kubernetes, Configure and Delete: also of an object that is no more.
  forgets: (caller, world) => {
    const problem = reachProblem(world, caller);
    if (problem === undefined) return false;
    if (process.env.PULUMI_K8S_DELETE_UNREACHABLE === "true") return true;
    throw new CloudError("Unreachable", problem);
  },
  functions: {},
};

function kubeconfigOf({ kubeconfig }: Props): Props | undefined {
  try {
    return typeof kubeconfig === "string" ? JSON.parse(kubeconfig) : kubeconfig;
  } catch {
    return undefined;
  }
}

function serverOf(config: Props): string | undefined {
  return kubeconfigOf(config)?.clusters?.[0]?.cluster?.server;
}

/** The name in `aws eks get-token --cluster-name NAME`. */
function clusterOf(config: Props): string | undefined {
  const args = kubeconfigOf(config)?.users?.[0]?.user?.exec?.args as string[] | undefined;
  const at = args?.indexOf("--cluster-name") ?? -1;
  return at < 0 ? undefined : args?.[at + 1];
}
