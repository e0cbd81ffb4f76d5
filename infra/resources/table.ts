import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type Access, stemOf, type TableConfig } from "../config/resource-schema.ts";
import { actionsFor, type Link, type Linkable, sidOf, toAws } from "./link.ts";

export interface TableArgs extends Pick<TableConfig, "partitionKey" | "sortKey" | "timeToLive"> {
  /** Refuses the table's deletion, by AWS and by Pulumi, and keeps it on destroy. */
  protect: boolean;
}

/** Of items and of the indexes. Service Authorization Reference, Amazon DynamoDB. */
const actions = {
  read: names("BatchGetItem ConditionCheckItem DescribeTable GetItem Query Scan"),
  write: names("BatchWriteItem DeleteItem DescribeTable PutItem UpdateItem"),
};

/**
 * A DynamoDB table, billed by request, with point-in-time recovery of 35 days. Encrypted with
 * DynamoDB's own key.
 *
 * Its users get `<NAME>_TABLE`, the table's name.
 */
export class Table extends pulumi.ComponentResource implements Linkable {
  readonly dimensions: Linkable["dimensions"];
  private readonly resource: string;
  private readonly table: aws.dynamodb.Table;

  constructor(name: string, args: TableArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:resources:Table", name, {}, opts);
    this.resource = name;
    const [hashKey, rangeKey] = [args.partitionKey, args.sortKey].map((key) => key?.split(":")[0]);
    this.table = new aws.dynamodb.Table(
      name,
      {
        billingMode: "PAY_PER_REQUEST",
        hashKey,
        rangeKey,
        attributes: [args.partitionKey, args.sortKey].flatMap(attributeOf),
        ...(args.timeToLive && { ttl: { attributeName: args.timeToLive, enabled: true } }),
        pointInTimeRecovery: { enabled: true },
        deletionProtectionEnabled: args.protect,
      },
      { parent: this, protect: args.protect, retainOnDelete: args.protect },
    );
    this.dimensions = { TableName: this.table.name };
    this.registerOutputs({ arn: this.table.arn });
  }

  link(access: Access): Link {
    const { arn } = this.table;
    return {
      resource: this.resource,
      access,
      variables: { [`${stemOf(this.resource)}_TABLE`]: this.table.name },
      secrets: {},
      statements: [
        {
          Sid: sidOf(this.resource),
          Effect: "Allow",
          Action: actionsFor(access, actions),
          Resource: [arn, pulumi.interpolate`${arn}/index/*`],
        },
      ],
      egress: [toAws],
    };
  }
}

function names(actions: string): string[] {
  return actions.split(" ").map((action) => `dynamodb:${action}`);
}

function attributeOf(key: string | undefined): { name: string; type: string }[] {
  if (key === undefined) return [];
  const [name = "", type = "S"] = key.split(":");
  return [{ name, type }];
}
