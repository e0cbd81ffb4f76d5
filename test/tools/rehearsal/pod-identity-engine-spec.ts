import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { checkDependencies, checkNothingLeft } from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { needsEngine } from "../../support/separate-process.ts";
import { upWell } from "../../support/up-well.ts";

describe("EKS Pod Identity", function () {
  this.timeout(10 * 60_000);
  let stack: RehearsalStack;
  const all = (type: string) => stack.world.all(type);
  const pods = () =>
    ["kubernetes:apps/v1:Deployment", "kubernetes:helm.sh/v3:Release"]
      .flatMap(all)
      .filter(({ name }) => name !== "spare-capacity");
  const allHave = (way: "association" | "annotation") => {
    assert.ok(pods().length >= 4);
    for (const { name, identity } of pods()) {
      assert.equal(identity?.associated, way === "association", name);
      assert.equal(identity?.roleArn === undefined, way === "association", name);
    }
  };

  before(async function () {
    await needsEngine.call(this);
    stack = await RehearsalStack.open({
      stack: "identity",
      file: "test/recorded/Pulumi.identity.yaml",
    });
  });
  after(() => stack?.close());

  it("gives every pod its role, and an update changes nothing", async () => {
    await upWell(stack);
    assert.deepEqual(checkDependencies(await stack.state()), []);
    allHave("association");
    assert.deepEqual(all("aws:iam/openIdConnectProvider:OpenIdConnectProvider"), []);
    assert.deepEqual(await upWell(stack), []);
    assert.deepEqual((await stack.refresh()).steps, []);
  });

  for (const [identity, way] of [
    ["irsa", "annotation"],
    ["podIdentity", "association"],
  ] as const) {
    it(`changes to ${identity} on a running stack, and no pod is without its role`, async () => {
      stack.configure("cluster", { identity });
      await upWell(stack);
      allHave(way);
      assert.deepEqual(await upWell(stack), []);
    });
  }

  it("leaves nothing", async () => {
    assert.deepEqual((await stack.destroy()).errors, []);
    assert.deepEqual(checkNothingLeft(stack.world), []);
  });
});
