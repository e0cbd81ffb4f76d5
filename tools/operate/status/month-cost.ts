import {
  type CostExplorerServiceException,
  GetCostAndUsageCommand,
} from "@aws-sdk/client-cost-explorer";
import { costTags } from "../../../infra/observability/budget.ts";
import type { OperatedStack } from "../operated-stack.ts";
import type { AwsClients } from "./aws-clients.ts";

/** US dollars. */
export interface MonthCost {
  /** Since the first of the month. Undefined: Cost Explorer has nothing with the stack's tags. */
  spent?: number;
  plan: PlannedCost;
}

/** What the plan says that a stack costs at rest: list prices, without what is billed by use. */
export interface PlannedCost {
  monthly: number;
  /** Of this month, since its first or since the cluster was made. */
  untilNow: number;
  /** Whose list prices these are. */
  priceRegion: string;
}

const millisecondsPerMonth = 730 * 3_600_000;

/** The part of the month's price at rest that has passed since the first, or since the cluster was made. */
export function plannedUntil(
  { monthly, region }: { monthly: number; region: string },
  now: Date,
  clusterMade = new Date(0),
): PlannedCost {
  const first = Date.UTC(now.getUTCFullYear(), now.getUTCMonth());
  const passed = now.getTime() - Math.max(first, clusterMade.getTime());
  return { monthly, untilNow: (monthly * passed) / millisecondsPerMonth, priceRegion: region };
}

/**
 * What has the stack's tags in Cost Explorer since the first of the month, before credits and refunds.
 * Returns undefined if nothing has: Cost Explorer answers 0 for tags that nobody has activated. A request
 * costs $0.01.
 *
 * @throws {CostExplorerServiceException} if Cost Explorer refuses, or is not enabled
 */
export async function spentSinceFirst(
  { costs }: Pick<AwsClients, "costs">,
  { config }: Pick<OperatedStack, "config">,
  now: Date,
): Promise<number | undefined> {
  const day = (date: Date) => date.toISOString().slice(0, 10);
  const { tags } = config.provider.defaultTags;
  const tagged = ([Key, value]: [string, string]) => ({ Tags: { Key, Values: [value] } });
  const sets = costTags({ clusterName: config.cluster.name, tags }).map(([first, ...others]) =>
    others.length > 0 ? { And: [first, ...others].map(tagged) } : tagged(first),
  );
  const credits = { Dimensions: { Key: "RECORD_TYPE" as const, Values: ["Credit", "Refund"] } };
  const { ResultsByTime = [] } = await costs
    .send(
      new GetCostAndUsageCommand({
        TimePeriod: {
          Start: `${day(now).slice(0, 8)}01`,
          // It is exclusive.
          End: day(new Date(now.getTime() + 86_400_000)),
        },
        Granularity: "MONTHLY",
        Metrics: ["UnblendedCost"],
        Filter: { And: [{ Or: sets }, { Not: credits }] },
      }),
    )
    .catch(notEnabled);
  const sum = ResultsByTime.reduce(
    (all, { Total }) => all + Number(Total?.UnblendedCost?.Amount ?? 0),
    0,
  );
  return sum === 0 ? undefined : sum;
}

/** An account without Cost Explorer gets this refusal, which no IAM policy mends (aws-cost-explorer-report#15). */
function notEnabled(error: CostExplorerServiceException): never {
  if (/not enabled for cost explorer/i.test(error.message)) {
    error.name = "NotEnabled";
    error.message =
      "Cost Explorer is not enabled; open it once in the console of the payer account";
  }
  throw error;
}
