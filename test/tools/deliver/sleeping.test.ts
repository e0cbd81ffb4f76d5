import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { Refused } from "../../../tools/deliver/image-references.ts";
import { requireAwake, sleepsNow } from "../../../tools/deliver/sleeping.ts";
import { CommandFailed } from "../../../tools/shell.ts";
import { CommandStubs } from "../../support/command-stubs.ts";

const night = { minSize: 0, desiredSize: 0, maxSize: 1 };
const day = { minSize: 2, desiredSize: 2, maxSize: 4 };
const outputs = { clusterName: "platform-dev" };

describe("a stack that a release finds", () => {
  let stubs: CommandStubs;
  before(() => {
    stubs = new CommandStubs(["aws"]);
  });
  after(() => stubs.close());
  const stack = (sleeps = true) => ({ name: "dev", region: "eu-central-1", sleeps });
  const sleeps = (nodeGroups: Record<string, typeof day>) => {
    stubs.set({ nodeGroups });
    return sleepsNow(stack(), outputs);
  };

  it("sleeps while all its node groups are at 0", async () => {
    assert.equal(await sleeps({ nodes: night }), true);
    assert.equal(await sleeps({ nodes: day }), false);
    assert.equal(await sleeps({ nodes: night, "nodes-2": day }), false);
    assert.equal(await sleeps({ nodes: { ...night, minSize: 1, desiredSize: 1 } }), false);
    assert.equal(await sleeps({}), false, "before it has nodes");
  });

  it("is refused asleep, with what wakes it", async () => {
    stubs.set({ nodeGroups: { nodes: night } });
    await assert.rejects(requireAwake(stack(), outputs), (error: Error) => {
      assert.ok(error instanceof Refused);
      assert.match(
        error.message,
        /^dev sleeps by nodes\.schedule\. .*npm run wake -- --stack dev$/,
      );
      return true;
    });
    stubs.set({ nodeGroups: { nodes: day } });
    await requireAwake(stack(), outputs);
  });

  it("is not asked without a schedule, or before there is a cluster", async () => {
    stubs.set({ nodeGroups: { nodes: night } });
    const before = stubs.calls.length;
    assert.equal(await sleepsNow(stack(false), outputs), false);
    assert.equal(await sleepsNow(stack(), {}), false);
    assert.equal(stubs.calls.length, before);
  });

  it("is not taken for awake when AWS refuses to tell", async () => {
    stubs.set({ failing: { aws: "An error occurred (AccessDeniedException)" } });
    await assert.rejects(sleepsNow(stack(), outputs), CommandFailed);
  });
});
