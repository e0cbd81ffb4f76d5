import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { nodeVolumes } from "../../../infra/cluster/instances.ts";
import { sizesToSend } from "../../../infra/cluster/nodes.ts";

const ignored = ["scalingConfig.desiredSize"];

describe("the sizes that a node group is asked for", () => {
  const limits = { minSize: 2, desiredSize: 3, maxSize: 4 };

  it("are the settings' without the autoscaler, whatever runs", () => {
    for (const running of [undefined, { minSize: 1, desiredSize: 4, maxSize: 9, replaced: true }]) {
      assert.deepEqual(sizesToSend({ ...limits, autoscaled: false, running }), {
        scalingConfig: limits,
        ignoreChanges: [],
      });
    }
  });

  it("begin with the smallest size where the settings name none", () => {
    const { scalingConfig } = sizesToSend({
      minSize: 2,
      maxSize: 4,
      autoscaled: false,
      running: undefined,
    });
    assert.equal(scalingConfig.desiredSize, 2);
  });

  it("leave the autoscaler's number alone while the limits stay", () => {
    const running = { minSize: 2, desiredSize: 4, maxSize: 4, replaced: false };
    assert.deepEqual(sizesToSend({ ...limits, autoscaled: true, running }).ignoreChanges, ignored);
    assert.deepEqual(
      sizesToSend({ ...limits, autoscaled: true, running: undefined }).ignoreChanges,
      ignored,
    );
  });

  it("are none for a group that sleeps, or that a schedule has put to the settings' limits", () => {
    const schedule = { sleep: "0 19 * * *", wake: "0 7 * * *", timeZone: "Etc/UTC" };
    const sent = (running: object, autoscaled = true, more = {}) =>
      sizesToSend({
        ...{ ...limits, ...more, autoscaled, schedule },
        running: { minSize: 2, desiredSize: 3, maxSize: 4, replaced: false, ...running },
      });
    const none = ["scalingConfig"];
    const night = { minSize: 0, desiredSize: 0, maxSize: 1 };
    assert.deepEqual(sent({}).ignoreChanges, none);
    assert.deepEqual(sent({ desiredSize: 4 }).ignoreChanges, none, "the autoscaler's number");
    assert.deepEqual(sent({ desiredSize: 4 }, false).ignoreChanges, []);
    assert.deepEqual(sent(night).ignoreChanges, none);
    assert.deepEqual(sent(night, true, { maxSize: 9 }).ignoreChanges, none, "it wakes with them");
    assert.deepEqual(sent({}, true, { maxSize: 9 }).scalingConfig, { ...limits, maxSize: 9 });
    assert.deepEqual(sent({ ...night, replaced: true }).ignoreChanges, []);
  });

  it("of a group that is replaced are what runs now, though the limits stay", () => {
    const running = { minSize: 2, desiredSize: 4, maxSize: 4, replaced: true };
    assert.deepEqual(sizesToSend({ ...limits, autoscaled: true, running }), {
      scalingConfig: { ...limits, desiredSize: 4 },
      ignoreChanges: [],
    });
  });

  it("are what runs now, within the new limits, when a limit or the group changes", () =>
    fc.assert(
      fc.property(
        fc.tuple(fc.nat(50), fc.nat(50), fc.nat(50)).map((sizes) => sizes.sort((a, b) => a - b)),
        fc.tuple(fc.nat(50), fc.nat(50)).map((sizes) => sizes.sort((a, b) => a - b)),
        ([low = 0, now = 0, high = 0], [minSize = 0, maxSize = 0]) => {
          const limitsStay = low === minSize && high === maxSize;
          const running = { minSize: low, desiredSize: now, maxSize: high, replaced: limitsStay };
          const sent = sizesToSend({ minSize, maxSize, autoscaled: true, running });
          const { desiredSize } = sent.scalingConfig;
          assert.deepEqual(sent.ignoreChanges, []);
          assert.ok(desiredSize >= minSize && desiredSize <= maxSize);
          if (now >= minSize && now <= maxSize) assert.equal(desiredSize, now);
        },
      ),
    ));
});

describe("the disks of a node", () => {
  it("are of the setting's size; Bottlerocket's system has one of its own", () => {
    const diskSizeGiB = 40;
    assert.deepEqual(nodeVolumes({ operatingSystem: "al2023", diskSizeGiB }), [
      { deviceName: "/dev/xvda", GiB: 40 },
    ]);
    // Karpenter's page "NodeClasses", spec.blockDeviceMappings: what Bottlerocket has by default.
    assert.deepEqual(nodeVolumes({ operatingSystem: "bottlerocket", diskSizeGiB }), [
      { deviceName: "/dev/xvda", GiB: 4 },
      { deviceName: "/dev/xvdb", GiB: 40 },
    ]);
  });
});
