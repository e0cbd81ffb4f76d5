import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import {
  checkDependencies,
  checkNothingLeft,
  checkReady,
} from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { needsEngine } from "../../support/separate-process.ts";

const secretType = "aws:secretsmanager/secret:Secret";
const bucketType = "aws:s3/bucket:Bucket";
const kinds = (things: { type: string }[]) =>
  [...new Set(things.map(({ type }) => type.split(":").at(-1)))].sort();

describe("the resources of services", function () {
  this.timeout(5 * 60_000);
  let stack: RehearsalStack;
  const all = (type: string) => stack.world.all(type);
  const fill = () => {
    for (const { id } of all(secretType)) stack.world.filledSecrets.add(id);
  };
  const upWell = async () => {
    const { errors, steps } = await stack.up();
    assert.deepEqual([...errors, ...stack.world.incidents], []);
    return steps.filter(({ custom }) => custom);
  };

  before(async function () {
    await needsEngine.call(this);
    stack = await RehearsalStack.open({ stack: "data", file: "test/recorded/Pulumi.data.yaml" });
    stack.configure("registry", { forceDelete: true });
  });
  after(() => stack?.close());

  it("let pods wait for an empty secret, and name it", async () => {
    const { errors } = await stack.up();
    assert.match(
      errors.join("\n"),
      /Failed fetching secret arn:\S+:secret:payment-key-\S+: ResourceNotFoundException: .* staging label: AWSCURRENT/,
    );
    fill();
    stack.world.incidents.length = 0;
    await upWell();
  });

  it("are created with their services, and a second update changes nothing", async () => {
    assert.deepEqual(checkReady(stack.world), []);
    assert.deepEqual(checkDependencies(await stack.state()), []);
    assert.deepEqual((await stack.up()).steps, []);
  });

  it("change in place with their settings", async () => {
    stack.configure("resources.mails", {
      visibilityTimeoutSeconds: 120,
      retentionDays: 7,
      maxReceives: 3,
    });
    stack.configure("resources.invoices", { keepVersionsDays: 10 });
    stack.configure("resources.orders.indexes", { byDay: { partitionKey: "day" } });
    const steps = await upWell();
    assert.deepEqual(kinds(steps), [
      "BucketLifecycleConfiguration",
      "Dashboard",
      "MetricAlarm",
      "Queue",
      "Table",
    ]);
    const created = steps.filter(({ op }) => op !== "update");
    assert.deepEqual(kinds(created), ["MetricAlarm"], "of the new index");
  });

  it("get a new subscription, and lose another one", async () => {
    stack.configure("resources.audit", { kind: "queue" });
    stack.configure("resources.placed", { deliverTo: ["audit"] });
    const steps = await upWell();
    assert.deepEqual(kinds(steps), [
      "Dashboard",
      "MetricAlarm",
      "Queue",
      "QueuePolicy",
      "RedriveAllowPolicy",
      "TopicSubscription",
    ]);
  });

  it("are deleted with their data outside production, without leftovers", async () => {
    for (const bucket of all(bucketType)) bucket.outputs.objects = 3;
    assert.deepEqual((await stack.destroy()).errors, []);
    assert.deepEqual(checkNothingLeft(stack.world), []);
  });

  it("are created again at once: no name is taken", async () => {
    const { world } = stack;
    world.secretsFilledAfter = 60;
    await upWell();
    assert.deepEqual((await stack.destroy()).errors, []);
    assert.deepEqual(checkNothingLeft(world), []);
  });
});
