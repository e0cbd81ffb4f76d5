import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { after, before, beforeEach, describe, it } from "mocha";
import { type ReleaseArgs, release } from "../../../tools/deliver/release.ts";
import { aws, watchedOf } from "../../../tools/deliver/release-cloud.ts";
import { kubectl } from "../../../tools/deliver/rollouts.ts";
import { evaluate } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { CommandStubs } from "../../support/command-stubs.ts";
import { FakeStack, image } from "../../support/fake-stack.ts";
import { deployment, described } from "../../support/release-described.ts";

/** With the code that asks CloudWatch and Kubernetes, by commands that answer as theirs do. */
describe("a stack goes back by itself", function () {
  this.timeout(60_000);
  let standIns: CommandStubs;
  let prod: Resource[];
  let stack: FakeStack;
  let said: string[];
  let args: ReleaseArgs;
  const cluster = {
    clusterName: "platform-prod",
    kubeconfig: { clusters: [{ cluster: { server: "https://example.invalid" } }] },
  };
  const state = (rollout: "goes on" | "over" | "stuck", ringing: string[] = []) =>
    standIns.set({
      deployments: [deployment("web", rollout)],
      alarms: described(
        prod,
        ringing.map((name) => `platform-prod/${name}`),
      ),
    });
  const hours = { waited: 0 };

  before(async () => {
    ({ resources: prod } = await evaluate("prod"));
    standIns = new CommandStubs();
  });
  after(() => standIns.close());
  beforeEach(() => {
    stack = new FakeStack();
    const outputs = stack.outputs;
    stack.outputs = async () => ({ ...(await outputs()), ...cluster });
    said = [];
    hours.waited = 0;
    state("over");
    args = {
      stack,
      cloud: aws("eu-central-1"),
      rollouts: kubectl(0.02),
      who: { by: "octocat" },
      watched: watchedOf(undefined, cluster),
      watchSeconds: undefined,
      say: (line) => said.push(line),
      sleep: async (seconds) => {
        hours.waited += seconds;
      },
    };
  });

  it("from a rollout that is stuck, long before Pulumi would give up", async () => {
    const up = stack.up;
    stack.up = async (message, options) => {
      if (stack.pinned.at(-1)?.images.web === image("b").web) {
        state("goes on");
        const asked = standIns.calls.length;
        while (standIns.calls.length < asked + 2) await setTimeout(10);
        state("stuck");
        await new Promise((resolve) => options.signal?.addEventListener("abort", resolve));
        throw new Error("update cancelled");
      }
      state("over");
      return up(message, options);
    };
    assert.equal(await release(args, () => image("b")), false);
    assert.match(
      said.join("\n"),
      /failed: Deployment web\/web: ReplicaSet .* timed out progressing/,
    );
    assert.match(said.at(-1) ?? "", /prod runs what it ran before: web sha256:aaaa/);
    assert.deepEqual(stack.running, image("a"));
  });

  for (const [alarm, minutes] of [
    ["web/no-targets", 3],
    ["web/latency", 15],
  ] as const) {
    it(`when ${alarm} rings, which takes it ${minutes} minutes`, async () => {
      args.sleep = async (seconds) => {
        hours.waited += seconds;
        if (hours.waited >= minutes * 60) state("over", [alarm]);
      };
      assert.equal(await release(args, () => image("b")), false);
      assert.match(said.join("\n"), new RegExp(`After the update: platform-prod/${alarm}\n`));
      assert.deepEqual(stack.running, image("a"));
    });
  }

  it("and stays where it is when nothing is wrong, or what is wrong is another's", async () => {
    args.sleep = async (seconds) => {
      hours.waited += seconds;
      state("over", ["node-disk", "web/availability-fast-burn-short"]);
    };
    assert.equal(await release(args, () => image("b")), true, said.join("\n"));
    assert.ok(hours.waited >= 15 * 60);
    assert.deepEqual(stack.running, image("b"));
  });
});
