import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { nodeName } from "../cluster/instances.ts";
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

type Tag = [key: string, value: string];

/**
 * The tags that find a stack's costs: a resource of it has all tags of one of these sets. Nodes, their
 * volumes and load balancers have none of the provider's.
 */
export const costTags = ({
  clusterName,
  tags: { project, stack },
}: Pick<BudgetArgs, "clusterName" | "tags">): [Tag, ...Tag[]][] => [
  [
    ["project", project],
    ["stack", stack],
  ],
  [["Name", nodeName(clusterName)]],
  [["elbv2.k8s.aws/cluster", clusterName]],
];

/** A cost that several sets find counts once. */
function stackCosts(args: BudgetArgs) {
  const tagged = ([key, value]: Tag) => ({ tags: { key, values: [value] } });
  return {
    ors: costTags(args).map(([first, ...others]) =>
      others.length > 0 ? { ands: [first, ...others].map(tagged) } : tagged(first),
    ),
  };
}
