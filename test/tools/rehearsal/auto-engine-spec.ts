import assert from "node:assert/strict";
import { afterEach, before, describe, it } from "mocha";
import { loseEachNode } from "../../../tools/rehearsal/fleet/experiments.ts";
import {
  checkDependencies,
  checkImageChange,
  checkNothingLeft,
  checkReady,
} from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { nodeClaimType } from "../../../tools/rehearsal/world/node-claims.ts";
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

  it("are in two zones where one would hold all pods, so that a lost node is borne", async () => {
    await open();
    stack.configure("services.shop", { cpuMillicores: 100, memoryMiB: 128, minReplicas: 2 });
    await well("up");
    const zones = () => claims().map(({ inputs }) => inputs.zone);
    assert.equal(new Set(zones()).size, 2);
    const losses = loseEachNode(stack.world);
    assert.equal(losses.length, 2);
    assert.deepEqual(
      losses.flatMap(({ failures }) => failures),
      [],
    );
    interruptSpot(stack.world, claims()[0] ?? assert.fail());
    await stack.world.clock.settle();
    assert.equal(new Set(zones()).size, 2);
    await well("destroy");
    assert.deepEqual(checkNothingLeft(stack.world), []);
  });
});
