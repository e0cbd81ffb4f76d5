import {
  environmentPods,
  filesAddon,
  identityAddon,
  mostNodes,
  nodesFor,
  type OptionalAddons,
  type Pods,
  secretsAddon,
  smallestRoom,
} from "../../infra/cluster/capacity.ts";
import { instanceType } from "../../infra/cluster/instance-types.ts";
import { type PodAddresses, podAddressesOf } from "../../infra/cluster/pod-addresses.ts";
import { limitsFor } from "../../infra/cluster/started-nodes.ts";
import { comesDueAsleep, shareAwake } from "../../infra/config/sleep-times.ts";
import { mostAnnotation } from "../../infra/preview-environments/preview-environments.ts";
import { mostRuns } from "../../infra/services/pod-size.ts";
import { assumedCidrBlock } from "../cloud/given-network.ts";
import { sleepOf } from "../cloud/scheduler.ts";
import { clusterPodsOf } from "../graph/cluster-pods.ts";
import { type Manifest, manifestsOf, podSpecOf } from "../graph/manifests.ts";
import { type StartedNodes, startedNodesOf } from "../graph/node-pool.ts";
import type { Properties, Resource } from "../graph/resource.ts";
import { bySize, podsOf, servicePods } from "../graph/workload-pods.ts";

