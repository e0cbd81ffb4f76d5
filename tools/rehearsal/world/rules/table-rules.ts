import { waits } from "../../../cloud/durations.ts";
import type { Effect, Rule } from "../rule.ts";
import type { Props } from "../world.ts";

const tableType = "aws:dynamodb/table:Table";
const dynamodb = "Amazon DynamoDB API Reference";
const mostIndexes = 20;

const indexesOf = ({ globalSecondaryIndexes = [] }: Props): Props[] => globalSecondaryIndexes;

const keysOf = (index: Props): string[] => [
  ...[index.hashKey, index.rangeKey].filter((key) => key !== undefined),
  ...(index.keySchemas ?? []).map(({ attributeName }: Props) => attributeName),
];

/** Why DynamoDB takes no such table, or nothing. */
function tableProblem(inputs: Props): string | undefined {
  const indexes = indexesOf(inputs);
  if (indexes.length > mostIndexes) {
    return `One or more parameter values were invalid: GlobalSecondaryIndex count exceeds the per-table limit of ${mostIndexes}`;
  }
  const defined: string[] = (inputs.attributes ?? []).map(({ name }: Props) => name);
  const keys = [inputs, ...indexes].flatMap(keysOf);
  const missing = keys.filter((key) => !defined.includes(key));
  if (missing.length > 0) {
    return `One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [${missing.join(", ")}], AttributeDefinitions: [${defined.join(", ")}]`;
  }
  return defined.every((name) => keys.includes(name)) && new Set(defined).size === defined.length
    ? undefined
    : "One or more parameter values were invalid: Some AttributeDefinitions are not used";
}

export const tableRules: Rule[] = [
  ...(["create", "update"] as const).map(
    (on): Rule => ({
      error: "ValidationException",
      on,
      types: [tableType],
      source: `${dynamodb}, CreateTable: AttributeDefinitions; Developer Guide, quotas: 20 global secondary indexes`,
      refusal: ({ inputs }) => tableProblem(inputs),
    }),
  ),
  {
    error: "ValidationException",
    on: "delete",
    types: [tableType],
    source: "seen by ekristen/aws-nuke, resources/dynamodb-tables_mock_test.go",
    refusal: ({ resource }) =>
      resource.inputs.deletionProtectionEnabled === true
        ? "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
        : undefined,
  },
];

export const tableEffects: Effect[] = [
  {
    on: "update",
    types: [tableType],
    source: `${dynamodb}, UpdateTable: one index is made or removed at a time`,
    run: ({ world, inputs, olds }) => {
      const [old, now] = [olds, inputs].map((one) =>
        indexesOf(one).map((one) => JSON.stringify(one)),
      );
      const removed = old?.filter((one) => !now?.includes(one)) ?? [];
      const made = now?.filter((one) => !old?.includes(one)) ?? [];
      return world.clock.sleep((removed.length + made.length) * waits.tableIndex);
    },
  },
];
