import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { StateResource } from "../../../tools/rehearsal/critical-path.ts";
import { checkDependencies, checkNothingLeft } from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import {
  recoveryPointType,
  restoreTable,
  runBackups,
} from "../../../tools/rehearsal/world/rules/backup-rules.ts";
import { needsEngine } from "../../support/separate-process.ts";
import { upWell } from "../../support/up-well.ts";

const tableType = "aws:dynamodb/table:Table";
const claimType = "kubernetes:core/v1:PersistentVolumeClaim";
const accessPointType = "aws:efs/accessPoint:AccessPoint";
const deploymentType = "kubernetes:apps/v1:Deployment";

describe("files and backups", function () {
  this.timeout(5 * 60_000);
  let stack: RehearsalStack;
  const all = (type: string) => stack.world.all(type);
  const only = (type: string) => {
    const [one, ...others] = all(type);
    assert.ok(one && others.length === 0, type);
    return one;
  };
  const points = () => all(recoveryPointType).map(({ inputs }) => inputs);
  /** What the pods of the service mount. */
  const mounted = (service: string) => {
    const deployment = all(deploymentType).find(
      ({ inputs }) => inputs.metadata.namespace === service,
    );
    const { volumes = [] } = deployment?.inputs.spec.template.spec ?? {};
    const [claim] = volumes.flatMap(
      (one: { persistentVolumeClaim?: { claimName: string } }) =>
        one.persistentVolumeClaim?.claimName ?? [],
    );
    const { spec } = all(claimType).find(({ id }) => id === `${service}/${claim}`)?.inputs ?? {};
    return stack.world.get("kubernetes:core/v1:PersistentVolume", spec?.volumeName)?.inputs.spec;
  };

  before(async function () {
    await needsEngine.call(this);
    stack = await RehearsalStack.open({ stack: "data", file: "test/recorded/Pulumi.data.yaml" });
    stack.configure("registry", { forceDelete: true });
    stack.world.secretsFilledAfter = 60;
  });
  after(() => stack?.close());

  it("are created: pods mount the file system, and a second update changes nothing", async () => {
    await upWell(stack);
    assert.deepEqual(checkDependencies(await stack.state()), []);
    const handle = mounted("shop")?.csi.volumeHandle;
    assert.match(handle, /^fs-[0-9a-f]{17}::fsap-[0-9a-f]{17}$/);
    assert.equal(mounted("shop")?.csi.readOnly, false);
    assert.deepEqual(
      [mounted("search")?.csi.readOnly, mounted("search")?.csi.volumeHandle],
      [true, handle],
    );
    assert.equal(mounted("blog"), undefined);
    assert.deepEqual((await stack.up()).steps, []);
  });

  it("change their access by a new claim, while the old pods run", async () => {
    stack.configure("services.search.uses", { uploads: "readWrite" });
    const steps = await upWell(stack);
    assert.equal(mounted("search")?.csi.readOnly, false);
    const order = steps.map(({ op, type }) => `${op} ${type.split(":").at(-1)}`);
    const at = (step: string) => order.indexOf(step);
    assert.ok(at("create PersistentVolumeClaim") >= 0, order.join());
    assert.ok(at("update Deployment") < at("delete PersistentVolumeClaim"), order.join());
  });

  it("have one backup plan that copies each resource to both vaults", () => {
    assert.deepEqual(runBackups(stack.world), []);
    const services = points().map(({ vault, resource }) =>
      [vault.split(":")[3], resource.split(":")[2]].join(),
    );
    assert.deepEqual(
      services.sort(),
      ["eu-central-1", "eu-west-1"].flatMap((region) =>
        ["dynamodb", "elasticfilesystem", "rds", "rds", "s3"].map(
          (service) => `${region},${service}`,
        ),
      ),
    );
  });

  it("are restored: a restored table replaces the old one (docs/runbooks.md)", async () => {
    const old = only(tableType);
    const restored = restoreTable(stack.world, old.outputs.arn, "orders-restored");
    // What the runbook's commands make of the state: the engine's own need its language plugin.
    await stack.editState((state) => {
      const { urn } = state.find((one) => one.urn === old.urn) as StateResource;
      const renamed = JSON.parse(
        JSON.stringify(state).replaceAll(`"${urn}"`, `"${urn}-before"`),
      ) as StateResource[];
      const at = renamed.findIndex((one) => one.urn === `${urn}-before`);
      const { type, custom, parent, provider } = renamed[at] as StateResource;
      const { id, inputs, outputs } = restored;
      const imported = { urn, type, custom, parent, provider, id, inputs, outputs };
      return renamed.toSpliced(at, 0, imported as StateResource);
    });
    const steps = await upWell(stack);
    assert.equal(only(tableType).id, "orders-restored", "the old one is gone outside production");
    const { pointInTimeRecovery, ttl } = only(tableType).inputs;
    assert.deepEqual([pointInTimeRecovery.enabled, ttl.enabled], [true, true]);
    assert.deepEqual(
      steps.filter(({ type }) => type === tableType).map(({ op, name }) => `${op} ${name}`),
      ["update orders", "delete orders-before"],
    );
    const text = JSON.stringify(
      all(deploymentType).map(({ inputs }) => inputs.spec.template.spec.containers),
    );
    assert.match(text, /orders-restored/);
    assert.doesNotMatch(text, new RegExp(old.id));
    assert.deepEqual((await stack.up()).steps, []);
  });

  it("are restored: pods mount the folder of the restored files", async () => {
    const before = only(accessPointType).id;
    stack.configure("resources.uploads", {
      directory: "/aws-backup-restore_2026-11-30T06-00-00/data",
    });
    await upWell(stack);
    const now = only(accessPointType);
    assert.notEqual(now.id, before);
    assert.match(now.inputs.rootDirectory.path, /restore/);
    assert.ok(mounted("shop")?.csi.volumeHandle.endsWith(now.id));
    assert.deepEqual((await stack.up()).steps, []);
  });

  it("are deleted with their backups outside production, without leftovers", async () => {
    assert.ok(points().length > 0);
    assert.deepEqual((await stack.destroy()).errors, []);
    assert.deepEqual(checkNothingLeft(stack.world), []);
  });
});
