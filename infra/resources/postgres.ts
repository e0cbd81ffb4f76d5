import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { identifierOf } from "../config/database-rules.ts";
import { type PostgresConfig, stemOf } from "../config/resource-schema.ts";
import type { LogsConfig } from "../config/schema.ts";
import { type Link, type Linkable, sidOf } from "./link.ts";
import { readSecret } from "./secret.ts";
import { makeSecurityGroup, type Surroundings } from "./security-group.ts";

export interface PostgresArgs extends PostgresConfig, Surroundings {
  clusterName: string;
  logs: LogsConfig;
  /**
   * AWS and Pulumi refuse the database's deletion, and Pulumi keeps it on destroy. One by hand leaves a
   * final snapshot and the backups.
   */
  protect: boolean;
  /** IAM lets in who may run SQL by the RDS Data API, with the user's secret: `npm run deliver` does. */
  dataApi: boolean;
}

const port = 5432;
const engine = "aurora-postgresql";
/** Neither is a word that PostgreSQL or RDS reserves, whatever the resource's name. */
export const databaseName = "app";
export const masterUsername = "app";
const defaultPauseMinutes = 5;

/**
 * A PostgreSQL database: an Aurora cluster in the private subnets, encrypted, that takes connections
 * with TLS only. RDS makes its password and keeps it in Secrets Manager.
 *
 * Its users get `<NAME>_HOST`, `<NAME>_PORT`, `<NAME>_DATABASE`, `<NAME>_USER` and `<NAME>_PASSWORD`.
 */
export class Postgres extends pulumi.ComponentResource implements Linkable {
  readonly dimensions: Linkable["dimensions"];
  readonly backupArn: pulumi.Output<string>;
  private readonly resource: string;
  private readonly cluster: aws.rds.Cluster;
  private readonly cidrBlocks: string[];

  constructor(name: string, args: PostgresArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:resources:Postgres", name, {}, opts);
    const parent = { parent: this };
    const identifier = identifierOf(args.clusterName, name);
    // RDS makes this group itself when it is missing, without retention. It depends on nothing, so
    // that it goes after the database.
    const logGroup = new aws.cloudwatch.LogGroup(
      name,
      {
        name: `/aws/rds/cluster/${identifier}/postgresql`,
        retentionInDays: args.logs.retentionDays,
        skipDestroy: args.logs.keepOnDestroy,
      },
      parent,
    );
    const subnets = new aws.rds.SubnetGroup(
      name,
      { subnetIds: args.network.privateSubnetIds, description: `Private subnets for ${name}` },
      parent,
    );
    const parameters = new aws.rds.ClusterParameterGroup(name, parametersOf(args.version), parent);
    const securityGroup = makeSecurityGroup(name, { ...args, port }, parent);
    this.cluster = new aws.rds.Cluster(
      name,
      {
        ...clusterArgs(args, identifier),
        dbSubnetGroupName: subnets.name,
        dbClusterParameterGroupName: parameters.name,
        vpcSecurityGroupIds: [securityGroup.id],
      },
      {
        ...parent,
        protect: args.protect,
        retainOnDelete: args.protect,
        dependsOn: logGroup,
      },
    );
    const instances = makeInstances(name, args, { cluster: this.cluster, identifier }, parent);
    this.resource = name;
    this.cidrBlocks = args.network.privateCidrBlocks;
    this.backupArn = this.cluster.arn;
    this.dimensions = { DBClusterIdentifier: this.cluster.clusterIdentifier };
    new aws.secretsmanager.SecretRotation(
      name,
      { secretId: this.secret(), ...rotationOf(args) },
      // RDS turns rotation on again that was turned off before there was an instance.
      { ...parent, dependsOn: instances },
    );
    this.registerOutputs({ endpoint: this.cluster.endpoint });
  }

