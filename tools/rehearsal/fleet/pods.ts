import type { Room } from "../../../infra/cluster/capacity.ts";
import type { CloudResource, Props } from "../world/world.ts";
import type { Workload } from "./workloads.ts";

export interface FleetNode {
  /** The network interface of a group's node, or a NodeClaim. */
  resource: CloudResource;
  /** Undefined for a node of Karpenter's. */
  group: CloudResource | undefined;
  name: string;
  zone: string;
  subnetId: string;
  /** Those that pods ask for. */
  labels: Props;
  /** For pods that are not on every node, all of it. */
  room: Room;
  /** As Kubernetes sees it. */
  ready: boolean;
  /** It takes no pod any more. */
  cordoned: boolean;
  /** When its instance died without notice. */
  lostAt?: number;
  /** When a pod came or left last. */
  lastPodEvent: number;
  /** Since when the Cluster Autoscaler needs it no more. */
  unneededSince?: number;
  /** The workloads whose images it has. */
  images: Set<Workload>;
}

/** Of a node whose type is not known. */
export const unlimited: Room = { cpuMillicores: 1e9, memoryMiB: 1e9, pods: 1e9 };

export interface FleetPod {
  workload: Workload;
  createdAt: number;
  node?: FleetNode;
  /** Its container answers. */
  startedAt?: number;
  /** The load balancer may send it requests, and it counts for its budget. */
  readyAt?: number;
  /** It was told to end, and has left then. */
  endsAt?: number;
  /** Its node is gone. */
  orphanedAt?: number;
}

/** A node that pods leave. */
export interface Drain {
  node: FleetNode;
  since: number;
  /** Seconds after which the node is kept. */
  giveUpAfter?: number;
  /** Seconds after which pods end against their budgets. */
  forceAfter?: number;
  done: () => void;
}

/** What a controller says of an object, in its own words. */
export interface FleetEvent {
  /** When it was said last. */
  at: number;
  reason: string;
  about: string;
  message: string;
}

/** Whether it answers requests, whatever Kubernetes knows of it. */
export const answers = ({ readyAt, node, orphanedAt }: FleetPod): boolean =>
  readyAt !== undefined && node?.lostAt === undefined && orphanedAt === undefined;

/** As Kubernetes sees it. */
export const isReady = ({ readyAt, node, endsAt, orphanedAt }: FleetPod): boolean =>
  readyAt !== undefined && endsAt === undefined && orphanedAt === undefined && node?.ready === true;
