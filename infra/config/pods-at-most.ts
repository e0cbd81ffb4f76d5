import {
  clusterPods,
  environmentPods,
  type OptionalAddons,
  type Pods,
} from "../cluster/capacity.ts";
import { needsKeda } from "../services/keda-needs.ts";
import { mostRuns, podSize } from "../services/pod-size.ts";
import { surgeOf } from "../services/rollout.ts";
import type { Settings } from "./schema.ts";
import { namesSecrets } from "./secret-rules.ts";
import type { JobConfig, ServiceConfig } from "./workload-schema.ts";

/** What of the settings asks for pods. */
type Asking = Pick<
  Settings,
  "services" | "jobs" | "resources" | "autoscaler" | "pullRequests" | "nodes"
>;

const hasFiles = ({ resources }: Pick<Settings, "resources">) =>
  Object.values(resources).some(({ kind }) => kind === "files");

/** What decides which pods and addresses each node has. */
export const addonSlices = ["services", "jobs", "resources", "cluster", "nodes"] as const;

/** The add-ons that the settings need, which have pods on each node, and the addresses of a node of the group. */
export const addonsOf = (
  settings: Pick<Settings, (typeof addonSlices)[number]>,
): OptionalAddons & Record<"secrets" | "files" | "podIdentity", boolean> => ({
  secrets: namesSecrets(settings),
  files: hasFiles(settings),
  podIdentity: settings.cluster.identity === "podIdentity",
  ...(settings.cluster.podAddresses.prefixDelegation && {
    prefixes: settings.nodes.operatingSystem === "bottlerocket" ? "all" : "few",
  }),
});

/**
 * All pods at their most: each service at its ceiling and in a rollout, the largest first, each job
 * at its most runs, and the services once in each pull request's environment. Beside them the pods of
 * add-ons, and those that keep room free.
 */
export function podsAtMost({
  services,
  jobs,
  resources,
  autoscaler,
  nodes,
  pullRequests: { environments },
}: Asking): Record<"own" | "ofCluster" | "spare", Pods[]> {
  const { replicas: count, ...size } = autoscaler.spareCapacity;
  const kind = (name: string, count: number, workload: ServiceConfig | JobConfig) => ({
    ...podSize(workload),
    name,
    count,
    spread: false,
    ...(workload.onDemandOnly && { onDemand: true }),
  });
  const bySize = (a: Pods, b: Pods) => b.cpuMillicores - a.cpuMillicores;
  const pods = Object.entries(services)
    .map(([name, service]) => {
      const { maxReplicas, maxSurge = 1 } = service;
      const count = maxReplicas + surgeOf(maxSurge, maxReplicas);
      return { ...kind(name, count, service), spread: nodes.groupPerZone };
    })
    .sort(bySize);
  const inEnvironments = pods.filter(({ name }) => !services[name]?.worker);
  const ofJobs = Object.entries(jobs)
    .map(([name, job]) => kind(name, mostRuns[job.concurrency], job))
    .sort(bySize);
  return {
    own: [...pods, ...environmentPods(inEnvironments, environments), ...ofJobs],
    ofCluster: clusterPods({
      autoscaler: autoscaler.enabled,
      karpenter: nodes.kind === "karpenter",
      auto: nodes.kind === "auto",
      keda: Object.values(services).some(needsKeda),
      files: hasFiles({ resources }),
    }),
    spare: count > 0 ? [{ ...size, name: "spare-capacity", count, spread: false }] : [],
  };
}
