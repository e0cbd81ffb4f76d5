import type { Violation } from "../../../policy/rule.ts";
import { budgets } from "../../cloud/budgets.ts";
import type { Resource } from "../../graph/resource.ts";
import { amber, type Risk, red } from "../diff/difference-model.ts";
import { type Cost, costOf } from "./cost.ts";
import { dollars } from "./cost-text.ts";

/**
 * That the stack's cost at rest passes its budget. The policy pack cannot say it: it imports nothing, so it
 * knows no prices.
 */
export function budgetViolations(resources: Resource[]): Violation[] {
  const budget = resources.find(({ type }) => type in budgets);
  if (!budget) return [];
  const { monthly, budget: limit = monthly } = costOf(resources);
  return monthly > limit
    ? [
        {
          rule: "budget-kept",
          level: "mandatory",
          urn: budget.urn,
          problem: `is passed: the stack costs ${dollars(monthly)} a month at rest, budget.monthly is ${dollars(limit)}`,
          remedy: "npm run cost says what costs how much: take less, or raise budget.monthly",
        },
      ]
    : [];
}

/** A difference is red that passes the budget, or that goes further beyond it. */
export function budgetRisks(before: Cost, after: Cost): Risk[] {
  const { budget, monthly } = after;
  if (budget === undefined || monthly <= budget) return [];
  const words = `${dollars(before.monthly)} -> ${dollars(monthly)} a month at rest passes budget.monthly ${dollars(budget)}`;
  const wasPassed = before.budget !== undefined && before.monthly > before.budget;
  const isWorse = monthly > before.monthly || budget < (before.budget ?? 0);
  return [wasPassed && !isWorse ? amber(`${words}, as before`) : red(words)];
}
