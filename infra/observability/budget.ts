import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { BudgetConfig } from "../config/schema.ts";

export interface BudgetArgs {
  clusterName: string;
  region: string;
  /** US dollars. */
  monthly: number;
  emails: BudgetConfig["emails"];
  /** What the provider gives every resource: `project` and `stack` are the stack's own. */
  tags: Record<"project" | "stack", string>;
}

/**
 * Mails when 80 % of the month's budget is spent, and when AWS expects the month to pass it.
 *
 * It counts what carries the tags of the stack, of its nodes and of its load balancer: the program
 * cannot tag what EKS and the controller make as it tags its own. AWS counts by a tag only after an
 * administrator of the payer account has activated it (AWS Billing User Guide, user-defined tags).
 */
export class Budget extends pulumi.ComponentResource {
  constructor(name: string, args: BudgetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:observability:Budget", name, {}, opts);
    const { clusterName, region, monthly, emails } = args;
    const mail = (notificationType: string, threshold: number) => ({
      comparisonOperator: "GREATER_THAN",
      notificationType,
      threshold,
      thresholdType: "PERCENTAGE",
      subscriberEmailAddresses: emails,
    });
    new aws.budgets.Budget(
      name,
      {
        // Budgets are the account's: two regions may have clusters of one name. Mails bear this name.
        name: `${clusterName} in ${region}`,
        budgetType: "COST",
        timeUnit: "MONTHLY",
        limitAmount: String(monthly),
        limitUnit: "USD",
        metrics: "UnblendedCost",
        filterExpression: stackCosts(args),
        notifications: [mail("ACTUAL", 80), mail("FORECASTED", 100)],
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

/** A cost that several of these find counts once. */
function stackCosts({ clusterName, tags }: BudgetArgs) {
  const tagged = (key: string, value: string) => ({ tags: { key, values: [value] } });
  return {
    ors: [
      { ands: [tagged("project", tags.project), tagged("stack", tags.stack)] },
      // Instances and volumes.
      tagged("Name", `${clusterName}-node`),
      tagged("elbv2.k8s.aws/cluster", clusterName),
    ],
  };
}
