import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import type { Resource } from "../../../tools/graph/resource.ts";
import { usesOf } from "../../../tools/graph/uses.ts";
import { costOf } from "../../../tools/plan/cost/cost.ts";
import { costSummary } from "../../../tools/plan/cost/cost-text.ts";
import { requestFlows } from "../../../tools/plan/drawing/flow.ts";
import { pictureOf } from "../../../tools/plan/drawing/picture.ts";
import { quotasOf } from "../../../tools/plan/quotas.ts";
import { workloadLines } from "../../../tools/plan/workloads-section.ts";
import { evaluateData } from "../../support/other-settings.ts";

describe("the plan of a stack with resources", () => {
  let resources: Resource[];
  before(async () => {
    ({ resources } = await evaluateData());
  });

  it("lists the resources of each service and job with their access", () => {
    const lines = Object.fromEntries(
      workloadLines(resources).map(({ name, what }) => [name, what]),
    );
    assert.match(lines.shop ?? "", /; uses .*table orders \(readWrite\)/);
    assert.match(lines.shop ?? "", /; uses .*secret payment-key \(read\)/);
    assert.match(lines.search ?? "", /; uses table orders \(read\)/);
    assert.match(lines.tidy ?? "", /; uses .*table orders \(write\)/);
    assert.doesNotMatch(lines.blog ?? "", /uses/);
  });

  it("finds the use of a resource without IAM permissions by its network policy", () => {
    const bare = resources.filter(({ type }) => type !== "aws:iam/rolePolicy:RolePolicy");
    const uses = usesOf(bare).map(({ workload, resource, access }) => [
      workload,
      resource.name,
      access,
    ]);
    assert.ok(
      uses.some((one) => one.join() === "search,orders,"),
      JSON.stringify(uses),
    );
  });

  it("continues the path of a request to the resources of its pods", () => {
    const hops = requestFlows(resources)
      .flat()
      .filter(({ at }) => at === "uses");
    assert.ok(hops.some(({ what }) => what === "table orders (readWrite)"));
  });

  it("draws each resource with its name and its services", () => {
    const dot = pictureOf(resources, "light");
    const box = (kind: string) => resources.find(({ type }) => type.endsWith(`:${kind}`))?.urn;
    assert.match(dot, /Table orders/);
    const arrows = [...dot.matchAll(/"([^"]+)" -> "([^"]+)"/g)].map(([, from, to]) => ({
      from,
      to,
    }));
    // An arrow that others make up for is left out: KEDA stands between where a queue scales pods.
    const reached = new Set([box("Resources")]);
    for (const _ of arrows) {
      for (const { from, to } of arrows) if (reached.has(from)) reached.add(to);
    }
    assert.ok(reached.has(box("Services")));
    assert.ok(!reached.has(box("Cluster")));
  });

  it("has the price of each resource by name, with usage-based prices separate", () => {
    const cost = costOf(resources);
    const { lines } = costSummary(cost);
    const text = lines.join(" ").replaceAll(/\s+/g, " ");
    assert.match(text, /Secret payment-key 0\.40 1 × secret/);
    assert.match(text, /Table orders, by use: \$[\d.]+ per million writes/);
    assert.doesNotMatch(/on top, by use: (.*?)Table orders/.exec(text)?.[1] ?? "", /in a table/);
    for (const { price, components } of cost.perUse)
      assert.ok(text.includes(price.per), components.join());
  });

  it("sums the sizes of all policies of a role, as IAM does", () => {
    const used = (of: Resource[]) =>
      quotasOf(of).find(({ what }) => what.includes("inline policies"))?.used ?? 0;
    const ofShop = resources.filter(
      ({ type, name }) => type.endsWith(":RolePolicy") && name.startsWith("shop-uses-"),
    );
    const [first, second] = ofShop;
    assert.ok(first && second);
    const padded = (one: Resource) => ({
      ...one,
      inputs: { ...one.inputs, policy: "x".repeat(5000) },
    });
    const others = resources.filter((one) => !ofShop.includes(one));
    assert.equal(used([...others, padded(first), padded(second)]), 10_000);
  });
});
