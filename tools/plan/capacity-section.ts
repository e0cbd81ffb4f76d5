import {
  clusterPods,
  environmentPods,
  filesAddon,
  nodesFor,
  type OptionalAddons,
  type Pods,
  secretsAddon,
  smallestRoom,
} from "../../infra/cluster/capacity.ts";
import { instanceType } from "../../infra/cluster/instance-types.ts";
import { limitsFor } from "../../infra/cluster/started-nodes.ts";
import { mostAnnotation } from "../../infra/preview-environments/preview-environments.ts";
import { mostRuns } from "../../infra/services/pod-size.ts";
import { assumedCidrBlock } from "../cloud/given-network.ts";
import { type Manifest, manifestsOf, podSpecOf, requestsOf, scaleOf } from "../graph/manifests.ts";
import { type StartedNodes, startedNodesOf } from "../graph/node-pool.ts";
import type { Properties, Resource } from "../graph/resource.ts";

/** The room of the nodes and the max. requests of all pods. Empty without a node group. */
export function capacityOf(resources: Resource[]): { of: string; what: string }[] {
  return [...givenNetworkOf(resources), ...roomOf(resources)];
}

/** What a plan, which asks nobody, takes for a network that is there already. */
function givenNetworkOf(resources: Resource[]): { of: string; what: string }[] {
  const cluster = resources.find(({ type }) => type === "eks:index:Cluster")?.inputs;
  const isOwn = resources.some(({ type }) => type === "awsx:ec2:Vpc");
  return cluster && !isOwn
    ? [
        {
          of: "network",
          what: `${cluster.vpcId} is there already; assumed: ${assumedCidrBlock}, subnets in network.zones and large enough; a preview asks AWS`,
        },
      ]
    : [];
}

function roomOf(resources: Resource[]): { of: string; what: string }[] {
  const group = resources.find(({ type }) => type === "aws:eks/nodeGroup:NodeGroup")?.inputs;
  if (!group) return [];
  const types: string[] = group.instanceTypes;
  const { minSize, desiredSize, maxSize } = group.scalingConfig;
  const runs = (chart: string) => resources.some(({ inputs }) => inputs.chart === chart);
  const scaled = runs("cluster-autoscaler");
  const started = startedNodesOf(resources);
  const nodes = started
    ? `${desiredSize} of ${types.join(", ")} for the pods of add-ons`
    : scaled
      ? `${minSize} to ${maxSize} of ${types.join(", ")}, as many as the pods need`
      : `${desiredSize} of ${types.join(", ")}; nothing adds nodes`;
  const has = (addon: string) => resources.some(({ inputs }) => inputs.addonName === addon);
  const files = has(filesAddon);
  const room = smallestRoom(types, { secrets: has(secretsAddon), files });
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
  if (started) {
    const addons = { secrets: has(secretsAddon), files };
    return [
      { of: "nodes", what: nodes },
      ...startedOf(started, own, { zones: group.subnetIds.length, addons }),
    ];
  }
  const all = [...own, ...clusterPods({ autoscaler: scaled, keda: runs("keda"), files })];
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

/** What Karpenter may start, and whether the pods at their most have room within its limits. */
function startedOf(
  { instanceTypes, capacityTypes, cpuLimit, memoryLimitGiB }: StartedNodes,
  pods: Pods[],
  of: { zones: number; addons: OptionalAddons },
): { of: string; what: string }[] {
  const [least] = limitsFor(pods, { ...of, instanceTypes });
  const counted = pods.map(({ name, count }) => `${count} ${name}`).join(", ");
  return [
    {
      of: "Karpenter",
      what: `nodes of ${instanceTypes.join(", ")} (${capacityTypes.join(", ")}), as many as the pods need, up to ${cpuLimit} vCPUs and ${memoryLimitGiB} GiB together`,
    },
    {
      of: "pods",
      what: least
        ? `at most ${counted}, on Karpenter's nodes: ${least.cpuLimit} vCPUs and ${least.memoryLimitGiB} GiB of one type hold them`
        : `NOT CHECKED: at most ${counted}; infra/cluster/instance-types.ts has no numbers for a type that holds them`,
    },
  ];
}

/** The pods of preview environments, at their max. number. */
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

/** The max. pods of each Deployment with the surge of a rollout, the largest first. */
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
 * The max. parallel runs of each CronJob, and the pods of each release job with its retries, which run
 * beside the old pods. The largest first.
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

/** The max. parallel runs of a CronJob. */
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
