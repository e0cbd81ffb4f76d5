import assert from "node:assert/strict";
import { checkReady } from "../../tools/rehearsal/rehearsal-checks.ts";
import type { RehearsalStack } from "../../tools/rehearsal/rehearsal-stack.ts";

/**
 * Updates a stack on the simulated cloud, and asserts that it came up without an error or an incident, with
 * all of its pods. Returns the steps of its resources, without those of components.
 */
export async function upWell(stack: RehearsalStack) {
  const { errors, steps } = await stack.up();
  assert.deepEqual([...errors, ...stack.world.incidents, ...checkReady(stack.world)], []);
  return steps.filter(({ custom }) => custom);
}
