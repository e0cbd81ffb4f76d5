import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  Observability,
  type ObservabilityArgs,
} from "../../../infra/observability/observability.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";
import { observabilityArgs } from "../../support/observability-args.ts";

const type = "aws:budgets/budget:Budget";
const { tags } = observabilityArgs.budget;
const observe = (budget: Partial<ObservabilityArgs["budget"]>) =>
  deploy(
    () =>
      new Observability("observability", {
        ...observabilityArgs,
        budget: { emails: [], tags, ...budget },
      }),
  );
const budgetOf = async (budget: Partial<ObservabilityArgs["budget"]>) =>
  only(await observe(budget), type).inputs;

describe("a budget", () => {
  it("is there only where the stack has an amount", async () => {
    const resources = await observe({});
    assert.ok(resources.every((one) => one.type !== type));
    const { limitAmount, limitUnit, timeUnit } = await budgetOf({ monthly: 199 });
    assert.deepEqual([limitAmount, limitUnit, timeUnit], ["199", "USD", "MONTHLY"]);
  });

  it("mails at 80 % spent and 100 % forecast, to its addresses, else to those of alarms", async () => {
    const mails = async (emails: string[]) => {
      const { notifications } = await budgetOf({ monthly: 200, emails });
      return notifications.map((one: Record<string, unknown>) => [
        one.notificationType,
        one.threshold,
        one.subscriberEmailAddresses,
      ]);
    };
    const own = ["accounts@example.com"];
    assert.deepEqual(await mails(own), [
      ["ACTUAL", 80, own],
      ["FORECASTED", 100, own],
    ]);
    const { emails } = observabilityArgs.alarms;
    assert.deepEqual(await mails([]), [
      ["ACTUAL", 80, emails],
      ["FORECASTED", 100, emails],
    ]);
  });

  it("counts what bears the stack's tags, and its nodes and load balancer, which bear others", async () => {
    const { filterExpression, metrics } = await budgetOf({ monthly: 200 });
    assert.equal(metrics, "UnblendedCost", "AWS refuses an expression without a metric");
    const tagged = (key: string, value: string) => ({ tags: { key, values: [value] } });
    assert.deepEqual(filterExpression.ors, [
      { ands: [tagged("project", "platform"), tagged("stack", "test")] },
      tagged("Name", "platform-test-node"),
      tagged("elbv2.k8s.aws/cluster", "platform-test"),
    ]);
  });
});
