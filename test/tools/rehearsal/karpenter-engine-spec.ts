import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import {
  checkDependencies,
  checkNothingLeft,
  checkReady,
} from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { nodeClaimType } from "../../../tools/rehearsal/world/node-claims.ts";
import { needsEngine } from "../../support/separate-process.ts";

describe("nodes that Karpenter starts", function () {
  this.timeout(10 * 60_000);
  let stack: RehearsalStack;
  const claims = () => stack.world.all(nodeClaimType);
  const upWell = async () => {
    const { errors, steps } = await stack.up();
    assert.deepEqual([...errors, ...stack.world.incidents], []);
    return steps.filter(({ custom }) => custom);
  };

  before(async function () {
    await needsEngine.call(this);
    stack = await RehearsalStack.open({
      stack: "karpenter",
      file: "test/recorded/Pulumi.karpenter.yaml",
    });
  });
  after(() => stack?.close());

  it("come for pods that find no room, Spot first, and stay as they are", async () => {
    await upWell();
    assert.deepEqual(checkReady(stack.world), []);
    assert.deepEqual(checkDependencies(await stack.state()), []);
    assert.ok(claims().length > 0);
    assert.ok(claims().every(({ inputs }) => inputs.capacityType === "spot"));
    assert.deepEqual((await stack.up()).steps, []);
  });

  it("go before the controller, and leave nothing", async () => {
    const { errors } = await stack.destroy();
    assert.deepEqual([...errors, ...stack.world.incidents], []);
    assert.deepEqual(checkNothingLeft(stack.world), []);
  });
});
