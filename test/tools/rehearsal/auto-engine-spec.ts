import assert from "node:assert/strict";
import { afterEach, before, describe, it } from "mocha";
import {
  checkDependencies,
  checkImageChange,
  checkNothingLeft,
  checkReady,
} from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { nodeClaimType, nodePoolType } from "../../../tools/rehearsal/world/node-claims.ts";
import { interruptSpot } from "../../../tools/rehearsal/world/rules/karpenter-rules.ts";
import { needsEngine } from "../../support/separate-process.ts";

describe("nodes that EKS Auto Mode starts", function () {
  this.timeout(10 * 60_000);
  let stack: RehearsalStack;
  before(needsEngine);
  const open = async () => {
    const file = "test/recorded/Pulumi.auto.yaml";
    stack = await RehearsalStack.open({ stack: "auto", file });
  };
  afterEach(() => stack.close());
  const claims = () => stack.world.all(nodeClaimType);
  const well = async (run: "up" | "destroy") => {
    const { errors, steps } = await stack[run]();
    assert.deepEqual([...errors, ...stack.world.incidents], []);
    await stack.world.clock.settle();
    return steps;
  };

  it("come for pods, Spot first, are replaced when AWS takes them, and go before the cluster", async () => {
    await open();
    await well("up");
    assert.deepEqual(checkReady(stack.world), []);
    assert.deepEqual(checkDependencies(await stack.state()), []);
    const [claim] = claims();
    assert.equal(claim?.inputs.capacityType, "spot");
    assert.deepEqual(await well("up"), []);

    interruptSpot(stack.world, claim);
    await stack.world.clock.settle();
    assert.ok(claims().length > 0 && !claims().includes(claim));
    assert.deepEqual(await well("up"), []);

    const image = { reference: "registry.example.com/shop/shop:1.0.1" };
    stack.configure("services.shop", { image });
    assert.deepEqual(checkImageChange(await well("up")), []);
    assert.deepEqual(checkReady(stack.world), []);

    await well("destroy");
    assert.deepEqual(checkNothingLeft(stack.world), []);
  });

  for (const type of [nodePoolType, "aws:eks/addon:Addon", "kubernetes:apps/v1:Deployment"]) {
    it(`leave nothing where up failed at a ${type.split(":").at(-1)}`, async () => {
      await open();
      stack.world.faults.push({ action: "create", type, code: "Timeout", message: "planted" });
      assert.match((await stack.up()).errors.join(), /planted/);
      stack.world.incidents.length = 0;
      await well("destroy");
      assert.deepEqual(checkNothingLeft(stack.world), []);
    });
  }
});
