import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { resourceTypes } from "../../tools/cloud/catalogue.ts";
import type { Evaluation, Resource } from "../../tools/graph/resource.ts";
import { differenceOf } from "../../tools/plan/diff/difference.ts";
import { plans } from "../recorded/plans.ts";
import { releasedPlans } from "./released-plans.ts";

/** Whether a resource's end takes traffic or data with it, or all that is in it. */
const holds = ({ type }: { type: string }) =>
  resourceTypes[type]?.holdsData !== undefined ||
  /:(Cluster|NodeGroup|Vpc|Subnet|Eip|Key|OpenIdConnectProvider|Repository)$/.test(type) ||
  /^kubernetes:.*:(Ingress|Namespace|Deployment|Service)$/.test(type);

/** What an update of a stack of the older version breaks. */
function broken(old: Evaluation, now: Evaluation): string[] {
  const [from, to] = [old, now].map((evaluation) => ({ label: "", evaluation, notes: [] }));
  assert.ok(from && to);
  const { replaced, removed, risks } = differenceOf(from, to);
  const types = new Map([...old.resources, ...now.resources].map((one) => [one.urn, one]));
  const ends = [...replaced, ...removed].flatMap(({ urn }) => types.get(urn) ?? []);
  return [
    ...ends.filter(holds).map(({ type, name }) => `${type} ${name} ends`),
    ...risks.filter(({ level }) => level === "red").map(({ reason }) => reason),
  ];
}

describe("a stack of a released version", function () {
  this.timeout(60_000);
  const released = releasedPlans();

  it("is there of both plans, of a version before the last ones moved", () => {
    assert.deepEqual([...new Set(released.map(({ plan }) => plan))].sort(), ["data", "everything"]);
  });

  for (const { version, plan, read } of released) {
    it(`updates from ${version}, ${plan}, and keeps what holds traffic or data`, async () => {
      const now = await plans[plan]?.();
      assert.ok(now);
      assert.deepEqual(broken(read(), now), []);
    });
  }

  describe("would be harmed, and the test says so,", () => {
    const [first] = released.filter(({ plan }) => plan === "data");
    let old: Evaluation;
    let now: Evaluation;
    before(async () => {
      assert.ok(first && plans.data);
      old = first.read();
      now = await plans.data();
    });
    const changed = (change: (one: Resource) => Resource): Evaluation => ({
      ...now,
      resources: now.resources.map(change),
    });

    it("without the alias of a component that has moved", () => {
      const found = broken(
        old,
        changed(({ aliases: _, ...one }) => one),
      );
      assert.ok(
        found.some((line) => /Ingress load-balancer ends/.test(line)),
        found.join("\n"),
      );
    });

    it("by another name of anything that holds data", () => {
      const kept = now.resources.filter((one) => one.custom && resourceTypes[one.type]?.holdsData);
      assert.ok(kept.length > 5);
      for (const { urn, type, name } of kept) {
        const renamed = changed((one) =>
          one.urn === urn ? { ...one, urn: `${urn}-2`, name: `${name}-2` } : one,
        );
        const found = broken(old, renamed);
        assert.ok(found.includes(`${type} ${name} ends`), `${name}: ${found.join("\n")}`);
      }
    });
  });
});