/** The room of the nodes and the max. requests of all pods. Empty without a node group. */
export function capacityOf(resources: Resource[]): { of: string; what: string }[] {
  return [...givenNetworkOf(resources), ...roomOf(resources), ...sleepLines(resources)];
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

/** A node group and the pods that it carries. */
export interface Placement {
  types: string[];
  spot: boolean;
  /** Zones with a subnet of the group. */
  zones: number;
  sizes: Record<"minSize" | "desiredSize" | "maxSize", number>;
  /** Whether an autoscaler moves the number of nodes. */
  scaled: boolean;
  /** What Karpenter starts beside the group, which then carries the pods of add-ons alone; or EKS Auto Mode without one. */
  started: StartedNodes | undefined;
  addons: OptionalAddons;
  /** The pods of services and jobs at their most. */
  own: Pods[];
  /** Those and the cluster's. */
  most: Pods[];
  /** All pods at rest, and those that a rollout adds. */
  least: Pods[];
  /** All pods at rest. */
  rest: Pods[];
  /** Those of the services. */
  services: Pods[];
}

/** What the node group carries; undefined without one. */
export function placementOf(resources: Resource[]): Placement | undefined {
  const started = startedNodesOf(resources);
  const group =
    resources.find(({ type }) => type === "aws:eks/nodeGroup:NodeGroup")?.inputs ??
    (started && withoutGroup(resources));
  if (!group) return undefined;
  const runs = (chart: string) => resources.some(({ inputs }) => inputs.chart === chart);
  const has = (addon: string) => resources.some(({ inputs }) => inputs.addonName === addon);
  const scaled = runs("cluster-autoscaler");
  const { prefixDelegation } = podAddressesIn(resources);
  const addons: OptionalAddons = {
    secrets: has(secretsAddon),
    files: has(filesAddon),
    podIdentity: has(identityAddon),
    ...(prefixDelegation && {
      prefixes: String(group.amiType).startsWith("BOTTLEROCKET") ? "all" : "few",
    }),
  };
  const manifests = manifestsOf(resources);
  const pods = servicePods(manifests);
  const own = [...pods, ...previewPods(pods, manifests), ...jobPods(manifests)];
  const services = servicePods(manifests, { bound: "least", rollout: false });
  const cluster = clusterPodsOf(resources);
  return {
    types: group.instanceTypes ?? ["t3.medium"],
    spot: group.capacityType === "SPOT",
    zones: group.subnetIds?.length ?? 1,
    sizes: group.scalingConfig ?? { minSize: 1, desiredSize: 1, maxSize: 1 },
    scaled,
    started,
    addons,
    own,
    most: [...own, ...cluster],
    least: [...servicePods(manifests, { bound: "least" }), ...cluster],
    rest: [...services, ...cluster],
    services,
  };
}

/** What stands for the node group in EKS Auto Mode: none of its nodes, in the subnets of the NodeClass. */
function withoutGroup(resources: Resource[]): Properties {
  const nodeClass = resources.find(
    ({ type }) => type === "kubernetes:eks.amazonaws.com/v1:NodeClass",
  );
  return {
    instanceTypes: [],
    subnetIds: nodeClass?.inputs.spec.subnetSelectorTerms,
    scalingConfig: { minSize: 0, desiredSize: 0, maxSize: 0 },
  };
}
/** How the nodes of a plan get the addresses of their pods. */
export const podAddressesIn = (resources: Resource[]): PodAddresses =>
  podAddressesOf(
    resources.find(({ inputs }) => inputs.addonName === "vpc-cni")?.inputs.configurationValues,
  );

function roomOf(resources: Resource[]): { of: string; what: string }[] {
  const placement = placementOf(resources);
  if (!placement) return [];
  const { types, zones, scaled, started, addons, own, most } = placement;
  const { minSize, desiredSize, maxSize } = placement.sizes;
  if (started?.by === "EKS Auto Mode") return startedOf(started, most, { zones, addons });
  const nodes = started
    ? `${desiredSize} of ${types.join(", ")} for the pods of add-ons`
    : scaled
      ? `${minSize} to ${maxSize} of ${types.join(", ")}, as many as the pods need`
      : `${desiredSize} of ${types.join(", ")}; nothing adds nodes`;
  const room = smallestRoom(types, addons);
  if (!room) {
    const unknown = types.filter((type) => !instanceType(type)).join(", ");
    const what = `NOT CHECKED: infra/cluster/instance-types.ts has no numbers for ${unknown}`;
    return [
      { of: "nodes", what: nodes },
      { of: "pods", what },
    ];
  }
  if (started) return [{ of: "nodes", what: nodes }, ...startedOf(started, own, { zones, addons })];
  const needed = nodesFor(most, { room, zones, atLeast: 1, atMost: mostNodes });
  return [
    { of: "nodes", what: nodes },
    {
      of: "a node",
      what: `${room.cpuMillicores}m CPU, ${room.memoryMiB} MiB and ${room.pods} pods, besides what is on every node`,
    },
    {
      of: "pods",
      what: `at most ${own.map(({ name, count }) => `${count} ${name}`).join(", ")} and the cluster's, on ${needed ?? `more than ${mostNodes}`} nodes`,
    },
  ];
}

/** When the stack has no nodes, and which jobs that hits. */
function sleepLines(resources: Resource[]): { of: string; what: string }[] {
  const schedule = sleepOf(resources);
  if (!schedule) return [];
  const { sleep, wake, timeZone } = schedule;
  const asleep = Math.round(100 * (1 - shareAwake(schedule)));
  const jobs = manifestsOf(resources).filter(
    ({ kind, spec }) =>
      kind === "CronJob" &&
      !spec.suspend &&
      comesDueAsleep(spec.schedule, spec.timeZone ?? "UTC", schedule),
  );
  return [
    {
      of: "sleep",
      what: `no nodes ${asleep} % of the week, from ${sleep} to ${wake} ${timeZone}: the load balancer answers 503, and nothing is released`,
    },
    ...jobs.map(({ metadata, spec }) => ({
      of: "sleep",
      what: `WARNING: job ${metadata.namespace ?? metadata.name} (${spec.schedule} ${spec.timeZone ?? "UTC"}) comes due while it sleeps: its run waits for nodes, and fails when deadlineSeconds ${spec.jobTemplate.spec.activeDeadlineSeconds} have passed first`,
    })),
  ];
}

/** What Karpenter or EKS Auto Mode may start, and whether the pods at their most have room within its limits. */
function startedOf(
  { by, instanceTypes, capacityTypes, cpuLimit, memoryLimitGiB }: StartedNodes,
  pods: Pods[],
  of: { zones: number; addons: OptionalAddons },
): { of: string; what: string }[] {
  const [least] = limitsFor(pods, { ...of, instanceTypes });
  const counted = pods.map(({ name, count }) => `${count} ${name}`).join(", ");
  return [
    {
      of: by,
      what: `nodes of ${instanceTypes.join(", ")} (${capacityTypes.join(", ")}), as many as the pods need, up to ${cpuLimit} vCPUs and ${memoryLimitGiB} GiB together`,
    },
    {
      of: "pods",
      what: least
        ? `at most ${counted}, on ${by === "Karpenter" ? "Karpenter's nodes" : "its nodes"}: ${least.cpuLimit} vCPUs and ${least.memoryLimitGiB} GiB of one type hold them`
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
