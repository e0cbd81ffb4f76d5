import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { needsEngine } from "../../support/separate-process.ts";

const roleType = "kubernetes:rbac.authorization.k8s.io/v1:Role";
const policyType = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy";

describe("a stack whose containers may be entered", function () {
  this.timeout(5 * 60_000);
  let stack: RehearsalStack;

  before(async function () {
    await needsEngine.call(this);
    stack = await RehearsalStack.open({ stack: "dev" });
    assert.deepEqual((await stack.up()).errors, []);
  });
  after(() => stack?.close());

  const debugging = () => [stack.world.all(roleType).length, stack.world.all(policyType).length];
  const changed = async () => {
    const { errors, steps } = await stack.up();
    assert.deepEqual(errors, []);
    return steps.filter(({ type }) => /:(Deployment|NodeGroup|Cluster|Namespace)$/.test(type));
  };

  it("gets the image, the right and the policy, and loses them, while its pods stay", async () => {
    assert.deepEqual(debugging(), [0, 1]);
    stack.configure("cluster", { debug: ["arn:aws:iam::111122223333:role/PlatformAdmin"] });
    assert.deepEqual(await changed(), []);
    assert.deepEqual(debugging(), [1, 2]);
    const [role] = stack.world.all(roleType);
    const image = role?.inputs.metadata.annotations["platform/debug-image"];
    assert.match(image, /\/debug-image-[0-9a-f]+@sha256:[0-9a-f]{64}$/);
    assert.deepEqual((await stack.preview()).steps, []);
    stack.configure("cluster", { debug: [] });
    assert.deepEqual(await changed(), []);
    assert.deepEqual(debugging(), [0, 1]);
  });
});
