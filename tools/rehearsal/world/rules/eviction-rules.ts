import { nodeDeadlines } from "../../../../infra/services/drain.ts";
import { evictionSeconds, waits } from "../../../cloud/durations.ts";
import { claimsOf } from "../node-claims.ts";
import { labelsOfGroup, labelsOfStarted, mayRunOn } from "../node-labels.ts";
import type { Effect } from "../rule.ts";
import { heldBy } from "../scheduler.ts";
import type { CloudResource, World } from "../world.ts";
import { nodeGroups, nodeGroupType, nodesOf, scaleTo } from "./node-rules.ts";

const deploymentType = "kubernetes:apps/v1:Deployment";

/** The Deployments whose pods may be on nodes of a managed group. */
const deploymentsOn = (world: World, group: CloudResource): CloudResource[] =>
  world
    .live(deploymentType)
    .filter(({ cluster }) => cluster === group.inputs.clusterName)
    .filter((one) => mayRunOn(one, labelsOfGroup(group)));

/** How many nodes of these groups pods of a Deployment may be on. */
const nodesFor = (world: World, deployment: CloudResource, groups: CloudResource[]): number =>
  groups
    .filter((group) => mayRunOn(deployment, labelsOfGroup(group)))
    .flatMap((group) => nodesOf(world, group)).length;

const graceOf = ({ inputs }: CloudResource): number =>
  inputs.spec.template.spec.terminationGracePeriodSeconds ?? 30;

/**
 * The pods that the deletion of a group interrupts. A disruption budget moves them one at a time; each
 * needs the start of its replacement and its grace period. Nodes of other groups carry their share of
 * them; those of a group that takes the place of this one are new, and carry none.
 */
function interruptedPods(world: World, group: CloudResource): string[] {
  const { groupDeletion } = nodeDeadlines;
  const others = nodeGroups(world, group.inputs.clusterName).filter(
    ({ name }) => name !== group.name,
  );
  const ran = nodesOf(world, group).length;
  return deploymentsOn(world, group).flatMap((one) => {
    const { name, inputs } = one;
    const nodes = nodesFor(world, one, others);
    const pods = Math.ceil(((inputs.spec.replicas ?? 1) * ran) / Math.max(1, ran + nodes));
    const needed = evictionSeconds(pods, graceOf(one));
    return pods > 0 && needed > groupDeletion
      ? [`pods of ${name} are interrupted: they need ${needed} s, and have ${groupDeletion} s`]
      : [];
  });
}

/** The pods that must wait because the nodes that are left have no room for them. */
function homelessPods(world: World, group: CloudResource): string[] {
  const { clusterName } = group.inputs;
  const ran = nodesOf(world, group).length;
  const left = nodeGroups(world, clusterName).filter(({ id }) => id !== group.id);
  const total = left.reduce((sum, one) => sum + nodesOf(world, one).length, 0);
  if (left.length === 0 || total >= ran) return [];
  const held = new Set(heldBy(world, clusterName, []));
  return deploymentsOn(world, group).some(({ name }) => held.has(name))
    ? [`pods of ${ran} nodes of ${group.name} are evicted, and ${total} nodes replace them`]
    : [];
}

/**
 * The pods of a Deployment that are ended at one time when a group shrinks by so many nodes: as many as are on
 * them, where pods are spread over all nodes on which they may run.
 */
function endedAtOnce(world: World, group: CloudResource, removed: number): string[] {
  const { clusterName } = group.inputs;
  const groups = nodeGroups(world, clusterName);
  return deploymentsOn(world, group).flatMap((one) => {
    const { name, inputs } = one;
    const pods: number = inputs.spec.replicas ?? 1;
    const started = claimsOf(world, clusterName).filter((claim) =>
      mayRunOn(one, labelsOfStarted(claim.inputs)),
    );
    const nodes = nodesFor(world, one, groups) + started.length;
    const there = Math.ceil((pods * removed) / nodes);
    return there > 1
      ? [
          `${there} of ${pods} pods of ${name} are ended at once: ${group.name} shrinks by ${removed}`,
        ]
      : [];
  });
}

/**
 * AWS takes a Spot node back, two minutes after its notice, which no recommendation to rebalance went
 * before: the worst case. EKS drains the node at once, and the group starts another one. Pods that end too
 * late are incidents, and services without a pod on another node (Amazon EKS User Guide, managed node
 * groups, capacity types).
 */
export function takeSpotNode(world: World, group: CloudResource): void {
  const nodes = nodesOf(world, group);
  const [node] = nodes;
  if (!node) return;
  world.incidents.push(...podsOnTakenNode(world, group));
  world.clock.later(nodeDeadlines.spotNotice, () => {
    world.remove(node);
    world.clock.changed();
  });
  // The group counts the node that goes no longer.
  world.clock.later(nodeDeadlines.spotNotice + waits.nodeStart, () => scaleTo(world, group, {}));
}

/** What is lost with one of the group's nodes. Pods are spread over all nodes on which they may run. */
function podsOnTakenNode(world: World, group: CloudResource): string[] {
  const groups = nodeGroups(world, group.inputs.clusterName);
  return deploymentsOn(world, group).flatMap((one) => {
    const { name, inputs } = one;
    const pods: number = inputs.spec.replicas ?? 1;
    const there = Math.ceil(pods / nodesFor(world, one, groups));
    // The budget lets the first one go at once.
    const needed = evictionSeconds(there - 1, graceOf(one));
    const { spotNotice } = nodeDeadlines;
    return [
      ...(pods > 0 && there === pods ? [`${name} has no pod on another node`] : []),
      ...(needed > spotNotice
        ? [`pods of ${name} are interrupted: they need ${needed} s, and have ${spotNotice} s`]
        : []),
    ];
  });
}

/** What a smaller or deleted group does to pods. These effects come before those that take its nodes away. */
export const evictionEffects: Effect[] = [
  {
    on: "update",
    types: [nodeGroupType],
    source:
      "Amazon EKS User Guide, update a managed node group: NodegroupScalingConfig does not respect pod disruption budgets",
    run: ({ world, resource, inputs }) => {
      const removed = nodesOf(world, resource).length - inputs.scalingConfig.desiredSize;
      if (removed > 0) world.incidents.push(...endedAtOnce(world, resource, removed));
    },
  },
  {
    on: "delete",
    types: [nodeGroupType],
    source: "Amazon EKS User Guide, delete a managed node group; containers-roadmap issue 1636",
    run: ({ world, resource }) => {
      world.incidents.push(...interruptedPods(world, resource), ...homelessPods(world, resource));
    },
  },
];
