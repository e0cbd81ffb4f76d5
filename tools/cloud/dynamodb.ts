import { arnOf } from "./naming.ts";
import { prices } from "./prices.ts";
import { idOf, type ResourceType, seconds } from "./resource-type.ts";

export const dynamodb: Record<string, ResourceType> = {
  "aws:dynamodb/table:Table": {
    duration: seconds(15, 15, 10),
    replacedBy: ["name", "hashKey", "rangeKey", "localSecondaryIndexes"],
    autoname: { property: "name", maxLength: 255 },
    id: idOf("name"),
    computed: ({ cloud, id }) => ({ arn: arnOf(cloud, "dynamodb", `table/${id}`) }),
    mock: "computed",
    holdsData: {
      what: "its items",
      protection: "deletionProtectionEnabled",
      // DynamoDB Developer Guide, point-in-time recovery: the system backup of a deleted table.
      kept: ({ pointInTimeRecovery }) =>
        pointInTimeRecovery?.enabled ? "AWS keeps a backup of it for 35 days" : undefined,
    },
    charges: () => ({
      perUse: [prices.tableWrites, prices.tableReads, prices.tableStorage, prices.tableBackup],
    }),
  },
};
