import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { EngineStack } from "../../../tools/rehearsal/engine-stack.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";

describe("bootstrap on the simulated cloud", function () {
  this.timeout(60_000);
  let stack: RehearsalStack;
  let bootstrap: EngineStack;
  before(async () => {
    stack = await RehearsalStack.open({ stack: "dev" });
    bootstrap = await stack.beside("projects/bootstrap", "main", {
      region: "eu-central-1",
      accountId: "111122223333",
      repository: "example/platform",
      stateBucket: "example-platform-pulumi-state",
      environments: ["dev", "prod"],
      applicationSignalsRetentionDays: 30,
    });
  });
  after(() => stack?.close());

  it("uses GitHub's identity provider of an account that has one, by its ARN", async () => {
    const type = "aws:iam/openIdConnectProvider:OpenIdConnectProvider";
    const arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    stack.world.addUnmanaged(type, arn, "somebody", "GitHub", {});
    const { errors } = await bootstrap.up();
    assert.match(
      errors.join("\n"),
      /EntityAlreadyExists: .*token\.actions\.githubusercontent\.com/,
    );
    await bootstrap.set("bootstrap:identityProviderArn", arn);
    assert.deepEqual((await bootstrap.up()).errors, []);
    assert.equal(stack.world.all(type).length, 1);
  });

  it("comes up, and is then what it should be", async () => {
    assert.deepEqual((await bootstrap.up()).errors, []);
    assert.deepEqual((await bootstrap.up()).steps, []);
    const made = stack.world.all("aws:iam/role:Role").map(({ name }) => name);
    const roles = ["deploy-dev", "deploy-prod", "drift", "preview"].map((role) => `github-${role}`);
    assert.deepEqual(made.sort(), roles);
    const [group] = stack.world.all("aws:cloudwatch/logGroup:LogGroup");
    assert.equal(group?.id, "/aws/application-signals/data");
    assert.deepEqual([group.inputs.retentionInDays, group.inputs.skipDestroy], [30, true]);
  });

  it("is not destroyed by mistake: nothing of it goes while state and keys are protected", async () => {
    const before = stack.world.all().length;
    const { errors, failed } = await bootstrap.destroy();
    assert.ok(failed);
    assert.match(errors.join("\n"), /protect/);
    assert.equal(stack.world.all().length, before);
  });
});
