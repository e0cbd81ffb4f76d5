import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { evaluate } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { capacityOf } from "../../../tools/plan/capacity-section.ts";
import { costOf } from "../../../tools/plan/cost/cost.ts";
import { render } from "../../../tools/plan/render.ts";
import { plans } from "../../recorded/plans.ts";

const nodeGroup = "aws:eks/nodeGroup:NodeGroup";

for (const stack of ["dev", "prod"]) {
  describe(`capacity of stack ${stack}`, () => {
    let resources: Resource[];
    const line = (of: string, among = resources) =>
      capacityOf(among).find((one) => one.of === of)?.what ?? "";
    const onTypes = (instanceTypes: string[]) =>
      resources.map((one) =>
        one.type === nodeGroup ? { ...one, inputs: { ...one.inputs, instanceTypes } } : one,
      );
    before(async () => {
      resources = (await evaluate(stack)).resources;
    });

    it("has room for the max. number of all pods", () => {
      const [, nodes] = /on (\d+) nodes$/.exec(line("pods")) ?? [];
      const { scalingConfig } = resources.find(({ type }) => type === nodeGroup)?.inputs ?? {};
      assert.ok(Number(nodes) > 0 && Number(nodes) <= scalingConfig.maxSize, line("pods"));
    });

    it("counts the max. replicas of each service and the surge of a rollout", () => {
      const specOf = (kind: string) =>
        resources.find(({ type }) => type.endsWith(`:${kind}`))?.inputs.spec;
      const { maxSurge } = specOf("Deployment").strategy.rollingUpdate;
      const most = specOf("HorizontalPodAutoscaler").maxReplicas + maxSurge;
      assert.match(line("pods"), new RegExp(`\\b${most} web\\b`));
    });

    it("has room for more pods on a node with prefixes of addresses", () => {
      const podsOf = (among: Resource[]) =>
        Number(/and (\d+) pods/.exec(line("a node", among))?.[1]);
      const env = { ENABLE_PREFIX_DELEGATION: "true" };
      const dense = resources.map((one) =>
        one.inputs.addonName === "vpc-cni"
          ? { ...one, inputs: { ...one.inputs, configurationValues: JSON.stringify({ env }) } }
          : one,
      );
      assert.equal(podsOf(dense), 110 - 5);
      assert.ok(podsOf(resources) < 20);
    });

    it("names the instance types without numbers", () => {
      const types = onTypes(["t4g.medium", "g5.xlarge", "m9i.large"]);
      assert.match(
        line("pods", types),
        /^NOT CHECKED: .* has no numbers for g5\.xlarge, m9i\.large$/,
      );
      assert.equal(line("a node", types), "");
    });

    it("tells whether an autoscaler adds nodes", () => {
      assert.match(line("nodes"), /\d+ to \d+ of .*as many as the pods need/);
      const alone = resources.filter(({ inputs }) => inputs.chart !== "cluster-autoscaler");
      assert.match(line("nodes", alone), /nothing adds nodes/);
    });

    it("allows every node to drain: each budget lets one pod go, and keeps one", () => {
      const budgets = resources.filter(({ type }) => type.endsWith(":PodDisruptionBudget"));
      const scalers = resources.filter(({ type }) => type.endsWith(":HorizontalPodAutoscaler"));
      assert.ok(budgets.length > 0);
      assert.equal(budgets.length, scalers.length);
      for (const { inputs } of budgets) assert.equal(inputs.spec.maxUnavailable, 1);
      for (const { inputs } of scalers) assert.ok(inputs.spec.minReplicas >= 2);
      const releases = resources.filter(({ type }) => type.endsWith(":Release"));
      assert.ok(releases.length > 0);
      for (const { inputs } of releases) {
        assert.equal(inputs.values.podDisruptionBudget.maxUnavailable, 1, inputs.name);
        assert.ok(inputs.values.replicaCount >= 2, inputs.name);
      }
    });
  });
}

describe("capacity", () => {
  it("is empty without a node group", () => assert.deepEqual(capacityOf([]), []));

  it("lists its assumptions about an existing network only", async () => {
    const assumed = async (plan: string) =>
      capacityOf((await plans[plan]?.())?.resources ?? []).filter(({ of }) => of === "network");
    assert.deepEqual(await assumed("internal"), []);
    assert.deepEqual(await assumed("existing"), [
      {
        of: "network",
        what: "vpc-0a1b2c3d4e5f60718 is there already; assumed: 10.0.0.0/16, subnets in network.zones and large enough; a preview asks AWS",
      },
    ]);
  });

  it("names the existing network, and reports no component as disabled", async () => {
    const evaluation = await plans.existing?.();
    assert.ok(evaluation);
    assert.match(render(evaluation), /^├─ Network network \(given\)$/m);
  });

  it("includes the public addresses of the load balancer in an existing network", async () => {
    const { fixed, unknown } = costOf((await plans.existing?.())?.resources ?? []);
    const addresses = fixed.filter(({ what }) => what === "public IPv4");
    assert.deepEqual(
      addresses.map(({ count }) => count),
      [2],
    );
    assert.ok(!JSON.stringify(unknown).includes("IPv4"));
    assert.ok(!fixed.some(({ what }) => what.includes("NAT")));
  });
});
