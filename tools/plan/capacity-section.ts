import {
  clusterPods,
  environmentPods,
  nodesFor,
  type Pods,
  secretsAddon,
  smallestRoom,
} from "../../infra/cluster/capacity.ts";
import { instanceType } from "../../infra/cluster/instance-types.ts";
import { mostAnnotation } from "../../infra/preview-environments/preview-environments.ts";
import { mostRuns } from "../../infra/services/pod-size.ts";
import { type Manifest, manifestsOf, podSpecOf, requestsOf, scaleOf } from "../graph/manifests.ts";
import type { Properties, Resource } from "../graph/resource.ts";

/** What the nodes hold, and what all pods at their most ask for; nothing without a node group. */
export function capacityOf(resources: Resource[]): { of: string; what: string }[] {
  const group = resources.find(({ type }) => type === "aws:eks/nodeGroup:NodeGroup")?.inputs;
  if (!group) return [];
  const types: string[] = group.instanceTypes;
  const { minSize, desiredSize, maxSize } = group.scalingConfig;
  const runs = (chart: string) => resources.some(({ inputs }) => inputs.chart === chart);
  const scaled = runs("cluster-autoscaler");
  const nodes = scaled
    ? `${minSize} to ${maxSize} of ${types.join(", ")}, as many as the pods need`
    : `${desiredSize} of ${types.join(", ")}; nothing adds nodes`;
  const secrets = resources.some(({ inputs }) => inputs.addonName === secretsAddon);
  const room = smallestRoom(types, { secrets });
  if (!room) {
    const unknown = types.filter((type) => !instanceType(type)).join(", ");
    const what = `NOT CHECKED: infra/cluster/instance-types.ts has no numbers for ${unknown}`;
    return [
      { of: "nodes", what: nodes },
      { of: "pods", what },
    ];
  }
  const manifests = manifestsOf(resources);
  const pods = servicePods(manifests);
  const own = [...pods, ...previewPods(pods, manifests), ...jobPods(manifests)];
  const all = [...own, ...clusterPods({ autoscaler: scaled, keda: runs("keda") })];
  const zones = group.subnetIds.length;
  const needed = nodesFor(all, { room, zones, atLeast: 1, atMost: 450 });
  return [
    { of: "nodes", what: nodes },
    {
      of: "a node",
      what: `${room.cpuMillicores}m CPU, ${room.memoryMiB} MiB and ${room.pods} pods, besides what is on every node`,
    },
    {
      of: "pods",
      what: `at most ${own.map(({ name, count }) => `${count} ${name}`).join(", ")} and the cluster's, on ${needed ?? "more than 450"} nodes`,
    },
  ];
}

/** Of the services that a Service leads to, in as many environments as the stack takes. */
function previewPods(pods: Pods[], manifests: Manifest[]): Pods[] {
  const reached = manifests.filter(({ kind, spec }) => kind === "Service" && spec.selector);
  const services = pods.filter(({ name }) =>
    reached.some(({ metadata }) => metadata.namespace === name),
  );
  const [environments = "0"] = manifests.flatMap(
    ({ metadata }) => metadata.annotations?.[mostAnnotation] ?? [],
  );
  return environmentPods(services, Number(environments));
}

/** Of each Deployment the most pods, one more in a rollout where its strategy says so; the largest first. */
export function servicePods(manifests: Manifest[]): (Pods & { graceSeconds: number })[] {
  return manifests
    .filter(({ kind }) => kind === "Deployment")
    .map((deployment) => {
      const { metadata, spec } = deployment;
      const pod = podSpecOf(deployment) ?? {};
      const most = scaleOf(deployment, manifests)?.most ?? spec.replicas ?? 1;
      return {
        ...podsOf(pod, most + (spec.strategy?.rollingUpdate?.maxSurge ?? 0)),
        name: metadata.namespace ?? metadata.name,
        graceSeconds: pod.terminationGracePeriodSeconds ?? 30,
      };
    })
    .sort(bySize);
}

/**
 * Of each CronJob as many runs as may be there at once, and of each job of a release its pod with
 * its retries, which run while the old pods still do; the largest first.
 */
function jobPods(manifests: Manifest[]): Pods[] {
  return manifests
    .flatMap((job): Pods[] => {
      const { kind, metadata, spec } = job;
      const count =
        kind === "CronJob" ? runsOf(spec) : kind === "Job" ? 1 + (spec.backoffLimit ?? 6) : 0;
      const pod = podSpecOf(job);
      // The release's namespace is its service's.
      const name = metadata.labels?.["app.kubernetes.io/name"] ?? metadata.name;
      return count > 0 && pod ? [{ ...podsOf(pod, count), name }] : [];
    })
    .sort(bySize);
}

/** Runs of a CronJob that may be there at once. */
export function runsOf({ concurrencyPolicy = "Allow" }: Properties): number {
  return mostRuns[concurrencyPolicy.toLowerCase() as keyof typeof mostRuns];
}

function podsOf(pod: Properties, count: number): Omit<Pods, "name"> {
  const spreads: Properties[] = pod.topologySpreadConstraints ?? [];
  return {
    ...requestsOf(pod),
    count,
    spread: spreads.some(({ whenUnsatisfiable }) => whenUnsatisfiable === "DoNotSchedule"),
  };
}

const bySize = (a: Pods, b: Pods) => b.cpuMillicores - a.cpuMillicores;
