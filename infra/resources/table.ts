import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { actionsOf } from "../cluster/policy-document.ts";
import { type Access, stemOf, type TableConfig } from "../config/resource-schema.ts";
import { actionsFor, type Link, type Linkable, type Named, sidOf, toAws } from "./link.ts";

export interface TableArgs extends Omit<TableConfig, "kind">, Named {
  /** Refuses the table's deletion, by AWS and by Pulumi, and keeps it on destroy. */
  protect: boolean;
}

/** Of items and of the indexes. Service Authorization Reference, Amazon DynamoDB. */
const actions = {
  read: actionsOf("dynamodb", "BatchGetItem ConditionCheckItem DescribeTable GetItem Query Scan"),
  write: actionsOf("dynamodb", "BatchWriteItem DeleteItem DescribeTable PutItem UpdateItem"),
};

/**
 * A DynamoDB table, billed by request, with point-in-time recovery of 35 days. Encrypted with
 * DynamoDB's own key.
 *
 * Its users get `<NAME>_TABLE`, the table's name.
 */
export class Table extends pulumi.ComponentResource implements Linkable {
  readonly dimensions: Linkable["dimensions"];
  readonly backupArn: pulumi.Output<string>;
  private readonly resource: string;
  private readonly table: aws.dynamodb.Table;

  constructor(name: string, args: TableArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:resources:Table", name, {}, opts);
    this.resource = args.resource ?? name;
    const indexes = Object.entries(args.indexes);
    this.table = new aws.dynamodb.Table(
      name,
      {
        billingMode: "PAY_PER_REQUEST",
        hashKey: attributeOf(args.partitionKey).name,
        rangeKey: args.sortKey && attributeOf(args.sortKey).name,
        attributes: attributesOf([args, ...Object.values(args.indexes)]),
        ...(indexes.length > 0 && {
          globalSecondaryIndexes: indexes.map(([index, keys]) => ({
            name: index,
            keySchemas: keySchemas(keys),
            projectionType: "ALL",
          })),
        }),
        ...(args.timeToLive && { ttl: { attributeName: args.timeToLive, enabled: true } }),
        pointInTimeRecovery: { enabled: true },
        deletionProtectionEnabled: args.protect,
      },
      { parent: this, protect: args.protect, retainOnDelete: args.protect },
    );
    this.dimensions = { TableName: this.table.name };
    this.backupArn = this.table.arn;
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

type Keys = TableConfig["indexes"][string];

function attributeOf(key: string): { name: string; type: string } {
  const [name = "", type = "S"] = key.split(":");
  return { name, type };
}

/** DynamoDB wants every attribute of a key, once, and no other. */
export function attributesOf(keys: Keys[]): { name: string; type: string }[] {
  const all = keys.flatMap(({ partitionKey, sortKey }) => [
    attributeOf(partitionKey),
    ...(sortKey === undefined ? [] : [attributeOf(sortKey)]),
  ]);
  return [...new Map(all.map((one) => [one.name, one])).values()];
}

/** The keys of a table or of an index. */
export function keySchemas({ partitionKey, sortKey }: Keys) {
  const key = (attribute: string, keyType: "HASH" | "RANGE") => ({
    attributeName: attributeOf(attribute).name,
    keyType,
  });
  return [key(partitionKey, "HASH"), ...(sortKey === undefined ? [] : [key(sortKey, "RANGE")])];
}
