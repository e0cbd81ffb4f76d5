import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { criticalPath } from "../../../tools/rehearsal/critical-path.ts";
import {
  checkDependencies,
  checkNothingLeft,
  checkReady,
  checkRetention,
} from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { restoreDatabase } from "../../../tools/rehearsal/world/rules/database-rules.ts";
import { productionSettings } from "../../support/other-settings.ts";
import { needsEngine } from "../../support/separate-process.ts";

const databaseType = "aws:rds/cluster:Cluster";
const deploymentType = "kubernetes:apps/v1:Deployment";

describe("databases and caches", function () {
  this.timeout(5 * 60_000);
  let stack: RehearsalStack;
  const up = async () => {
    const { errors, steps } = await stack.up();
    assert.deepEqual(errors, []);
    return steps.map(({ op, type, name }) => `${op} ${type.split(":").at(-1)} ${name}`);
  };

  before(async function () {
    await needsEngine.call(this);
    stack = await RehearsalStack.open({ stack: "data", file: "test/recorded/Pulumi.data.yaml" });
    stack.world.secretsFilledAfter = 60;
  });
  after(() => stack?.close());

  it("are created, and do not delay pods more than the cluster does", async () => {
    await up();
    const { world } = stack;
    assert.deepEqual([...checkReady(world), ...checkRetention(world), ...world.incidents], []);
    assert.deepEqual(checkDependencies(await stack.state()), []);
    const path = criticalPath(
      await stack.state(),
      world.spans,
      ({ type }) => type === deploymentType,
    );
    assert.deepEqual(
      path.filter(({ type }) => /^aws:(rds|elasticache)/.test(type)).map(({ name }) => name),
      [],
    );
  });

  it("are unchanged by an update without changes", async () => assert.deepEqual(await up(), []));

  it("change their capacity and their limits in place", async () => {
    stack.configure("resources.ledger", { minCapacity: 0, maxCapacity: 8 });
    stack.configure("resources.sessions", { maxStorageGiB: 5 });
    assert.deepEqual((await up()).sort(), [
      "update Cluster ledger",
      "update MetricAlarm ledger/capacity-ceiling",
      "update MetricAlarm ledger/connections",
      "update ServerlessCache sessions",
    ]);
  });

  it("upgrade to another major version in place with other parameters, and refuse a downgrade", async () => {
    const [before] = stack.world.all(databaseType).filter(({ name }) => name === "ledger");
    stack.configure("resources.ledger", { version: "18" });
    const steps = await up();
    assert.ok(steps.includes("update Cluster ledger"), steps.join());
    const [after] = stack.world.all(databaseType).filter(({ name }) => name === "ledger");
    assert.equal(after, before);
    assert.equal(after?.inputs.engineVersion, "18");
    stack.configure("resources.ledger", { version: "17" });
    const { errors } = await stack.up();
    assert.match(errors.join("\n"), /Cannot upgrade aurora-postgresql from 18 to 17/);
    stack.configure("resources.ledger", { version: "18", minCapacity: 0.5 });
    await up();
  });

  it("are restored under the old name (docs/runbooks.md)", async () => {
    const { world } = stack;
    const [database] = world.all(databaseType).filter(({ name }) => name === "ledger");
    const secretOf = (one = world.get(databaseType, String(database?.id))) =>
      one?.outputs.masterUserSecrets[0].secretArn;
    const secretBefore = secretOf(database);
    const old = restoreDatabase(world, String(database?.id));
    assert.deepEqual((await stack.refresh()).errors, []);
    const steps = await up();
    assert.deepEqual(
      steps.filter((step) => / (Cluster|ClusterInstance|SubnetGroup|SecurityGroup) /.test(step)),
      [],
    );
    assert.notEqual(secretOf(), secretBefore);
    const named = (secret: string) =>
      world.all().filter(({ inputs }) => JSON.stringify(inputs).includes(secret)).length;
    assert.ok(named(secretOf()) > 0);
    assert.equal(named(secretBefore), 0);
    assert.deepEqual(await up(), []);
    world.remove(old);
  });

  it("are kept in production: a destroy is refused before any deletion", async () => {
    for (const [slice, values] of Object.entries(productionSettings)) {
      stack.configure(slice, values);
    }
    await up();
    const database = stack.world.all(databaseType).find(({ name }) => name === "users-db");
    assert.equal(database?.inputs.deletionProtection, true);
    assert.equal(database?.inputs.skipFinalSnapshot, false);
    const { errors } = await stack.destroy();
    assert.match(errors.join("\n"), /protected/);
    assert.ok(stack.world.all().includes(database));
  });

  it("are deleted in development without leftovers", async () => {
    for (const slice of ["cluster", "ingress"]) {
      stack.configure(slice, { deletionProtection: false });
    }
    stack.configure("environment", "development");
    stack.configure("registry", { forceDelete: true });
    await up();
    assert.deepEqual((await stack.destroy()).errors, []);
    assert.deepEqual(checkNothingLeft(stack.world), []);
  });
});
