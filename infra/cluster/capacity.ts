import { type InstanceType, instanceType } from "./instance-types.ts";
import { mostPods } from "./pod-addresses.ts";

/** Pods of one kind: how many, and what each asks for. */
export interface Pods {
  name: string;
  count: number;
  cpuMillicores: number;
  memoryMiB: number;
  /** Equally many in each zone. */
  spread: boolean;
  /** On no Spot node. @default false */
  onDemand?: boolean;
}

/** So many nodes of one kind, spread over the zones as an Auto Scaling group does it. */
export interface NodePool {
  room: Room;
  nodes: number;
  zones: number;
  /** @default false */
  spot?: boolean;
}

/** Nodes of a group that the settings allow at most. */
export const mostNodes = 450;

/** What a node has for pods, or has left. */
export interface Room {
  cpuMillicores: number;
  memoryMiB: number;
  pods: number;
}

/**
 * What is on every node: aws-node, kube-proxy, CloudWatch agent, Fluent Bit and the node monitoring
 * agent. Their requests by default (vpc-cni, kube-proxy, amazon-cloudwatch-observability 6.4.0,
 * eks-node-monitoring-agent), and some memory for the first two, which ask for none.
 */
const onEveryNode: Room = { cpuMillicores: 460, memoryMiB: 286, pods: 5 };

/** The add-on that brings secrets to pods, and with it more pods to every node. */
export const secretsAddon = "aws-secrets-store-csi-driver-provider";

/**
 * What the Secrets Store CSI driver and AWS's provider add to every node, by the requests of their
 * charts (secrets-store-csi-driver 1.5, secrets-store-csi-driver-provider-aws 2.1).
 */
const secretsOnEveryNode: Room = { cpuMillicores: 120, memoryMiB: 240, pods: 2 };

/** The add-on that mounts file systems, and with it a pod more to every node. */
export const filesAddon = "aws-efs-csi-driver";

/**
 * What the EFS CSI driver adds to every node: its chart (aws-efs-csi-driver 4.4) asks for nothing, and
 * some memory for the TLS tunnels that it runs.
 */
const filesOnEveryNode: Room = { cpuMillicores: 0, memoryMiB: 64, pods: 1 };

/** The add-on whose agent gives pods their credentials, and with it a pod more to every node. */
export const identityAddon = "eks-pod-identity-agent";

/** What the agent adds to every node: its chart (0.1) asks for nothing, and some memory for it. */
const identityOnEveryNode: Room = { cpuMillicores: 0, memoryMiB: 32, pods: 1 };

/** Add-ons that a stack has only where something of it needs them. */
export interface OptionalAddons {
  /** What brings secrets to pods. @default false */
  secrets?: boolean;
  /** What mounts file systems. @default false */
  files?: boolean;
  /** Whether nodes have prefixes of addresses, and memory kept free for what. @default single addresses */
  prefixes?: Prefixes;
  /** The agent of EKS Pod Identity. @default false */
  podIdentity?: boolean;
}

/**
 * With prefixes a node has more pods. Bottlerocket and Karpenter keep memory free for `all` of them, nodeadm of
 * AL2023 for a `few`: as many as single addresses allow, whatever EKS sets as `maxPods`
 * (amazon-eks-ami, nodeadm/internal/kubelet/config.go, withDefaultReservedResources).
 */
export type Prefixes = "all" | "few";

/** What is once in a cluster, by the requests of the add-ons and of our own releases. */
export function clusterPods({
  autoscaler,
  keda,
  karpenter = false,
  auto = false,
  files = false,
}: Record<"autoscaler" | "keda", boolean> & { karpenter?: boolean; auto?: boolean } & Pick<
    OptionalAddons,
    "files"
  >): Pods[] {
  const pods = (name: string, count: number, memoryMiB: number) => ({
    name,
    count,
    cpuMillicores: 100,
    memoryMiB,
    spread: false,
  });
  return [
    // In EKS Auto Mode it is a service of each node.
    ...(auto ? [] : [pods("coredns", 2, 70)]),
    pods("metrics-server", 2, 200),
    pods("aws-load-balancer-controller", 2, 128),
    pods("amazon-cloudwatch-observability", 1, 64),
    ...(autoscaler ? [pods("cluster-autoscaler", 2, 256)] : []),
    ...(karpenter ? [{ ...pods("karpenter", 2, 512), cpuMillicores: 250 }] : []),
    ...(keda ? [pods("keda-operator", 2, 128), pods("keda-metrics-apiserver", 2, 128)] : []),
    ...(files ? [{ ...pods("efs-csi-controller", 2, 64), cpuMillicores: 0 }] : []),
  ];
}

/** Of each service a pod, and one more in a rollout, in each environment of a pull request. */
export function environmentPods(services: Pods[], environments: number): Pods[] {
  if (environments === 0) return [];
  return services.map((one) => ({
    ...one,
    name: `${one.name} of pull requests`,
    count: 2 * environments,
    spread: false,
  }));
}