  link(): Link {
    const stem = stemOf(this.resource);
    return {
      resource: this.resource,
      access: "readWrite",
      variables: {
        [`${stem}_HOST`]: this.cluster.endpoint,
        [`${stem}_PORT`]: String(port),
        [`${stem}_DATABASE`]: databaseName,
        [`${stem}_USER`]: masterUsername,
      },
      secrets: { [`${stem}_PASSWORD`]: { secret: this.secret(), key: "password" } },
      statements: [readSecret(sidOf(this.resource), this.secret())],
      egress: this.cidrBlocks.map((cidrBlock) => ({ cidrBlock, port })),
    };
  }

  /** The ARN of the secret that RDS manages. */
  private secret(): pulumi.Output<string> {
    return this.cluster.masterUserSecrets.apply(([secret]) => secret?.secretArn ?? "");
  }
}

/** The link of a database for another user of it, whose secret has the form of RDS's own. */
export function linkAs(
  user: string,
  link: Pick<Link, "resource" | "access" | "variables" | "egress">,
  secret: pulumi.Output<string>,
): Link {
  const { resource, access, variables, egress } = link;
  const stem = stemOf(resource);
  return {
    resource,
    access,
    egress,
    variables: { ...variables, [`${stem}_USER`]: user },
    secrets: { [`${stem}_PASSWORD`]: { secret, key: "password" } },
    statements: [readSecret(sidOf(resource), secret)],
  };
}

function parametersOf(version: string): aws.rds.ClusterParameterGroupArgs {
  return {
    family: `${engine}${version}`,
    description: "Connections with TLS only",
    // Before an instance boots.
    parameters: [{ name: "rds.force_ssl", value: "1", applyMethod: "pending-reboot" }],
  };
}

function clusterArgs(args: PostgresArgs, clusterIdentifier: string): aws.rds.ClusterArgs {
  const { minCapacity, maxCapacity, pauseAfterMinutes = defaultPauseMinutes, protect } = args;
  return {
    clusterIdentifier,
    engine,
    engineVersion: args.version,
    // Another major version is asked for by the settings alone, and red in the difference.
    allowMajorVersionUpgrade: true,
    applyImmediately: true,
    serverlessv2ScalingConfiguration: {
      minCapacity,
      maxCapacity,
      ...(minCapacity === 0 && { secondsUntilAutoPause: pauseAfterMinutes * 60 }),
    },
    databaseName,
    masterUsername,
    manageMasterUserPassword: true,
    port,
    storageEncrypted: true,
    enabledCloudwatchLogsExports: ["postgresql"],
    ...(args.dataApi && { enableHttpEndpoint: true }),
    backupRetentionPeriod: args.backupRetentionDays,
    copyTagsToSnapshot: true,
    deletionProtection: protect,
    deleteAutomatedBackups: !protect,
    skipFinalSnapshot: !protect,
    ...(protect && { finalSnapshotIdentifier: `${clusterIdentifier}-final` }),
  };
}

/** The first one writes; when it fails, another one does. Aurora puts each in another zone. */
function makeInstances(
  name: string,
  { replicas, protect }: PostgresArgs,
  { cluster, identifier }: { cluster: aws.rds.Cluster; identifier: string },
  parent: { parent: pulumi.Resource },
): aws.rds.ClusterInstance[] {
  const count = 1 + (replicas ?? (protect ? 1 : 0));
  return Array.from(
    { length: count },
    (_, at) =>
      new aws.rds.ClusterInstance(
        `${name}-${at + 1}`,
        {
          identifier: `${identifier}-${at + 1}`,
          clusterIdentifier: cluster.id,
          engine,
          instanceClass: "db.serverless",
          publiclyAccessible: false,
          autoMinorVersionUpgrade: true,
          copyTagsToSnapshot: true,
        },
        parent,
      ),
  );
}

/** RDS would rotate every seven days. Not at once: pods may have read the password already. */
function rotationOf({
  passwordRotationDays: days,
}: Pick<PostgresArgs, "passwordRotationDays">): Partial<aws.secretsmanager.SecretRotationArgs> {
  return days === undefined
    ? { rotationEnabled: false }
    : { rotationRules: { automaticallyAfterDays: days }, rotateImmediately: false };
}
