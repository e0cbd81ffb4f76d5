import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { waits } from "../../../tools/cloud/durations.ts";
import { overBound, releaseTime } from "../../../tools/rehearsal/release-time.ts";
import { scaleTo } from "../../../tools/rehearsal/world/rules/node-rules.ts";
import type { CloudResource, Props } from "../../../tools/rehearsal/world/world.ts";
import { type Given, platform, types } from "../../support/world-fixtures.ts";

const balanced = (seconds: number): Props => ({
  metadata: {
    name: "web",
    namespace: "web",
    annotations: {
      "alb.ingress.kubernetes.io/scheme": "internet-facing",
      "alb.ingress.kubernetes.io/healthcheck-interval-seconds": String(seconds),
      "alb.ingress.kubernetes.io/healthcheck-timeout-seconds": "4",
    },
  },
});

describe("a rollout in the rehearsal", () => {
  let given: Given;
  beforeEach(() => {
    given = platform();
  });

  const deployment = (replicas: number, rollingUpdate: Props, cpu?: string): Props => ({
    metadata: { name: "web", namespace: "web" },
    spec: {
      replicas,
      progressDeadlineSeconds: 300,
      strategy: { type: "RollingUpdate", rollingUpdate },
      template: {
        spec: {
          serviceAccountName: "web",
          containers: [
            { name: "web", image: given.image, ...(cpu && { resources: { requests: { cpu } } }) },
          ],
        },
      },
    },
  });

  /** Gives the pods another variable. Returns the seconds that the update takes, without its call. */
  const rollOut = async (made: CloudResource, value = "b") => {
    const { clock } = given.world;
    const from = clock.now;
    const { spec } = structuredClone(made.inputs);
    spec.template.spec.containers[0].env = [{ name: "A", value }];
    await given.update(made, { spec });
    return clock.now - from - 1;
  };

  const rolled = async (replicas: number, maxSurge: number | string, maxUnavailable = 0) =>
    rollOut(given.put(types.deployment, deployment(replicas, { maxSurge, maxUnavailable })));

  const started = waits.imagePull + waits.containerStart;

  it("takes as many steps as its surge leaves it, of a pull and a start each", async () => {
    for (const [replicas, maxSurge, steps] of [
      [1, 1, 1],
      [4, 1, 4],
      [4, 3, 2],
      [4, 4, 1],
      [4, 9, 1],
      [4, "50%", 2],
      [3, "50%", 2],
      [10, "25%", 4],
    ] as const) {
      given = platform();
      assert.equal(await rolled(replicas, maxSurge), steps * started, `${replicas} by ${maxSurge}`);
      const { phases } = given.world;
      assert.equal(Math.max(...phases.map(({ step }) => step)), steps);
    }
  });

  it("begins with old pods told to end where some may be unavailable", async () => {
    assert.equal(await rolled(4, 1, 1), 2 * started);
  });

  it("does not wait until old pods have drained, which keep their room until then", async () => {
    const made = given.put(types.deployment, deployment(4, { maxSurge: 4, maxUnavailable: 0 }));
    assert.equal(await rollOut(made), started);
    assert.equal(made.extraPods, 4);
    await given.world.clock.work(() => given.world.clock.sleep(waits.podDrain));
    assert.equal(made.extraPods, 0);
  });

  it("changes nothing of the pods when the template stays", async () => {
    const made = given.put(types.deployment, deployment(4, { maxSurge: 1, maxUnavailable: 0 }));
    const from = given.world.clock.now;
    const spec = { ...made.inputs.spec, strategy: { rollingUpdate: { maxSurge: 2 } } };
    await given.update(made, { spec });
    assert.equal(given.world.clock.now - from, 1);
  });

  it("waits in each step for one health check, until the controller asks for it", async () => {
    // The controller asks each 15 seconds unless its chart says otherwise.
    for (const [interval, poll, waited] of [
      [10, undefined, 15],
      [20, undefined, 30],
      [10, "5s", 10],
      [12, "5s", 15],
      [60, "1m", 60],
    ] as const) {
      given = platform();
      given.release.inputs.values.targetgroupbindingRequeueDuration = poll;
      await given.create(types.ingress, balanced(interval));
      await given.world.clock.work(() => given.world.clock.sleep(waits.loadBalancerActive));
      assert.equal(await rolled(4, 2), 2 * (started + waits.reconcile + waited), `${interval} s`);
    }
  });

  describe("on nodes of which each has room for two pods", () => {
    beforeEach(() => {
      given.nodes.inputs.instanceTypes = ["m7g.large"];
      scaleTo(given.world, given.nodes, { desiredCapacity: 3 });
    });

    it("starts what has room, and the rest when old pods have drained", async () => {
      const made = given.put(
        types.deployment,
        deployment(4, { maxSurge: 4, maxUnavailable: 0 }, "700m"),
      );
      // Two at once, and two more in the room of the first two old ones.
      assert.equal(await rollOut(made), started + waits.podDrain + started);
      const waited = given.world.phases.find(({ what }) => what === "until a node has room");
      assert.deepEqual(
        [waited?.pods, (waited?.end ?? 0) - (waited?.start ?? 0)],
        [2, started + waits.podDrain],
      );
    });

    it("has an autoscaler add a node meanwhile, and is never later than one by one", async () => {
      const times: number[] = [];
      for (const maxSurge of [1, 6]) {
        given = platform();
        given.nodes.inputs.instanceTypes = ["m7g.large"];
        scaleTo(given.world, given.nodes, { desiredCapacity: 3, maxSize: 8 });
        given.put(types.release, { chart: "cluster-autoscaler", name: "autoscaler" }, "autoscaler");
        const spec = deployment(5, { maxSurge, maxUnavailable: 0 }, "700m");
        times.push(await rollOut(given.put(types.deployment, spec)));
      }
      assert.ok(Number(times[1]) < Number(times[0]), `${times}`);
    });

    it("fails when no pod gets a node until the progress deadline", async () => {
      scaleTo(given.world, given.nodes, { desiredCapacity: 2 });
      const made = given.put(
        types.deployment,
        deployment(4, { maxSurge: 4, maxUnavailable: 0 }, "700m"),
      );
      await assert.rejects(
        rollOut(made),
        /^Error: ProgressDeadlineExceeded: 4 of 4 new pods are Pending$/,
      );
      assert.equal(given.world.clock.now, 301);
    });

    it("gives a new pod the room of pods of a lower priority", async () => {
      scaleTo(given.world, given.nodes, { desiredCapacity: 2 });
      given.put(types.priorityClass, { metadata: { name: "spare" }, value: -1 }, "spare");
      const spare = deployment(1, {}, "700m");
      Object.assign(spare.metadata, { name: "spare" });
      Object.assign(spare.spec.template.spec, { priorityClassName: "spare" });
      given.put(types.deployment, spare);
      const made = given.put(
        types.deployment,
        deployment(3, { maxSurge: 1, maxUnavailable: 0 }, "700m"),
      );
      // One at a time, each in the room of the one before.
      assert.equal(await rollOut(made), 3 * started + 2 * waits.podDrain);
    });
  });

  it("is measured from the build to the last step, beside what no rollout can leave out", async () => {
    await given.create(types.ingress, balanced(10));
    await given.world.clock.work(() => given.world.clock.sleep(waits.loadBalancerActive));
    const from = given.world.clock.now;
    await rolled(4, 2);
    const time = releaseTime(given.world, "a new image", from);
    const least = started + waits.reconcile + 10;
    assert.equal(time?.seconds, 1 + 2 * (least + 5));
    assert.equal(
      time?.bound.reduce((sum, { seconds }) => sum + seconds, 0),
      least,
    );
    assert.equal(time && overBound(time), (1 + 2 * (least + 5)) / least);
    assert.deepEqual(
      time?.parts.filter(({ beside }) => !beside).map(({ start }) => start),
      [1, 10, 13, 16, 26, 31, 40, 43, 46, 56],
    );
    assert.equal(releaseTime(given.world, "nothing", given.world.clock.now), undefined);
  });
});
