import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  checkDependencies,
  checkNoSteps,
  checkNothingLeft,
  checkReady,
} from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { loadBalancerType } from "../../../tools/rehearsal/world/rules/load-balancer-rules.ts";
import { nodeGroupType } from "../../../tools/rehearsal/world/rules/node-rules.ts";

describe("a managed group that EKS Auto Mode takes the place of", function () {
  this.timeout(15 * 60_000);

  it("goes when the new nodes are there, and the load balancer stays", async () => {
    const file = "test/recorded/Pulumi.auto.yaml";
    const stack = await RehearsalStack.open({ stack: "auto", file });
    const { world } = stack;
    const well = async (run: "up" | "destroy", incidents: string[] = []) => {
      const outcome = await stack[run]();
      assert.deepEqual([...outcome.errors, ...world.incidents.splice(0)], incidents);
      await world.clock.settle();
      return outcome;
    };
    const auto = stack.settings<Record<string, unknown>>("nodes") ?? assert.fail();
    const nodes = (values: Record<string, unknown>, autoscaled: boolean) => {
      stack.remove("nodes");
      stack.configure("nodes", values);
      stack.configure("autoscaler", { enabled: autoscaled });
    };
    nodes({ instanceTypes: ["m7g.xlarge"], minSize: 2, maxSize: 6 }, true);
    await well("up");
    const balancers = world.all(loadBalancerType).map(({ id }) => id);

    nodes(auto, false);
    await well("up", ["pods on nodes of cluster-nodes resolve no names"]);
    assert.deepEqual(checkReady(world), []);
    assert.deepEqual(checkDependencies(await stack.state()), []);
    assert.deepEqual(world.all(nodeGroupType), []);
    assert.deepEqual(
      world.all(loadBalancerType).map(({ id }) => id),
      balancers,
    );
    assert.deepEqual(checkNoSteps(await well("up")), []);

    await well("destroy");
    assert.deepEqual(checkNothingLeft(world), []);
    stack.close();
  });
});
