import assert from "node:assert/strict";
import { afterEach, before, describe, it } from "mocha";
import {
  checkDependencies,
  checkNothingLeft,
  checkReady,
} from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { rehearse } from "../../../tools/rehearsal/scenario.ts";
import { nodeClaimType } from "../../../tools/rehearsal/world/node-claims.ts";
import { interruptSpot } from "../../../tools/rehearsal/world/rules/karpenter-rules.ts";
import { needsEngine } from "../../support/separate-process.ts";

describe("nodes that Karpenter starts", function () {
  this.timeout(10 * 60_000);
  let stack: RehearsalStack;
  before(needsEngine);
  const open = async () => {
    const file = "test/recorded/Pulumi.karpenter.yaml";
    stack = await RehearsalStack.open({ stack: "karpenter", file });
  };
  afterEach(() => stack.close());
  const claims = () => stack.world.all(nodeClaimType);
  const well = async (run: "up" | "destroy") => {
    const { errors, steps } = await stack[run]();
    assert.deepEqual([...errors, ...stack.world.incidents], []);
    await stack.world.clock.settle();
    return steps;
  };

  it("come for pods, Spot first, are replaced when AWS takes them, and go before the controller", async () => {
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

    await well("destroy");
    assert.deepEqual(checkNothingLeft(stack.world), []);
  });

  it("stay behind, and are found, where their NodePool does not go before the controller", async () => {
    await open();
    await well("up");
    await stack.editState((resources) =>
      resources.map((one) => ({
        ...one,
        ...(/:(NodePool|EC2NodeClass|KarpenterNodes)::/.test(one.urn) && {
          dependencies: one.dependencies?.filter((urn) => !/::karpenter(-crd)?$/.test(urn)),
        }),
      })),
    );
    assert.match(
      checkDependencies(await stack.state()).join(),
      /NodePool karpenter-nodes.* must be deleted before .*Release karpenter/,
    );
    const { errors } = await stack.destroy();
    assert.match(errors.join(), /is never removed: no Karpenter controller runs/);
    assert.match(
      checkNothingLeft(stack.world).join(),
      /EC2NodeClass karpenter-nodes-class is left/,
    );
  });
});

describe("the rehearsal of an upgrade with Karpenter", function () {
  this.timeout(5 * 60_000);
  before(needsEngine);

  it("takes the image's release of each version", async () => {
    const file = "test/recorded/Pulumi.karpenter.yaml";
    const { results } = await rehearse({ stack: "karpenter", file, length: "upgrade" });
    assert.deepEqual(
      results.flatMap(({ failures }) => failures),
      [],
    );
    assert.ok(results.some(({ title }) => title === "Kubernetes 1.35 to 1.36"));
  });
});
