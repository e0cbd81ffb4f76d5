import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { checkDependencies, checkNothingLeft } from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { needsEngine } from "../../support/separate-process.ts";
import { upWell } from "../../support/up-well.ts";

describe("a stack whose network has no way out", function () {
  this.timeout(5 * 60_000);
  let stack: RehearsalStack;
  const all = (type: string) => stack.world.all(type);

  before(async function () {
    await needsEngine.call(this);
    stack = await RehearsalStack.open({
      stack: "private",
      file: "test/recorded/Pulumi.private.yaml",
    });
  });
  after(() => stack?.close());

  it("comes up by endpoints and copied images, and an update changes nothing", async () => {
    await upWell(stack);
    assert.deepEqual(checkDependencies(await stack.state()), []);
    assert.deepEqual(all("aws:ec2/natGateway:NatGateway"), []);
    assert.deepEqual(
      all("aws:ec2/route:Route").filter(({ inputs }) => !inputs.gatewayId),
      [],
    );
    assert.deepEqual(await upWell(stack), []);
    assert.deepEqual((await stack.refresh()).steps, []);
  });

  it("moves to a NAT gateway and back, and its nodes stay", async () => {
    for (const [egress, gateways] of [
      ["gateway", 1],
      ["none", 0],
    ] as const) {
      stack.configure("network", { egress });
      const steps = await upWell(stack);
      assert.equal(all("aws:ec2/natGateway:NatGateway").length, gateways);
      assert.deepEqual(
        steps.filter(({ type }) => /:(NodeGroup|Cluster|Vpc|Subnet)$/.test(type)),
        [],
      );
    }
  });

  it("leaves nothing", async () => {
    assert.deepEqual((await stack.destroy()).errors, []);
    assert.deepEqual(checkNothingLeft(stack.world), []);
  });
});
