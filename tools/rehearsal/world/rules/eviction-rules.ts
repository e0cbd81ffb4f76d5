import { nodeDeadlines } from "../../../../infra/services/drain.ts";
import { evictionSeconds } from "../../../cloud/durations.ts";
import { claimsOf } from "../node-claims.ts";
import type { Effect } from "../rule.ts";
import { heldBy, labelsOf, mayRunOn } from "../scheduler.ts";
import type { CloudResource, World } from "../world.ts";
import { nodeGroups, nodeGroupType, nodesOf } from "./node-rules.ts";

const deploymentType = "kubernetes:apps/v1:Deployment";

/** The Deployments whose pods may be on nodes of a managed group. */
const deploymentsOn = (world: World, group: CloudResource): CloudResource[] =>
  world
    .live(deploymentType)
    .filter(({ cluster }) => cluster === group.inputs.clusterName)
    .filter((one) => mayRunOn(one, labelsOf(group)));

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
    const open = others.filter((other) => mayRunOn(one, labelsOf(other)));
    const nodes = open.flatMap((other) => nodesOf(world, other)).length;
    const grace: number = inputs.spec.template.spec.terminationGracePeriodSeconds ?? 30;
    const pods = Math.ceil(((inputs.spec.replicas ?? 1) * ran) / Math.max(1, ran + nodes));
    const needed = evictionSeconds(pods, grace);
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
 * them, where pods are spread over all nodes.
 */
function endedAtOnce(world: World, group: CloudResource, removed: number): string[] {
  const { clusterName } = group.inputs;
  const nodes = nodeGroups(world, clusterName)
    .map((one) => nodesOf(world, one).length)
    .reduce((sum, one) => sum + one, claimsOf(world, clusterName).length);
  return deploymentsOn(world, group).flatMap(({ name, inputs }) => {
    const pods: number = inputs.spec.replicas ?? 1;
    const there = Math.ceil((pods * removed) / nodes);
    return there > 1
      ? [
          `${there} of ${pods} pods of ${name} are ended at once: ${group.name} shrinks by ${removed}`,
        ]
      : [];
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