/**
 * What a node has for pods that are not on every node, with the images and the defaults of EKS:
 * - pods: `mostPods`;
 * - CPU: less 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the rest;
 * - memory: less 7.5 % for firmware and kernel (Karpenter's estimate), 255 MiB and 11 MiB for each
 *   pod for the kubelet, and 100 MiB below which it evicts pods.
 */
export function roomOf(type: InstanceType, prefixes?: Prefixes): Room {
  const pods = mostPods(type, prefixes !== undefined);
  const keptFor = mostPods(type, prefixes === "all");
  const reservedMillicores = [60, 10, 5, 5, ...Array(Math.max(0, type.vcpus - 4)).fill(2.5)]
    .slice(0, type.vcpus)
    .reduce((sum, one) => sum + one, 0);
  return {
    cpuMillicores: Math.floor(type.vcpus * 1000 - reservedMillicores - onEveryNode.cpuMillicores),
    memoryMiB: Math.floor(
      type.memoryMiB * 0.925 - 255 - 11 * keptFor - 100 - onEveryNode.memoryMiB,
    ),
    pods: pods - onEveryNode.pods,
  };
}

/**
 * The least that a node of any of the types has, also with what these add-ons have on it; `undefined`
 * when one of the types is not known.
 */
export function smallestRoom(
  instanceTypes: string[],
  { secrets = false, files = false, podIdentity = false, prefixes }: OptionalAddons = {},
): Room | undefined {
  const rooms = instanceTypes.map(instanceType).map((type) => type && roomOf(type, prefixes));
  const known = rooms.filter((room) => room !== undefined);
  if (known.length < rooms.length) return undefined;
  const least = (of: keyof Room) =>
    Math.min(...known.map((room) => room[of])) -
    (secrets ? secretsOnEveryNode[of] : 0) -
    (files ? filesOnEveryNode[of] : 0) -
    (podIdentity ? identityOnEveryNode[of] : 0);
  return {
    cpuMillicores: least("cpuMillicores"),
    memoryMiB: least("memoryMiB"),
    pods: least("pods"),
  };
}

/**
 * The pods that find no room, by kind; none when all can be placed on so many nodes. Those that may be on
 * no Spot node choose first, and the others take Spot nodes first, as their pods prefer.
 *
 * That there is a placement is proved by making one. The scheduler may choose another and, rarely,
 * leave a gap in it that is too small for the last pod.
 */
export function withoutRoom(pods: Pods[], pools: NodePool | NodePool[]): Pods[] {
  const all = [pools]
    .flat()
    .toSorted((a, b) => Number(b.spot ?? false) - Number(a.spot ?? false))
    .flatMap(({ room, nodes, zones, spot = false }) =>
      Array.from({ length: nodes }, (_, at) => ({ ...room, spot, zone: at % zones })),
    );
  const place = (one: Pods, zone?: number): boolean => {
    const node = all.find(
      (node) =>
        (zone === undefined || node.zone === zone) &&
        !(one.onDemand && node.spot) &&
        fits(one, node),
    );
    if (!node) return false;
    node.cpuMillicores -= one.cpuMillicores;
    node.memoryMiB -= one.memoryMiB;
    node.pods -= 1;
    return true;
  };
  return pods
    .toSorted((a, b) => Number(b.onDemand ?? false) - Number(a.onDemand ?? false))
    .flatMap((one) => {
      const open = all.filter(({ spot }) => !(one.onDemand && spot));
      const zones = [...new Set(open.map(({ zone }) => zone))].sort((a, b) => a - b);
      const failed = Array.from({ length: one.count }, (_, at) => at).filter(
        (at) => !place(one, one.spread ? (zones[at % zones.length] ?? 0) : undefined),
      );
      return failed.length > 0 ? [{ ...one, count: failed.length }] : [];
    });
}

/** Whether a pod fits on a node that has so much left. */
export function fits(one: Pick<Pods, "cpuMillicores" | "memoryMiB">, room: Room): boolean {
  return (
    room.pods >= 1 && room.cpuMillicores >= one.cpuMillicores && room.memoryMiB >= one.memoryMiB
  );
}

/** Nodes that hold all pods, from `atLeast` to `atMost`; `undefined` when so many do not. */
export function nodesFor(
  pods: Pods[],
  {
    atLeast,
    atMost,
    beside = [],
    ...pool
  }: Omit<NodePool, "nodes"> & {
    atLeast: number;
    atMost: number;
    /** Nodes that there are besides. @default none */
    beside?: NodePool[];
  },
): number | undefined {
  for (let nodes = atLeast; nodes <= atMost; nodes++) {
    if (withoutRoom(pods, [{ ...pool, nodes }, ...beside]).length === 0) return nodes;
  }
  return undefined;
}
