import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import {
  checkCallees,
  checkDependencies,
  checkDigests,
  checkNothingLeft,
  checkReady,
  runningImages,
} from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { needsEngine } from "../../support/separate-process.ts";
import { shopImages } from "../../support/shop-images.ts";

const cronJobType = "kubernetes:batch/v1:CronJob";
const deploymentType = "kubernetes:apps/v1:Deployment";
const jobType = "kubernetes:batch/v1:Job";
const addonType = "aws:eks/addon:Addon";

describe("six containers in three languages", function () {
  this.timeout(5 * 60_000);
  let stack: RehearsalStack;
  const secretsAddons = () =>
    stack.world
      .all(addonType)
      .filter(({ inputs }) => inputs.addonName === "aws-secrets-store-csi-driver-provider");

  before(async function () {
    await needsEngine.call(this);
    stack = await RehearsalStack.open({
      stack: "shop",
      file: "test/recorded/Pulumi.shop.yaml",
      prepare: ({ publicImages, absent }) => {
        Object.assign(publicImages, shopImages);
        absent.add("shop/db");
      },
    });
  });
  after(() => stack?.close());

  it("wait for a missing secret, and name it", async () => {
    const { errors } = await stack.up();
    assert.match(
      errors.join("\n"),
      /FailedMount: .*Failed fetching secret shop\/db: ResourceNotFoundException/,
    );
    stack.world.absent.clear();
    stack.world.incidents.length = 0;
    assert.deepEqual((await stack.up()).errors, []);
  });

  it("run with their worker, nightly job and migration, and reach the services that they call", async () => {
    const { world } = stack;
    assert.deepEqual(
      [...checkReady(world), ...world.incidents, ...checkCallees(world), ...checkDigests(world)],
      [],
    );
    assert.deepEqual(checkDependencies(await stack.state()), []);
    const names = (type: string) =>
      world
        .all(type)
        .map(({ name }) => name)
        .sort();
    assert.deepEqual(names(deploymentType), ["catalog", "mailer", "orders", "storefront"]);
    assert.deepEqual(names(cronJobType), ["nightly", "rebuild"]);
    assert.deepEqual(names(jobType), ["storefront-release"]);
    assert.equal(secretsAddons().length, 1);
    assert.deepEqual((await stack.up()).steps, []);
  });

  it("are unchanged after a failed migration, and change after a successful one", async () => {
    const { world } = stack;
    const running = () => ["storefront", "mailer"].map((name) => runningImages(world, name));
    const before = running();
    stack.configure("services.storefront.image", {
      reference: "registry.example.com/shop/storefront:2.2.0",
    });
    world.faults.push({
      action: "create",
      type: jobType,
      code: "BackoffLimitExceeded",
      message: "Job has reached the specified backoff limit: column price does not exist",
    });
    const failed = await stack.up();
    assert.match(failed.errors.join("\n"), /column price does not exist/);
    assert.deepEqual(running(), before, "its worker shares the image and waits too");
    assert.deepEqual((await stack.up()).errors, []);
    const after = running();
    for (const [at, images] of after.entries()) assert.notEqual(images, before[at]);
    assert.equal(world.all(jobType).length, 1, "the failed one is gone");
  });

  it("keep their callers while a private service gets and loses a route", async () => {
    const changed = async () => {
      const { errors } = await stack.up();
      assert.deepEqual([...errors, ...checkCallees(stack.world)], []);
    };
    stack.configure("services.orders", { route: { path: "/orders" } });
    await changed();
    stack.remove("services.orders.route");
    await changed();
  });

  it("are deleted without leftovers; the secrets driver ends with the last secret", async () => {
    stack.remove("services.storefront.secrets");
    stack.remove("services.orders.secrets");
    stack.remove("jobs.nightly.secrets");
    assert.deepEqual((await stack.up()).errors, []);
    assert.equal(secretsAddons().length, 0);
    assert.deepEqual((await stack.destroy()).errors, []);
    assert.deepEqual(checkNothingLeft(stack.world), []);
  });
});
