import type { World } from "../world/world.ts";
import { Fleet } from "./fleet.ts";
import { scaleGroups } from "./group-scaling.ts";
import { watchNodes } from "./lost-nodes.ts";
import { place, slotsOf } from "./placement.ts";
import { scalePools } from "./pool-scaling.ts";
import { keepReplicas, scalePods } from "./replicas.ts";

/** A cluster with the fewest pods of each workload. They are ready; those without room wait for nodes. */
export function startFleet(world: World, cluster: string): Fleet {
  const fleet = new Fleet(world, cluster);
  keepReplicas(fleet);
  const slots = slotsOf(fleet.nodes, []);
  for (const pod of fleet.pods) {
    const node = place(pod, slots)?.node;
    if (node) Object.assign(pod, { node, startedAt: fleet.now, readyAt: fleet.now });
    node?.images.add(pod.workload);
  }
  return fleet;
}

/**
 * Lets time pass until the condition holds, max. so many seconds. Returns whether it holds. Each second
 * every controller acts once, and `watch` is called. It is the same in every run: of two that could be
 * first, the older one is.
 */
export function until(
  fleet: Fleet,
  condition: () => boolean,
  seconds: number,
  watch?: () => void,
): boolean {
  const end = fleet.now + seconds;
  while (!condition()) {
    if (fleet.now >= end) return false;
    step(fleet);
    watch?.();
  }
  return true;
}

function step(fleet: Fleet): void {
  fleet.world.clock.pass(1);
  fleet.syncNodes();
  watchNodes(fleet);
  fleet.movePods();
  scalePods(fleet);
  keepReplicas(fleet);
  fleet.schedule();
  fleet.continueDrains();
  scaleGroups(fleet);
  scalePools(fleet);
  fleet.watchLeaders();
}
