import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { resourceTypes } from "../../../tools/cloud/catalogue.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { productionSettings } from "../../support/other-settings.ts";
import { needsEngine } from "../../support/separate-process.ts";

describe("the data of a stack in production", function () {
  this.timeout(10 * 60_000);
  let stack: RehearsalStack;
  let made: string[];
  /** What AWS has and the stack no longer knows. */
  let retained: string[];
  const holding = () =>
    stack.world
      .all()
      .filter(
        ({ type, urn }) => resourceTypes[type]?.holdsData && urn?.includes("platform:resources:"),
      )
      .map(({ type, id }) => `${type} ${id}`)
      .sort();
  const up = async () => {
    const { errors, failed } = await stack.up();
    assert.ok(!failed, errors.join("\n"));
  };
  const refused = async (operation: "up" | "destroy" = "up") => {
    const { errors, failed } = await stack[operation]();
    assert.ok(failed);
    assert.deepEqual(holding(), made);
    return errors.join("\n");
  };
  /** What a change of settings does, which is taken back afterwards. */
  const during = async (change: () => void, what: () => Promise<unknown>) => {
    const before = ["resources", "services", "jobs"].map((slice) => ({
      slice,
      settings: stack.settings<Record<string, unknown>>(slice) ?? {},
    }));
    change();
    await what();
    for (const { slice, settings } of before) {
      stack.remove(slice);
      stack.configure(slice, settings);
    }
  };
  const withoutResources = () => {
    stack.remove("resources");
    for (const slice of ["services", "jobs"]) {
      for (const name of Object.keys(stack.settings<object>(slice) ?? {})) {
        stack.remove(`${slice}.${name}.uses`);
        stack.remove(`${slice}.${name}.scale`);
      }
    }
  };

  before(async function () {
    await needsEngine.call(this);
    stack = await RehearsalStack.open({ stack: "data", file: "test/recorded/Pulumi.data.yaml" });
    for (const [slice, values] of Object.entries(productionSettings)) {
      stack.configure(slice, values);
    }
    stack.world.secretsFilledAfter = 60;
    await up();
    made = holding();
    assert.ok(made.length >= 2);
  });
  after(() => stack?.close());

  it("is kept if all resources are removed from the settings", () =>
    during(withoutResources, async () => {
      assert.match(await refused(), /cannot be deleted[\s\S]*protected/);
    }));

  it("is kept if a setting would replace it", () =>
    during(
      () => stack.configure("resources.orders", { partitionKey: "other" }),
      async () => {
        assert.match(await refused(), /unable to replace[\s\S]*protection/);
      },
    ));

  it("is kept in AWS if one update ends the protection and replaces it", () =>
    during(
      () => {
        stack.configure("environment", "development");
        stack.configure("resources.orders", { partitionKey: "other" });
      },
      async () => {
        const { errors } = await stack.up();
        for (const one of made) assert.ok(holding().includes(one), `${one}: ${errors.join()}`);
        const known = new Set((await stack.state()).map(({ id }) => id));
        retained = holding().filter((one) => !known.has(one.slice(one.indexOf(" ") + 1)));
        assert.equal(retained.length, 1);
      },
    ));

  it("is kept by a destroy, which is refused", async () => {
    stack.configure("environment", "production");
    await up();
    made = holding();
    assert.match(await refused("destroy"), /protected/);
  });

  it("keeps the permissions of the old pods until the new pods run", async () => {
    const started = stack.world.spans.length;
    await during(
      () => stack.remove("services.shop.uses.orders"),
      async () => {
        await up();
        const spans = stack.world.spans.slice(started);
        const at = (action: string, type: string, name: string) => {
          const span = spans.find(
            (one) => one.action === action && one.type.endsWith(`:${type}`) && one.name === name,
          );
          assert.ok(
            span,
            `${action} ${type} ${name}: ${spans.map((one) => `${one.action} ${one.name}`)}`,
          );
          return span;
        };
        const rollout = at("update", "Deployment", "shop").end;
        assert.ok(at("delete", "RolePolicy", "shop-uses-orders-readWrite").start >= rollout);
        assert.ok(at("delete", "NetworkPolicy", "shop-uses-orders").start >= rollout);
      },
    );
    assert.deepEqual(holding(), made);
  });

  it("is deleted in two steps; the first deletes nothing", async () => {
    stack.configure("environment", "development");
    await up();
    assert.deepEqual(holding(), made);
    withoutResources();
    await up();
    assert.deepEqual(holding(), retained);
  });
});
