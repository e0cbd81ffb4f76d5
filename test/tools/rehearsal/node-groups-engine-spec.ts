import assert from "node:assert/strict";
import { afterEach, before, describe, it } from "mocha";
import { checkDependencies, checkNothingLeft } from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { takeSpotNode } from "../../../tools/rehearsal/world/rules/eviction-rules.ts";
import {
  nodeGroupType,
  nodesOf,
  scaleTo,
} from "../../../tools/rehearsal/world/rules/node-rules.ts";
import { needsEngine } from "../../support/separate-process.ts";
import { upWell } from "../../support/up-well.ts";

describe("node groups beside the first one", function () {
  this.timeout(15 * 60_000);
  let stack: RehearsalStack;
  before(needsEngine);
  const open = async () => {
    const file = "test/recorded/Pulumi.groups.yaml";
    stack = await RehearsalStack.open({ stack: "groups", file });
  };
  afterEach(() => stack.close());
  const groups = () => stack.world.live(nodeGroupType);
  const group = (name: string) => {
    const found = groups().find((one) => one.name === name);
    assert.ok(found, name);
    return found;
  };
  const ofGroups = (steps: Awaited<ReturnType<typeof upWell>>) =>
    steps.filter(({ type }) => type === nodeGroupType).map(({ op, name }) => `${op} ${name}`);

  it("are made, change, lose Spot nodes and go, each by itself", async () => {
    await open();
    await upWell(stack);
    assert.deepEqual(checkDependencies(await stack.state()), []);
    assert.deepEqual(
      groups()
        .map(({ name, inputs }) => [name, inputs.capacityType])
        .sort(),
      [
        ["cluster-nodes", "ON_DEMAND"],
        ["cluster-nodes-spot", "SPOT"],
      ],
    );

    // What the autoscaler has added to one group is not what another one is asked for.
    scaleTo(stack.world, group("cluster-nodes-spot"), { desiredCapacity: 5 });
    scaleTo(stack.world, group("cluster-nodes"), { desiredCapacity: 4 });
    stack.configure("nodes", { maxSize: 7 });
    assert.deepEqual(ofGroups(await upWell(stack)), ["update cluster-nodes"]);
    assert.equal(nodesOf(stack.world, group("cluster-nodes")).length, 4);
    assert.equal(nodesOf(stack.world, group("cluster-nodes-spot")).length, 5);

    // The ledger, which needs more than two minutes, is on no Spot node.
    takeSpotNode(stack.world, group("cluster-nodes-spot"));
    await stack.world.clock.settle();
    assert.deepEqual(await upWell(stack), []);

    const large = { instanceTypes: ["t4g.large"], minSize: 1, maxSize: 2 };
    stack.configure("nodes.groups", { large });
    assert.deepEqual(ofGroups(await upWell(stack)), ["create cluster-nodes-large"]);

    stack.configure("nodes.groups.spot", {
      instanceTypes: ["m7g.large", "m6g.large", "m8g.large"],
    });
    const changed = ofGroups(await upWell(stack)).map((one) => one.split(" ")[1]);
    assert.deepEqual([...new Set(changed)], ["cluster-nodes-spot"]);
    assert.equal(nodesOf(stack.world, group("cluster-nodes-spot")).length, 5, "as many as ran");

    stack.remove("nodes.groups.large");
    assert.deepEqual(ofGroups(await upWell(stack)), ["delete cluster-nodes-large"]);

    const { errors } = await stack.destroy();
    assert.deepEqual([...errors, ...checkNothingLeft(stack.world)], []);
  });

  it("are one in each zone by a setting, where pods are spread hard and each zone can grow", async () => {
    await open();
    await upWell(stack);
    scaleTo(stack.world, group("cluster-nodes"), { desiredCapacity: 5 });
    stack.configure("nodes", { groupPerZone: true });
    stack.configure("nodes.groups.spot", { minSize: 3 });
    const names = ["cluster-nodes", "cluster-nodes-spot"];
    const perZone = names.flatMap((name) => ["1", "2", "3"].map((zone) => `${name}-${zone}`));
    const steps = ofGroups(await upWell(stack));
    assert.deepEqual(
      steps.toSorted(),
      [...perZone.map((name) => `create ${name}`), ...names.map((name) => `delete ${name}`)].sort(),
    );
    const zoneOf = (name: string) => [
      ...new Set(nodesOf(stack.world, group(name)).map(({ inputs }) => inputs.subnetId)),
    ];
    assert.equal(new Set(perZone.slice(0, 3).flatMap(zoneOf)).size, 3);
    const sizes = perZone.slice(0, 3).map((name) => nodesOf(stack.world, group(name)).length);
    assert.deepEqual(sizes, [2, 2, 1], "as many as ran, zone by zone");
    assert.deepEqual(await upWell(stack), []);

    stack.configure("services.shop", { minReplicas: 12, maxReplicas: 12 });
    await upWell(stack);

    const { errors } = await stack.destroy();
    assert.deepEqual([...errors, ...checkNothingLeft(stack.world)], []);
  });
});
