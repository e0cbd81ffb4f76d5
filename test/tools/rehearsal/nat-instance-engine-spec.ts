import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { checkDependencies, checkNothingLeft } from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { needsEngine } from "../../support/separate-process.ts";
import { upWell } from "../../support/up-well.ts";

const groupType = "aws:autoscaling/group:Group";
const routeType = "aws:ec2/route:Route";

describe("a stack with a NAT instance", function () {
  this.timeout(5 * 60_000);
  let stack: RehearsalStack;
  const all = (type: string) => stack.world.all(type);
  const gateways = () => all("aws:ec2/natGateway:NatGateway").length;
  const instances = () => all("aws:ec2/instance:Instance").length;
  const spans = (action: string, type: string) =>
    stack.world.spans.filter((span) => span.action === action && span.type === type && !span.error);

  before(async function () {
    await needsEngine.call(this);
    stack = await RehearsalStack.open({
      stack: "instance",
      file: "test/recorded/Pulumi.instance.yaml",
    });
  });
  after(() => stack?.close());

  it("comes up, its nodes after their way out, and an update changes nothing", async () => {
    await upWell(stack);
    assert.deepEqual(checkDependencies(await stack.state()), []);
    assert.deepEqual([gateways(), instances()], [0, 1]);
    const [nodes] = spans("create", "aws:eks/nodeGroup:NodeGroup");
    for (const { end } of [...spans("create", groupType), ...spans("create", routeType)]) {
      assert.ok(nodes && end <= nodes.start);
    }
    assert.deepEqual(await upWell(stack), []);
    assert.deepEqual((await stack.refresh()).steps, []);
  });

  it("moves to NAT gateways and back by updates of its routes alone, and no node is touched", async () => {
    for (const [egress, counts] of [
      ["gateway", [1, 0]],
      ["instance", [0, 1]],
    ] as const) {
      stack.configure("network", { egress });
      const steps = await upWell(stack);
      assert.deepEqual([gateways(), instances()], counts);
      const routes = steps.filter(({ type }) => type === routeType);
      assert.deepEqual(
        routes.map(({ op }) => op),
        ["update", "update"],
      );
      assert.deepEqual(
        steps.filter(({ type }) => !/^aws:(ec2|vpc|autoscaling)\//.test(type)),
        [],
      );
    }
  });

  it("keeps the way out until its nodes are gone, and leaves nothing", async () => {
    assert.deepEqual((await stack.destroy()).errors, []);
    assert.deepEqual(checkNothingLeft(stack.world), []);
    const [nodes] = spans("delete", "aws:eks/nodeGroup:NodeGroup");
    const [group] = spans("delete", groupType).slice(-1);
    assert.ok(nodes && group && nodes.end <= group.start);
  });

  it("is destroyed from half-way, where the instance was not known to the end", async () => {
    stack.world.faults.push({
      action: "create",
      type: groupType,
      code: "ServiceUnavailable",
      message: "the group did not become ready",
    });
    assert.match((await stack.up()).errors.join(), /the group did not become ready/);
    assert.deepEqual((await stack.destroy()).errors, []);
    assert.deepEqual(checkNothingLeft(stack.world), []);
  });
});
