import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { leftBehind } from "../../rehearsal/promises.ts";
import { Stage } from "../../rehearsal/stage.ts";
import type { StagedStack } from "../../rehearsal/staged-stack.ts";
import { partsOf } from "../../release/images.ts";

const digest = `sha256:${"c".repeat(64)}`;
const targetGroupType = "aws:lb/targetGroup:TargetGroup";
const loadBalancerType = "aws:lb/loadBalancer:LoadBalancer";

describe("the environment of a pull request on the simulated cloud", function () {
  this.timeout(180_000);
  let stage: Stage;
  let environment: StagedStack;
  let image: string;
  const count = (type: string) => stage.world.all(type).length;
  const environments = () =>
    stage.world
      .all("kubernetes:core/v1:Namespace")
      .map(({ id }) => id)
      .filter((id) => id.startsWith("pr-"));
  const open = (pullRequest: number) =>
    stage.beside("environment", `pr-${pullRequest}`, {
      platform: "organization/platform/dev",
      pullRequest,
      images: { web: image },
    });

  before(async () => {
    stage = await Stage.open({ stack: "dev" });
    stage.configure("domain", { hostedZoneId: "Z0123456789ABC", hostName: "dev.example.com" });
    stage.configure("pullRequests", { environments: 2 });
    stage.configure("nodes", { maxSize: 6 });
    assert.deepEqual((await stage.up()).errors, []);
    const { imageReferences } = (await stage.outputs()) as { imageReferences: { web: string } };
    const { repositoryUrl: url } = partsOf(imageReferences.web);
    image = `${url}@${digest}`;
    stage.world.addOwn("aws:ecr/image:Image", image, "skopeo copy", "image c", { url, digest });
  });
  after(() => stage?.close());

  it("comes up on the stack's load balancer, at a name of its own", async () => {
    environment = await open(12);
    assert.deepEqual((await environment.up()).errors, []);
    assert.deepEqual(environments(), ["pr-12-web"]);
    assert.equal(count(loadBalancerType), 1);
    assert.equal(count(targetGroupType), 2);
    assert.deepEqual((await environment.outputs()).urls, { web: "https://pr-12.dev.example.com/" });
    const { steps } = await environment.up();
    assert.deepEqual(
      steps.filter(({ op }) => op !== "read"),
      [],
    );
  });

  it("goes without a trace", async () => {
    assert.deepEqual((await environment.destroy()).errors, []);
    assert.deepEqual(environments(), []);
    assert.equal(count(loadBalancerType), 1);
    assert.equal(count(targetGroupType), 1);
  });

  it("goes with the stack that it is a guest of, and leaves it no load balancer", async () => {
    assert.deepEqual((await (await open(13)).up()).errors, []);
    const { errors } = await stage.destroy();
    assert.deepEqual(errors, []);
    assert.deepEqual(environments(), []);
    // What else is on the cluster goes with it.
    const left = leftBehind(stage.world).filter((what) => !what.startsWith("ValidatingAdmission"));
    assert.deepEqual(left, []);
  });
});
