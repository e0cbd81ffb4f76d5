import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { checkLoadBalancerNames } from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import {
  nodesOf,
  scaleTo,
  scalingGroupOf,
} from "../../../tools/rehearsal/world/rules/node-rules.ts";
import { runSchedule, scheduleType } from "../../../tools/rehearsal/world/rules/schedule-rules.ts";
import { needsEngine } from "../../support/separate-process.ts";

const role = (name: string) => `arn:aws:iam::111122223333:role/${name}`;
const shop = { image: { context: "service" }, route: { path: "/shop" } };

// Changes of settings, one `up` after another on one stack.
for (const stackName of ["dev", "prod"] as const) {
  describe(`the stack ${stackName} with changed settings`, function () {
    this.timeout(600_000);

    let stack: RehearsalStack;
    before(async function () {
      await needsEngine.call(this);
      stack = await RehearsalStack.open({ stack: stackName });
      stack.configure("cluster", { deployers: [role("Deployer")], viewers: [role("Developer")] });
      await up();
    });
    after(() => stack?.close());

    const up = async () => {
      const { errors, failed } = await stack.up();
      assert.ok(!failed, errors.join("\n"));
      assert.deepEqual(stack.world.incidents, []);
      assert.deepEqual(checkLoadBalancerNames(stack.world), []);
    };
    /** The access policy of a principal and its namespaces, as the cluster has them now. */
    const access = (name: string) =>
      stack.world
        .live("aws:eks/accessPolicyAssociation:AccessPolicyAssociation")
        .filter(({ inputs }) => inputs.principalArn === role(name))
        .map(({ inputs }) => [
          String(inputs.policyArn).split("/").at(-1),
          inputs.accessScope.namespaces?.toSorted(),
        ]);

    it("gives deployers access to all services after one is added or removed", async () => {
      assert.deepEqual(access("Deployer"), [["AmazonEKSEditPolicy", ["web"]]]);
      stack.configure("services.shop", shop);
      await up();
      assert.deepEqual(access("Deployer"), [["AmazonEKSEditPolicy", ["shop", "web"]]]);
      // The registry keeps a protected repository with its images.
      stack.configure("environment", "development");
      stack.configure("registry", { forceDelete: true });
      await up();
      stack.remove("services.shop");
      await up();
      assert.deepEqual(access("Deployer"), [["AmazonEKSEditPolicy", ["web"]]]);
    });

    if (stackName === "dev") {
      it("has KEDA only with a service that needs it", async () => {
        const there = () => [
          stack.world
            .live("kubernetes:helm.sh/v3:Release")
            .filter(({ inputs }) => inputs.chart === "keda").length,
          stack.world.live("kubernetes:keda.sh/v1alpha1:ScaledObject").length,
          stack.world.live("kubernetes:autoscaling/v2:HorizontalPodAutoscaler").length,
        ];
        assert.deepEqual(there(), [0, 0, 1]);
        stack.configure("services.web", { scale: { requestsPerSecond: 50 } });
        await up();
        assert.deepEqual(there(), [1, 1, 0]);
        assert.deepEqual((await stack.up()).steps, []);
        stack.remove("services.web.scale");
        await up();
        assert.deepEqual(there(), [0, 0, 1]);
      });

      it("moves a principal from one list to another", async () => {
        const deployers = [role("Deployer"), role("Developer")];
        stack.configure("cluster", { viewers: [], deployers });
        await up();
        assert.deepEqual(access("Developer"), [["AmazonEKSEditPolicy", ["web"]]]);
      });

      it("has more pods on its nodes once prefixes are on and EKS has replaced them", async () => {
        const [group] = stack.world.live("aws:eks/nodeGroup:NodeGroup");
        const counted = () => group && scalingGroupOf(stack.world, group)?.outputs.prefixes;
        assert.equal(counted(), false);
        stack.configure("cluster.podAddresses", { prefixDelegation: true });
        await up();
        assert.equal(counted(), true);
        assert.deepEqual((await stack.up()).steps, []);
        stack.remove("cluster.podAddresses");
        await up();
        assert.equal(counted(), false, "and fewer again");
      });

      it("accepts a further zone", async () => {
        const zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];
        stack.configure("network", { zones });
        await up();
        const [group] = stack.world.live("aws:eks/nodeGroup:NodeGroup");
        assert.equal(group?.inputs.subnetIds.length, 3);
        assert.deepEqual((await stack.up()).steps, []);
      });

      it("replaces nodes by the running number, not the initial one", async () => {
        const [group] = stack.world.live("aws:eks/nodeGroup:NodeGroup");
        assert.ok(group);
        scaleTo(stack.world, group, { desiredCapacity: 4 });
        assert.deepEqual((await stack.up()).steps, [], "the autoscaler's number is left alone");
        stack.configure("nodes", { instanceTypes: ["t4g.large"] });
        await up();
        const groups = stack.world.live("aws:eks/nodeGroup:NodeGroup");
        assert.deepEqual(
          groups.map((one) => [one.inputs.instanceTypes, nodesOf(stack.world, one).length]),
          [[["t4g.large"], 4]],
        );
        assert.deepEqual((await stack.up()).steps, []);
      });

      it("sleeps and wakes, and is not updated while it sleeps", async () => {
        const times = { sleep: "0 19 * * 1-5", wake: "0 7 * * 1-5", timeZone: "Europe/Berlin" };
        stack.configure("nodes", { schedule: times });
        await up();
        const { world } = stack;
        const [group] = world.live("aws:eks/nodeGroup:NodeGroup");
        assert.ok(group);
        const comesDue = (name: string) => {
          const schedule = world.live(scheduleType).find((one) => one.name === `sleep-${name}`);
          assert.ok(schedule);
          assert.equal(runSchedule(world, schedule), undefined);
          return nodesOf(world, group).length;
        };
        assert.equal(comesDue("sleep"), 0);
        assert.deepEqual((await stack.preview()).steps, [], "asleep, as a pull request sees it");
        assert.deepEqual((await stack.refresh()).errors, []);
        assert.deepEqual((await stack.preview()).steps, [], "after a refresh, as drift sees it");
        const { errors, failed } = await stack.up();
        assert.ok(failed);
        assert.match(errors.join(), /stack sleeps: .* npm run wake -- --stack dev/);
        assert.equal(comesDue("wake"), 2);
        assert.deepEqual((await stack.up()).steps, [], "awake, with the night in the state");
        stack.configure("nodes", { maxSize: 6 });
        await up();
        assert.equal(nodesOf(world, group).length, 2);
        assert.deepEqual([comesDue("sleep"), comesDue("wake")], [0, 2]);
        stack.remove("nodes.schedule");
        await up();
        assert.deepEqual(world.live(scheduleType), []);
      });

      it("refuses zones and instance types that do not fit, before any change", async () => {
        const zones = stack.setting<string[]>("network", "zones") ?? [];
        stack.world.notOffered.add("m7g.large eu-central-1b");
        stack.configure("network", { zones: ["eu-central-1a", "eu-central-1b", "eu-central-1f"] });
        stack.configure("nodes", { instanceTypes: ["m7g.large", "m99i.large"] });
        const { errors, failed, steps } = await stack.up();
        assert.ok(failed);
        assert.match(errors.join("\n"), /network\.zones: eu-central-1f has no EKS/);
        assert.match(errors.join("\n"), /nodes\.instanceTypes: m7g\.large is not offered in .*1b/);
        assert.match(errors.join("\n"), /m99i\.large is x86_64, but nodes\.architecture is arm64/);
        assert.ok(steps.every(({ custom }) => !custom));
        stack.configure("network", { zones });
        stack.configure("nodes", { instanceTypes: ["t4g.large"] });
      });

      it("refuses an update by a principal that is not an administrator, before any change", async () => {
        stack.configure("cluster", { admins: [role("Somebody")] });
        const { errors, failed, steps } = await stack.up();
        assert.ok(failed);
        assert.match(errors.join(), /cluster\.admins: .*PlatformAdmin.* runs this update/);
        assert.ok(steps.every(({ custom }) => !custom));
      });
    } else {
      it("keeps its protected load balancer; without protection it moves all names to another one", async () => {
        const balancers = () =>
          stack.world.live("aws:lb/loadBalancer:LoadBalancer").map(({ id }) => id);
        const before = balancers();
        assert.equal(before.length, 1);
        stack.configure("ingress", { scheme: "internal" });
        // As the command does it: an update that its preview refuses is not begun.
        const { errors, failed } = await stack.preview();
        assert.ok(failed);
        assert.match(errors.join("\n"), /load-balancer.* cannot be deleted[\s\S]*protected/);
        stack.configure("ingress", { scheme: "internet-facing", deletionProtection: false });
        await up();
        stack.configure("ingress", { scheme: "internal", deletionProtection: true });
        await up();
        const now = balancers();
        assert.equal(now.length, 1);
        assert.notDeepEqual(now, before);
        const records = stack.world
          .live("aws:route53/record:Record")
          .flatMap(({ inputs }) => inputs.aliases ?? []);
        assert.deepEqual(new Set(records.map(({ name }) => name)), new Set(now));
      });
    }
  });
}

