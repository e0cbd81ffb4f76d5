import type { Resource } from "../graph/resource.ts";
import { oneCall, type ResourceType } from "./resource-type.ts";

/** AWS Budgets: of an account, in no region. */
export const budgets: Record<string, ResourceType> = {
  "aws:budgets/budget:Budget": {
    duration: oneCall,
    replacedBy: ["name", "accountId"],
    required: ["budgetType", "timeUnit"],
    formats: [
      {
        property: "name",
        pattern: /^(?!.*\/action\/)[^:\\]{1,100}$/,
        message: "invalid value (must not contain : or \\, or the text /action/)",
      },
    ],
    autoname: { property: "name", maxLength: 100 },
    id: ({ name }, { accountId }) => `${accountId}:${name}`,
    computed: ({ cloud, inputs }) => ({
      accountId: cloud.accountId,
      arn: `arn:aws:budgets::${cloud.accountId}:budget/${inputs.name}`,
    }),
    mock: "computed",
    // AWS Budgets API, CreateBudget: names are unique in an account.
    taken: { error: "DuplicateRecordException", reason: "the budget already exists." },
    free: "a budget without actions is free",
  },
};

/** US dollars that the stack may cost a month (`budget.monthly`); undefined without a budget. */
export function budgetOf(resources: Resource[]): number | undefined {
  const limit = resources.find(({ type }) => type in budgets)?.inputs.limitAmount;
  return limit === undefined ? undefined : Number(limit);
}
