import {
  environmentPods,
  mostNodes,
  nodesFor,
  type OptionalAddons,
  type Pods,
  smallestRoom,
} from "../../infra/cluster/capacity.ts";
import { instanceType } from "../../infra/cluster/instance-types.ts";
import { groupTag } from "../../infra/cluster/node-groups.ts";
import { limitsFor } from "../../infra/cluster/started-nodes.ts";
import { comesDueAsleep, shareAwake } from "../../infra/config/sleep-times.ts";
import { mostAnnotation } from "../../infra/preview-environments/preview-environments.ts";
import { mostRuns } from "../../infra/services/pod-size.ts";
import { assumedCidrBlock } from "../cloud/given-network.ts";
import { sleepOf } from "../cloud/scheduler.ts";
import { addonsOnNodes, clusterPodsOf } from "../graph/cluster-pods.ts";
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

/** Nodes of one kind, of one node group or of one in each zone. */
export interface NodesOfKind {
  types: string[];
  spot: boolean;
  /** Zones with a subnet of a group. */
  zones: number;
  sizes: Record<"minSize" | "desiredSize" | "maxSize", number>;
}

/** The nodes of `platform:nodes`, and the pods that they and the others carry. */
export interface Placement extends NodesOfKind {
  /** The nodes of further groups. */
  others: NodesOfKind[];
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

/** The nodes of all groups, by their kinds; those of `platform:nodes` itself first. */
function nodesByKind(resources: Resource[]): NodesOfKind[] {
  const groups = resources.filter(({ type }) => type === "aws:eks/nodeGroup:NodeGroup");
  // One group a zone has the place of its zone at the end of its tag.
  const settingsOf = ({ inputs }: Resource) => {
    const key = String(inputs.tags?.[groupTag] ?? "");
    return inputs.subnetIds?.length === 1 ? key.replace(/(^|-)\d+$/, "") : key;
  };
  const names = [...new Set(groups.map(settingsOf))];
  return names
    .toSorted((a, b) => Number(a !== "") - Number(b !== ""))
    .map((name) => {
      const inputs = groups.filter((one) => settingsOf(one) === name).map((one) => one.inputs);
      const sum = (of: keyof NodesOfKind["sizes"]) =>
        inputs.reduce((total, { scalingConfig }) => total + (scalingConfig?.[of] ?? 1), 0);
      return {
        types: inputs[0]?.instanceTypes ?? ["t3.medium"],
        spot: inputs[0]?.capacityType === "SPOT",
        zones: new Set(inputs.flatMap(({ subnetIds }) => subnetIds ?? [""])).size,
        sizes: {
          minSize: sum("minSize"),
          desiredSize: sum("desiredSize"),
          maxSize: sum("maxSize"),
        },
      };
    });
}

/** What the node groups carry; undefined without one. */
export function placementOf(resources: Resource[]): Placement | undefined {
  const started = startedNodesOf(resources);
  const [group = started && withoutGroup(started), ...others] = nodesByKind(resources);
  if (!group) return undefined;
  const runs = (chart: string) => resources.some(({ inputs }) => inputs.chart === chart);
  const scaled = runs("cluster-autoscaler");
  const manifests = manifestsOf(resources);
  const pods = servicePods(manifests);
  const own = [...pods, ...previewPods(pods, manifests), ...jobPods(manifests)];
  const services = servicePods(manifests, { bound: "least", rollout: false });
  const cluster = clusterPodsOf(resources);
  return {
    ...group,
    others,
    scaled,
    started,
    addons: addonsOnNodes(resources),
    own,
    most: [...own, ...cluster],
    least: [...servicePods(manifests, { bound: "least" }), ...cluster],
    rest: [...services, ...cluster],
    services,
  };
}

/** What stands for the node group in EKS Auto Mode: none of its nodes, in the subnets of the NodeClass. */
const withoutGroup = ({ zones }: StartedNodes): NodesOfKind => ({
  types: [],
  spot: false,
  zones,
  sizes: { minSize: 0, desiredSize: 0, maxSize: 0 },
});

function roomOf(resources: Resource[]): { of: string; what: string }[] {
  const placement = placementOf(resources);
  if (!placement) return [];
  const { types, zones, scaled, started, addons, own, most, others } = placement;
  if (started?.by === "EKS Auto Mode") return startedOf(started, most, { zones, addons });
  const kinds = [placement, ...others];
  const nodes = kinds.map((kind) => ({
    of: "nodes",
    what: started
      ? `${kind.sizes.desiredSize} of ${types.join(", ")} for the pods of add-ons`
      : nodesText(kind, { scaled, capacity: others.length > 0 }),
  }));
  const rooms = kinds.map((kind) => smallestRoom(kind.types, addons));
  const unknown = kinds.flatMap((kind) => kind.types).filter((type) => !instanceType(type));
  const [room] = rooms;
  if (!room || unknown.length > 0) {
    const what = `NOT CHECKED: infra/cluster/instance-types.ts has no numbers for ${unknown.join(", ")}`;
    return [...nodes, { of: "pods", what }];
  }
  if (started) return [...nodes, ...startedOf(started, own, { zones, addons })];
  const counted = `at most ${own.map(({ name, count }) => `${count} ${name}`).join(", ")} and the cluster's`;
  const ofNode = rooms.flatMap((one) =>
    one
      ? {
          of: "a node",
          what: `${one.cpuMillicores}m CPU, ${one.memoryMiB} MiB and ${one.pods} pods, besides what is on every node`,
        }
      : [],
  );
  const bounds = { room, zones, atLeast: 1, atMost: mostNodes };
  const on =
    others.length > 0
      ? `all at their most on ${kinds.map((kind) => largest(kind, scaled)).join(" and ")}`
      : `on ${nodesFor(most, bounds) ?? `more than ${mostNodes}`} nodes`;
  return [...nodes, ...ofNode, { of: "pods", what: `${counted}, ${on}` }];
}

const largest = ({ sizes, spot }: NodesOfKind, scaled: boolean) =>
  `${scaled ? sizes.maxSize : sizes.desiredSize} ${spot ? "Spot" : "on-demand"} nodes`;

/** Of several groups also what they are paid by. */
function nodesText(
  { sizes: { minSize, desiredSize, maxSize }, types, spot }: NodesOfKind,
  { scaled, capacity }: { scaled: boolean; capacity: boolean },
): string {
  const of = `of ${types.join(", ")}${capacity ? (spot ? " on Spot" : " on demand") : ""}`;
  return scaled
    ? `${minSize} to ${maxSize} ${of}, as many as the pods need`
    : `${desiredSize} ${of}; nothing adds nodes`;
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
