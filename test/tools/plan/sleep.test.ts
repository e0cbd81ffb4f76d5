import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { evaluate } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { capacityOf } from "../../../tools/plan/capacity-section.ts";
import { costOf } from "../../../tools/plan/cost/cost.ts";
import { plans } from "../../recorded/plans.ts";

describe("the plan of a stack that sleeps", () => {
  let asleep: Resource[];
  let always: Resource[];
  before(async () => {
    asleep = (await plans.shop?.())?.resources ?? [];
    always = (await evaluate("dev")).resources;
  });
  const lines = (resources: Resource[]) =>
    capacityOf(resources)
      .filter(({ of }) => of === "sleep")
      .map(({ what }) => what);

  it("counts nodes and their disks for the part of the week that it is awake", () => {
    const nodes = costOf(asleep).fixed.filter(({ urn }) => urn.includes("nodeGroup:NodeGroup"));
    assert.equal(nodes.length, 2);
    for (const { what, count, price, share, monthly } of nodes) {
      assert.match(what, /, awake 36 % of the week$/);
      assert.equal(share, 60 / 168);
      const month = price.usd * count * (price.per === "hour" ? 730 : 1);
      assert.ok(Math.abs(monthly - (month * 60) / 168) < 1e-9);
    }
    assert.ok(costOf(always).fixed.every(({ share, what }) => !share && !what.includes("awake")));
  });

  it("says when it sleeps, and warns of jobs that come due then", () => {
    const [times = "", ...jobs] = lines(asleep);
    assert.match(times, /^no nodes 64 % of the week, from 0 19 .* to 0 7 .* Europe\/Berlin: .*503/);
    assert.ok(jobs.length > 0);
    for (const job of jobs) {
      assert.match(
        job,
        /^WARNING: job \w+ \(.*\) comes due while it sleeps: .*deadlineSeconds \d+/,
      );
    }
    assert.deepEqual(lines(always), []);
  });
});
