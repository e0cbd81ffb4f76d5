import { waits } from "../../cloud/durations.ts";
import { claimsOf, roomOfClaim } from "../world/node-claims.ts";
import { labelsOfGroup, labelsOfStarted } from "../world/node-labels.ts";
import { nodeGroups, nodesOf, roomOfGroup } from "../world/rules/node-rules.ts";
import { awsProblem } from "../world/rules/way-out.ts";
import type { CloudResource, World } from "../world/world.ts";
import { place, slotsOf, unschedulable, victimOf } from "./placement.ts";
import {
  answers,
  type Drain,
  type FleetEvent,
  type FleetNode,
  type FleetPod,
  isReady,
  unlimited,
} from "./pods.ts";
import { type Workload, workloadsIn } from "./workloads.ts";

/** Kubernetes' pod garbage collector asks each 20 s, and waits 40 s more (pkg/controller/podgc). */
const orphanSeconds = 60;
/** Until another replica of a controller leads (client-go leader election: a lease of 15 s, tried each 2 s). */
const leaseSeconds = 17;
/** What a node pulls images from. */
const imageServices = ["ecr.api", "ecr.dkr", "s3"];

/**
 * The pods and the nodes of a cluster of the simulated cloud: each pod has a node. What each controller does
 * with them stands in a file of its own; `life.ts` lets them all act second by second.
 */
export class Fleet {
  readonly world: World;
  readonly cluster: string;
  readonly workloads: Workload[];
  nodes: FleetNode[] = [];
  pods: FleetPod[] = [];
  drains: Drain[] = [];
  /** Nodes of groups on their way, by the group's id. */
  readonly starting = new Map<string, number>();
  readonly #said = new Map<string, FleetEvent>();
  #leaders = new Map<Workload, { serving: number; lostAt: number }>();
  #ended = new WeakSet<CloudResource>();

  constructor(world: World, cluster: string) {
    this.world = world;
    this.cluster = cluster;
    this.workloads = workloadsIn(world, cluster);
    this.syncNodes();
  }

  get now(): number {
    return this.world.clock.now;
  }

  /** The pods of a workload that were not told to end. */
  podsOf = (workload: Workload): FleetPod[] =>
    this.pods.filter((pod) => pod.workload === workload && pod.endsAt === undefined);

  /** Pods that answer requests, whatever Kubernetes knows of them. */
  serving = (workload: Workload): number => this.podsOf(workload).filter(answers).length;

