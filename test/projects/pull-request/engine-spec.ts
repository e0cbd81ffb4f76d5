import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { PreviewEnvironmentSettings } from "../../../infra/preview-environments/preview-environments.ts";
import type { EngineStack } from "../../../tools/rehearsal/engine-stack.ts";
import { checkNothingLeft } from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";

const digest = `sha256:${"c".repeat(64)}`;
const deploymentType = "kubernetes:apps/v1:Deployment";
const targetGroupType = "aws:lb/targetGroup:TargetGroup";
const loadBalancerType = "aws:lb/loadBalancer:LoadBalancer";

describe("the environment of a pull request on the simulated cloud", function () {
  this.timeout(180_000);
  let stack: RehearsalStack;
  let environment: EngineStack;
  let image: string;
  const count = (type: string) => stack.world.all(type).length;
  const environments = () =>
    stack.world
      .all("kubernetes:core/v1:Namespace")
      .map(({ id }) => id)
      .filter((id) => id.startsWith("pr-"));
  const open = (pullRequest: number, images: object = { web: image }) =>
    stack.beside("projects/pull-request", `pr-${pullRequest}`, {
      platform: "organization/platform/dev",
      pullRequest,
      images,
    });

  before(async () => {
    stack = await RehearsalStack.open({ stack: "dev" });
    stack.configure("domain", { hostedZoneId: "Z0123456789EXAMPLE", hostName: "dev.example.com" });
    stack.configure("pullRequests", { environments: 2 });
    stack.configure("nodes", { maxSize: 6 });
    assert.deepEqual((await stack.up()).errors, []);
    const { pullRequests: settings } = (await stack.outputs()) as {
      pullRequests: PreviewEnvironmentSettings;
    };
    const { repositoryUrl: url } = settings;
    image = `${url}@${digest}`;
    stack.world.addUnmanaged("aws:ecr/image:Image", image, "skopeo copy", "image c", {
      url,
      digest,
    });
  });
  after(() => stack?.close());

  it("comes up on the stack's load balancer, at a name of its own", async () => {
    environment = await open(12);
    assert.deepEqual((await environment.up()).errors, []);
    assert.deepEqual(environments(), ["pr-12-web"]);
    const [deployment] = stack.world.all(deploymentType).filter(({ name }) => name === "pr-12-web");
    assert.equal(deployment?.inputs.spec.template.spec.containers[0].image, image);
    assert.equal(count(loadBalancerType), 1);
    assert.equal(count(targetGroupType), 2);
    assert.deepEqual((await environment.outputs()).urls, { web: "https://pr-12.dev.example.com/" });
    const { steps } = await environment.up();
    assert.deepEqual(
      steps.filter(({ op }) => op !== "read"),
      [],
    );
  });

  it("leaves the stack as it is", async () => assert.deepEqual((await stack.up()).steps, []));

  it("is refused for a service that the stack has not", async () => {
    const { errors } = await (await open(14, { shop: image })).up();
    assert.match(
      errors.join(),
      /organization\/platform\/dev has no service shop; its services are web/,
    );
  });

  it("goes without a trace", async () => {
    assert.deepEqual((await environment.destroy()).errors, []);
    assert.deepEqual(environments(), []);
    assert.equal(count(loadBalancerType), 1);
    assert.equal(count(targetGroupType), 1);
  });

  it("goes with the stack that owns it, and leaves it no load balancer", async () => {
    assert.deepEqual((await (await open(13)).up()).errors, []);
    const { errors } = await stack.destroy();
    assert.deepEqual(errors, []);
    assert.deepEqual(environments(), []);
    // Certificates of other stacks are renewed by the same record.
    const others = checkNothingLeft(stack.world).filter(
      (one) => !/Record certificate-valid/.test(one),
    );
    assert.deepEqual(others, []);
  });
});
