import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import {
  fleetAtRest,
  loseEachNode,
  loseEachZone,
  scaleOutAndBack,
} from "../../../tools/rehearsal/fleet/experiments.ts";
import {
  checkAddonVersions,
  checkNothingLeft,
  checkOnlyUpdates,
  checkReady,
  checkTouched,
  checkUpdateOrder,
  runningImages,
} from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { changeByHand } from "../../../tools/rehearsal/world/by-hand.ts";
import { driftOf, nodeClaimType } from "../../../tools/rehearsal/world/node-claims.ts";
import { nodeGroupType } from "../../../tools/rehearsal/world/rules/node-rules.ts";
import { chooseNodes, nodeKinds } from "../../support/node-kinds.ts";
import { needsEngine } from "../../support/separate-process.ts";
import { upWell } from "../../support/up-well.ts";

const deploymentType = "kubernetes:apps/v1:Deployment";

// One stack for each kind, from the first `up` to the last `destroy`.
for (const row of nodeKinds) {
  describe(`nodes of kind ${row.kind}`, function () {
    this.timeout(10 * 60_000);
    let stack: RehearsalStack;
    /** What was there after each `up` that broke off. */
    const halfway = new Map<string, () => void>();
    let running: () => void;
    const claims = () => stack.world.all(nodeClaimType);
    before(async function () {
      await needsEngine.call(this);
      const file = "test/recorded/Pulumi.karpenter.yaml";
      stack = await RehearsalStack.open({ stack: "karpenter", file });
      chooseNodes(stack, row, "1.35");
    });
    after(() => stack?.close());

    const destroyed = async () => {
      const { errors } = await stack.destroy();
      assert.deepEqual([...errors, ...stack.world.incidents], []);
      assert.deepEqual(checkNothingLeft(stack.world), []);
    };
    const setImage = (tag: string) =>
      stack.configure("services.shop.image", {
        reference: `registry.example.com/shop/shop:${tag}`,
      });
    const images = () => runningImages(stack.world, "shop");

    it("come up, although it broke off each time", async () => {
      for (const { after, type, name } of row.breaks) {
        const message = `broken off at ${name}`;
        stack.world.faults.push({ action: "create", type, name, code: "Canceled", message });
        assert.match((await stack.up()).errors.join(), new RegExp(message));
        stack.world.incidents.length = 0;
        halfway.set(after, stack.snapshot());
      }
      await upWell(stack);
      assert.equal(claims().length > 0, row.startsNodes);
      running = stack.snapshot();
    });

    for (const { after } of row.breaks) {
      it(`leave nothing of an up that broke off with ${after}`, async () => {
        halfway.get(after)?.();
        await destroyed();
      });
    }

    it("leave nothing after a destroy that broke off, and went on", async () => {
      running();
      const [type, name] = ["kubernetes:networking.k8s.io/v1:Ingress", "load-balancer"];
      stack.world.faults.push({
        action: "delete",
        type,
        name,
        code: "Canceled",
        message: "broken",
      });
      assert.match((await stack.destroy()).errors.join(), /broken/);
      await destroyed();
    });

    it("do not change, twice", async () => {
      running();
      assert.deepEqual((await stack.up()).steps, []);
      assert.deepEqual((await stack.up()).steps, []);
    });

    it("grow from 2 pods to 40 and back, and bear the loss of each node and each zone", async () => {
      running();
      const shop = { cpuMillicores: 250, memoryMiB: 256, minReplicas: 2, maxReplicas: 40 };
      stack.configure("services.shop", shop);
      // One NAT gateway would go with its zone.
      stack.configure("network", { natPerZone: true });
      await upWell(stack);
      const { nodes, failures } = scaleOutAndBack(fleetAtRest(stack.world.copy()), "shop");
      assert.deepEqual(failures, []);
      assert.ok(nodes.most <= row.mostNodes, `${nodes.most} nodes ran`);
      const losses = [...loseEachNode(stack.world), ...loseEachZone(stack.world)];
      assert.deepEqual(
        losses.filter((one) => one.failures.length > 0),
        [],
      );
      running();
    });

    it("run a new image; one whose pods crash fails, and the former one comes back", async () => {
      setImage("1.0.1");
      await upWell(stack);
      const before = images();
      setImage("1.0.2");
      const message = "1 of 4 new pods is in CrashLoopBackOff";
      const code = "ProgressDeadlineExceeded";
      stack.world.faults.push({
        action: "update",
        type: deploymentType,
        name: "shop",
        code,
        message,
      });
      assert.match((await stack.up()).errors.join(), /CrashLoopBackOff/);
      const [shop] = stack.world.live(deploymentType).filter(({ name }) => name === "shop");
      assert.equal(shop?.inputs.spec.strategy.rollingUpdate.maxUnavailable, 0, "old pods serve");
      setImage("1.0.1");
      await upWell(stack);
      assert.equal(images(), before);
    });

    it("are as the program says again after changes by hand", async () => {
      const { world } = stack;
      const [group] = world.live("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup");
      const everybody = [{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"] }];
      if (group) changeByHand(group, "ingress", everybody);
      const [scaler] = world.live("kubernetes:autoscaling/v2:HorizontalPodAutoscaler");
      if (scaler) changeByHand(scaler, "spec.maxReplicas", 5);
      const changed = [group, scaler, ...row.drift(world)];
      const urns = changed.flatMap((one) => one?.urn ?? []);
      assert.equal(urns.length, changed.length);
      const found = await stack.refresh();
      assert.deepEqual([...found.errors, ...checkTouched(found.steps, urns)], []);
      assert.deepEqual(checkTouched(await upWell(stack), urns), []);
      assert.deepEqual((await stack.refresh()).steps, []);
    });

    it("follow Kubernetes to its next version after the control plane and its add-ons", async () => {
      const before = claims();
      chooseNodes(stack, row, "1.36");
      const steps = await upWell(stack);
      assert.deepEqual(checkOnlyUpdates(steps), []);
      const groups = stack.world.live(nodeGroupType).map(({ type }) => type);
      const types = ["aws:eks/cluster:Cluster", ...groups];
      assert.deepEqual(checkUpdateOrder(stack.world, types), []);
      assert.deepEqual(checkAddonVersions(stack.world, "1.36"), []);
      assert.deepEqual(
        claims().filter((one) => before.includes(one)),
        [],
      );
      assert.deepEqual(
        claims().flatMap((one) => driftOf(stack.world, one) ?? []),
        [],
      );
      assert.deepEqual(checkReady(stack.world), []);
      assert.deepEqual((await stack.up()).steps, []);
    });

    for (const other of nodeKinds.filter(({ kind }) => row.givesWayTo.includes(kind))) {
      it(`give way to kind ${other.kind} in one up, in which pods keep serving`, async () => {
        chooseNodes(stack, other, "1.36");
        await upWell(stack);
        assert.equal(claims().length > 0, other.startsNodes);
        assert.deepEqual((await stack.up()).steps, []);
        await destroyed();
      });
    }
  });
}