  /** Whether a controller works. One that runs outside of the cluster does. */
  works(name: string): boolean {
    const controller = this.workloads.find((one) => one.name === name);
    if (!controller) return true;
    const { serving, lostAt } = this.#leaders.get(controller) ?? {
      serving: this.serving(controller),
      lostAt: Number.NEGATIVE_INFINITY,
    };
    return serving > 0 && this.now >= lostAt + leaseSeconds;
  }

  /** Whether every pod there should be is ready, and none too many; spare capacity may wait for a node. */
  isComplete = (): boolean =>
    this.workloads.every(
      (workload) =>
        workload.priority < 0 ||
        (this.podsOf(workload).length === workload.replicas &&
          this.serving(workload) === workload.replicas),
    );

  say(reason: string, about: string, message: string): void {
    const key = `${reason} ${about} ${message}`;
    const said = this.#said.get(key) ?? { at: this.now, reason, about, message };
    said.at = this.now;
    this.#said.set(key, said);
  }

  /** What was said from a moment on. */
  eventsSince = (at: number): FleetEvent[] =>
    [...this.#said.values()].filter((event) => event.at >= at);

  /** Tells a pod to end. It keeps its room until it has drained; one on a dead node keeps it. */
  end(pod: FleetPod): void {
    if (pod.endsAt !== undefined) return;
    const drain = Math.min(waits.podDrain, pod.workload.graceSeconds);
    pod.endsAt = pod.node ? this.now + drain : this.now;
    if (pod.node) pod.node.lastPodEvent = this.now;
  }

  /** Whether the disruption budget lets so many pods of the workload go. */
  mayEvict(workload: Workload, pods = 1): boolean {
    if (workload.maxUnavailable === undefined) return true;
    const healthy = this.podsOf(workload).filter(isReady).length;
    return healthy - pods >= workload.replicas - workload.maxUnavailable;
  }

  /** Cordons a node and moves its pods away, as far as disruption budgets allow. */
  drain(node: FleetNode, how: Omit<Drain, "node" | "since">): void {
    node.cordoned = true;
    this.drains.push({ node, since: this.now, ...how });
  }

  /** Lets a node go: Kubernetes has it no more, and AWS a while later. */
  forget({ resource }: FleetNode, remove: () => void): void {
    this.#ended.add(resource);
    this.world.clock.later(waits.instanceTerminated, remove);
  }

  /** Pods without a node that a node could run. */
  pending = (): FleetPod[] =>
    this.pods.filter((pod) => !pod.node && pod.endsAt === undefined && !pod.orphanedAt);

  /** Takes over the nodes that the cloud has. Pods of others are orphans. */
  syncNodes(): void {
    const { world, cluster } = this;
    const found = [
      ...nodeGroups(world, cluster).flatMap((group) =>
        nodesOf(world, group).map((resource) => ({ resource, group })),
      ),
      ...claimsOf(world, cluster)
        .filter(({ status }) => status !== "creating")
        .map((resource) => ({ resource, group: undefined })),
    ].filter(({ resource }) => !this.#ended.has(resource));
    this.nodes = found.map(
      ({ resource, group }) =>
        this.nodes.find((node) => node.resource === resource) ?? this.#join(resource, group),
    );
    const there = new Set(this.nodes);
    for (const pod of this.pods) {
      if (pod.node && !there.has(pod.node)) pod.orphanedAt ??= this.now;
    }
  }

  #join(resource: CloudResource, group: CloudResource | undefined): FleetNode {
    const { world } = this;
    const { subnetId } = resource.inputs;
    const room = group ? roomOfGroup(world, group) : roomOfClaim(world, resource);
    return {
      ...{ resource, group, name: resource.id, subnetId },
      zone: world.zoneOf(subnetId),
      labels: group ? labelsOfGroup(group) : labelsOfStarted(resource.inputs),
      room: room ?? unlimited,
      ...{ ready: true, cordoned: false, lastPodEvent: this.now, images: new Set() },
    };
  }

  /** Pods that have drained leave, others start. */
  movePods(): void {
    const { now } = this;
    this.pods = this.pods.filter((pod) => {
      if (pod.orphanedAt !== undefined) {
        return pod.endsAt === undefined && now < pod.orphanedAt + orphanSeconds;
      }
      if (pod.endsAt === undefined || now < pod.endsAt) return true;
      if (pod.node?.lostAt !== undefined) return true;
      if (pod.node) pod.node.lastPodEvent = now;
      return false;
    });
    for (const pod of this.pods) this.#start(pod);
  }

  /** Pull and start, then the load balancer, whose controller must run to register the pod. */
  #start(pod: FleetPod): void {
    const { node, workload } = pod;
    if (!node || node.lostAt !== undefined || pod.endsAt !== undefined || pod.readyAt !== undefined)
      return;
    if (!node.images.has(workload)) {
      const stranded = awsProblem(this.world, node.subnetId, imageServices);
      if (stranded) {
        delete pod.startedAt;
        this.say("Failed", workload.name, `Failed to pull image: ${stranded}`);
        return;
      }
    }
    pod.startedAt ??= this.now + workload.seconds.start;
    if (this.now < pod.startedAt) return;
    node.images.add(workload);
    const { balancer } = workload.seconds;
    if (balancer > 0 && this.now === pod.startedAt && !this.works("aws-load-balancer-controller")) {
      pod.startedAt += 1;
      return;
    }
    if (this.now >= pod.startedAt + balancer) pod.readyAt = this.now;
  }

  /** Gives pods a node, those of the highest priority first; they preempt those of a lower one. */
  schedule(): void {
    const pending = this.pending().toSorted((a, b) => b.workload.priority - a.workload.priority);
    if (pending.length === 0) return;
    const slots = slotsOf(this.nodes, this.pods);
    for (const pod of pending) {
      const node = place(pod, slots)?.node;
      if (node) {
        pod.node = node;
        node.lastPodEvent = this.now;
      } else {
        this.say("FailedScheduling", pod.workload.name, unschedulable(pod, slots));
        const victim = victimOf(pod, slots);
        if (victim) this.end(victim);
      }
    }
  }

  /** Evicts pods of nodes that are drained. */
  continueDrains(): void {
    this.drains = this.drains.filter(({ node, since, giveUpAfter, forceAfter, done }) => {
      const pods = this.pods.filter((pod) => pod.node === node && !this.#isStuck(pod));
      const waited = this.now - since;
      for (const pod of pods.filter(({ endsAt }) => endsAt === undefined)) {
        if (this.mayEvict(pod.workload, isReady(pod) ? 1 : 0)) this.end(pod);
        else if (forceAfter !== undefined && waited >= forceAfter) {
          this.end(pod);
          this.say("Disrupted", pod.workload.name, "ended against its disruption budget");
        }
      }
      if (pods.length === 0) done();
      else if (giveUpAfter !== undefined && waited >= giveUpAfter && pods.some(stays)) {
        node.cordoned = false;
        return false;
      }
      return pods.length > 0;
    });
  }

  /** On a dead node, past its grace period: Karpenter waits a minute for it (pkg/utils/pod, IsStuckTerminating). */
  #isStuck = ({ node, endsAt }: FleetPod): boolean =>
    node?.lostAt !== undefined && endsAt !== undefined && this.now > endsAt + 60;

  /** Another replica leads a while after one was lost. */
  watchLeaders(): void {
    for (const workload of this.workloads.filter(({ isService }) => !isService)) {
      const serving = this.serving(workload);
      const before = this.#leaders.get(workload);
      const lost = before !== undefined && serving < before.serving;
      const lostAt = lost ? this.now : (before?.lostAt ?? Number.NEGATIVE_INFINITY);
      this.#leaders.set(workload, { serving, lostAt });
    }
  }
}

const stays = ({ endsAt }: FleetPod) => endsAt === undefined;
