import assert from "node:assert/strict";
import * as aws from "@pulumi/aws";
import { describe, it } from "mocha";
import { deploy } from "../../../tools/graph/evaluate.ts";
import { budgetRisks } from "../../../tools/plan/cost/budget.ts";
import { costOf } from "../../../tools/plan/cost/cost.ts";
import { costSummary } from "../../../tools/plan/cost/cost-text.ts";
import { policyViolations } from "../../../tools/plan/violations.ts";

/** Each key costs $1 a month. */
const stack = (keys: number, budget?: number) =>
  deploy(() => {
    for (let at = 0; at < keys; at++) new aws.kms.Key(`key-${at}`, { enableKeyRotation: true });
    if (budget !== undefined) {
      new aws.budgets.Budget("budget", {
        budgetType: "COST",
        timeUnit: "MONTHLY",
        limitAmount: String(budget),
        limitUnit: "USD",
      });
    }
  });
const costs = async (keys: number, budget?: number) => costOf(await stack(keys, budget));
const passed = async (keys: number, budget?: number) =>
  policyViolations(await stack(keys, budget)).filter(({ rule }) => rule === "budget-kept");

describe("a budget in a plan", () => {
  it("is violated by a stack that costs more at rest, and says both numbers", async () => {
    assert.deepEqual(await passed(3), []);
    assert.deepEqual(await passed(3, 3), [], "all of it");
    const [violation] = await passed(4, 3);
    assert.equal(violation?.level, "mandatory");
    assert.match(violation.problem, /costs \$4 a month at rest, budget.monthly is \$3$/);
  });

  it("stands beside the cost", async () => {
    assert.match(costSummary(await costs(3, 5)).title, /^Cost at rest: \$3 of \$5 a month \(/);
    assert.match(costSummary(await costs(3)).title, /^Cost at rest: \$3 a month \(/);
  });

  const levels: [what: string, before: [number, number?], after: [number, number?], is?: string][] =
    [
      ["without a budget", [3], [9], undefined],
      ["within it", [3, 9], [9, 9], undefined],
      ["past it", [3, 4], [5, 4], "red"],
      ["further past it", [5, 4], [6, 4], "red"],
      ["under a budget that is lower than what runs", [5], [5, 4], "red"],
      ["under a budget that is lowered further", [5, 4], [5, 3], "red"],
      ["past it as before", [5, 4], [5, 4], "amber"],
      ["less far past it", [6, 4], [5, 4], "amber"],
    ];
  for (const [what, before, after, is] of levels) {
    it(`makes a difference ${is ?? "no risk"} that goes ${what}`, async () => {
      const risks = budgetRisks(await costs(...before), await costs(...after));
      assert.deepEqual(
        risks.map(({ level }) => level),
        is ? [is] : [],
      );
      for (const { reason } of risks) {
        const [from, to, budget] = [before[0], after[0], after[1]];
        const numbers = `$${from} -> $${to} a month at rest passes budget.monthly $${budget}`;
        assert.ok(reason.startsWith(numbers), reason);
      }
    });
  }
});