describe("the first update of a stack", function () {
  this.timeout(600_000);
  before(needsEngine);

  it("creates nothing if its principal is not an administrator", async () => {
    const stack = await RehearsalStack.open({ stack: "dev" });
    try {
      stack.configure("cluster", { admins: ["arn:aws:iam::111122223333:role/Somebody"] });
      const { failed, errors } = await stack.up();
      assert.ok(failed);
      assert.match(errors.join(), /cluster\.admins: .*PlatformAdmin.* runs this update/);
      assert.deepEqual(
        stack.world.spans.map(({ name }) => name),
        [],
      );
    } finally {
      stack.close();
    }
  });

  it("fails on a log group of an earlier stack, and succeeds after its deletion", async () => {
    const stack = await RehearsalStack.open({ stack: "dev" });
    const type = "aws:cloudwatch/logGroup:LogGroup";
    const id = "/aws/eks/platform-dev/cluster";
    const left = stack.world.addUnmanaged(type, id, "the last delivery of EKS", id, { name: id });
    try {
      const { failed, errors } = await stack.up();
      assert.ok(failed);
      assert.match(
        errors.join(),
        /ResourceAlreadyExistsException: The specified log group already exists/,
      );
      stack.world.remove(left);
      assert.deepEqual((await stack.up()).errors, []);
      const groups = stack.world.all(type);
      assert.ok(groups.every(({ inputs }) => inputs.retentionInDays === 7));
    } finally {
      stack.close();
    }
  });
});
