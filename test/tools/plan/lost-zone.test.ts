import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { evaluate } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { lostZoneOf } from "../../../tools/plan/lost-zone-section.ts";
import { render } from "../../../tools/plan/render.ts";
import { plans } from "../../recorded/plans.ts";

const nodeGroup = "aws:eks/nodeGroup:NodeGroup";

describe("what a stack bears of a lost zone", () => {
  const found: Record<string, Resource[]> = {};
  const line = (resources: Resource[] | undefined, of: string) =>
    lostZoneOf(resources ?? []).find((one) => one.of === of)?.what ?? "";
  const withNodes = (stack: string, inputs: object) =>
    found[stack]?.map((one) =>
      one.type === nodeGroup ? { ...one, inputs: { ...one.inputs, ...inputs } } : one,
    );
  const without = (stack: string, is: (one: Resource) => boolean) =>
    found[stack]?.filter((one) => !is(one));
  before(async () => {
    for (const stack of ["dev", "prod"]) found[stack] = (await evaluate(stack)).resources;
    for (const plan of ["data", "karpenter", "auto", "groups", "existing", "private", "instance"]) {
      found[plan] = (await plans[plan]?.())?.resources ?? assert.fail(plan);
    }
  });

  it("is all of prod at rest: two of three nodes and pods stay, and the third pod fits on them", () => {
    assert.equal(line(found.prod, "nodes"), "2 of 3 stay");
    assert.equal(
      line(found.prod, "web"),
      "2 of 3 pods stay; the others fit on the nodes that stay",
    );
    assert.equal(line(found.prod, "add-ons"), "fit on the nodes that stay");
    assert.equal(line(found.prod, "balancer"), "answers in 2 of 3 zones");
    assert.equal(line(found.prod, "way out"), "each zone has a NAT gateway of its own");
    assert.doesNotMatch(JSON.stringify(lostZoneOf(found.prod ?? [])), /WARNING/);
  });

  it("counts the nodes that are missing, and says who waits for them", () => {
    assert.equal(line(found.dev, "nodes"), "1 of 2 stay; all pods at rest need 1 node more");
    assert.match(line(found.dev, "add-ons"), /^some wait for a node of the autoscaler's$/);
    const small = withNodes("prod", { instanceTypes: ["t4g.small"] });
    assert.match(line(small, "nodes"), /^2 of 3 stay; all pods at rest need \d+ nodes? more$/);
  });

  it("warns where nothing adds the nodes that are missing", () => {
    const alone = without("dev", ({ inputs }) => inputs.chart === "cluster-autoscaler");
    assert.match(line(alone, "add-ons"), /^WARNING: some find no room, and nothing adds nodes$/);
  });

  it("takes the zone with the most nodes and pods for the lost one", () => {
    const sizes = { minSize: 4, desiredSize: 4, maxSize: 9 };
    assert.equal(line(withNodes("prod", { scalingConfig: sizes }), "nodes"), "2 of 4 stay");
  });

  it("says of types without numbers that it knows nothing", () => {
    const unknown = withNodes("prod", { instanceTypes: ["g5.xlarge"] });
    assert.equal(line(unknown, "nodes"), "2 of 3 stay; NOT CHECKED what fits on them");
    assert.equal(line(unknown, "web"), "");
  });

  it("warns of a way out for all zones that is in one of them", () => {
    assert.match(line(found.dev, "way out"), /^WARNING: the one NAT gateway is in the first/);
    assert.match(line(found.instance, "way out"), /^WARNING: the one NAT instance/);
    assert.equal(line(found.private, "way out"), "there is none; each zone has its endpoints");
    assert.equal(line(found.existing, "way out"), "of the owner of the network");
  });

  it("leaves Karpenter's nodes to Karpenter", () => {
    assert.match(line(found.karpenter, "nodes"), /^\d of \d stay, of the managed group/);
    assert.match(line(found.karpenter, "shop"), /the others wait for nodes of Karpenter's$/);
  });

  it("leaves all pods to EKS Auto Mode, which has no group and no room that is known", () => {
    assert.equal(line(found.auto, "nodes"), "those of EKS Auto Mode in the zone are lost");
    assert.equal(
      line(found.auto, "shop"),
      "2 of 4 pods stay; the others wait for nodes of EKS Auto Mode's",
    );
    assert.equal(line(found.auto, "add-ons"), "some wait for nodes of EKS Auto Mode's");
    assert.doesNotMatch(JSON.stringify(lostZoneOf(found.auto ?? [])), /Karpenter|nothing adds/);
  });

  it("counts the nodes of all groups, and asks for more on-demand ones", () => {
    assert.equal(
      line(found.groups, "nodes"),
      "2 of 4 stay (2 of 3 on demand, 0 of 1 on Spot); all pods at rest need 1 node more, of t4g.medium",
    );
    const withSpot = (desiredSize: number, more = {}) =>
      found.groups?.map((one) =>
        one.type === nodeGroup && one.inputs.capacityType === "SPOT"
          ? { ...one, inputs: { ...one.inputs, scalingConfig: { desiredSize }, ...more } }
          : one,
      );
    assert.equal(
      line(withSpot(3), "nodes"),
      "4 of 6 stay (2 of 3 on demand, 2 of 3 on Spot)",
      "the pods of the zone fit on Spot nodes",
    );
    assert.match(line(withSpot(3), "shop"), /^2 of 4 pods stay; the others fit/);
    assert.match(
      line(withSpot(3, { instanceTypes: ["g5.xlarge"] }), "nodes"),
      /on Spot\); NOT CHECKED what fits on them$/,
    );
  });

  it("tells a database with an instance in another zone from one without", () => {
    const data = found.data ?? [];
    const instances = data.filter(({ type }) => type === "aws:rds/clusterInstance:ClusterInstance");
    assert.ok(instances.length > 0);
    for (const name of ["ledger", "users-db"]) {
      assert.match(line(data, name), /^WARNING: its one instance is made anew/);
      assert.match(line([...data, ...instances], name), /^fails over to its instance in another/);
    }
  });

  it("is a block of the plan's text", async () => {
    const evaluation = await plans.prod?.();
    assert.ok(evaluation);
    assert.match(render(evaluation), /\nWithout a zone\n {2}nodes {7}2 of 3 stay\n/);
  });

  it("is empty without a node group", () => assert.deepEqual(lostZoneOf([]), []));
});
