import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { arnOf } from "../../cloud/naming.ts";
import { CommandFailed } from "../../shell.ts";
import type { CloudResource, World } from "./world.ts";

const clusterType = "aws:rds/cluster:Cluster";
const secretType = "aws:secretsmanager/secret:Secret";

/** Of each command, the options that it must have. */
const commands: Record<string, string[]> = {
  "secretsmanager create-secret": ["name", "description", "secret-string", "tags"],
  "secretsmanager get-secret-value": ["secret-id"],
  "secretsmanager list-secrets": ["filters"],
  "secretsmanager delete-secret": ["secret-id", "force-delete-without-recovery"],
  "rds describe-db-clusters": ["db-cluster-identifier"],
  "rds enable-http-endpoint": ["resource-arn"],
  "rds disable-http-endpoint": ["resource-arn"],
  "rds-data execute-statement": [
    ...["resource-arn", "secret-arn", "database", "sql", "continue-after-timeout"],
  ],
};
const flags = ["force-delete-without-recovery", "continue-after-timeout"];

type Values = Record<string, string>;

/** Runs a statement as the user that owns a database of a DB cluster. */
export type Query = (database: string, sql: string) => Promise<void>;

/**
 * The AWS CLI for databases and secrets, on a world: with the answers and the errors of the APIs of
 * Amazon RDS, the RDS Data API and AWS Secrets Manager (their API References).
 */
export class AwsCli {
  /** Each with its arguments. */
  readonly calls: string[][] = [];
  /** The values of secrets, by ARN. */
  readonly values = new Map<string, string>();
  /** The names of secrets so new that a list lacks them: for up to five minutes. */
  readonly unlisted = new Set<string>();
  /** The clusters that are paused: the next statement wakes them. */
  readonly paused = new Set<string>();
  readonly #world: World;
  readonly #query: Query;

  constructor(world: World, query: Query) {
    this.#world = world;
    this.#query = query;
  }

  /** @throws {CommandFailed} with what AWS answers */
  readonly run = async (args: string[]): Promise<string> => {
    this.calls.push(args);
    const [service = "", operation = "", ...rest] = args;
    const needed = commands[`${service} ${operation}`];
    if (!needed) throw new CommandFailed("aws", "aws: error: argument operation: Invalid choice");
    const options = Object.fromEntries(
      [...needed, "region", "output"].map((one) => [
        one,
        { type: flags.includes(one) ? ("boolean" as const) : ("string" as const) },
      ]),
    );
    const { values } = parseArgs({ args: rest, options });
    for (const one of Object.keys(options)) {
      if (values[one] === undefined) throw new CommandFailed("aws", `aws: error: no --${one}`);
    }
    const answer = await this.#answers[operation]?.(values as Values);
    return answer === undefined ? "" : JSON.stringify(answer);
  };

  readonly #answers: Record<string, (values: Values) => unknown> = {
    "create-secret": ({ name = "", "secret-string": value = "", tags = "" }) => {
      const refuse = refusal("CreateSecret");
      if (this.#secret(name)) {
        refuse(
          "ResourceExistsException",
          `The operation failed because the secret ${name} already exists.`,
        );
      }
      if (this.#world.recoverableSecrets.has(name)) {
        refuse(
          "InvalidRequestException",
          "You can't create this secret because a secret with this name is already scheduled for deletion.",
        );
      }
      const arn = arnOf(this.#world, "secretsmanager", `secret:${name}-AbCdEf`);
      const inputs = { name, tags: JSON.parse(tags) };
      this.#world.addUnmanaged(secretType, arn, "aws secretsmanager", name, inputs);
      this.#world.filledSecrets.add(arn);
      this.values.set(arn, readFileSync(value.replace(/^file:\/\//, ""), "utf8"));
      return { ARN: arn, Name: name };
    },

    "get-secret-value": ({ "secret-id": id = "" }) => {
      const arn = this.#needSecret(id, "GetSecretValue").id;
      return { ARN: arn, SecretString: this.values.get(arn) };
    },

    "list-secrets": ({ filters = "" }) => {
      const prefix = filters.replace("Key=name,Values=", "");
      const found = this.#world
        .all(secretType)
        .filter(({ inputs: { name } }) => name.startsWith(prefix) && !this.unlisted.has(name));
      return { SecretList: found.map(({ id, inputs }) => ({ ARN: id, Name: inputs.name })) };
    },

    "delete-secret": ({ "secret-id": id = "" }) => {
      const found = this.#needSecret(id, "DeleteSecret");
      this.#world.remove(found);
      this.values.delete(found.id);
      return { ARN: found.id };
    },

    "describe-db-clusters": ({ "db-cluster-identifier": id = "" }) => {
      const found = this.#world.live(clusterType).find((one) => one.id === id);
      if (!found) {
        return refusal("DescribeDBClusters")(
          "DBClusterNotFoundFault",
          `DBCluster ${id} not found.`,
        );
      }
      const [secret] = found.outputs.masterUserSecrets;
      return {
        DBClusters: [
          {
            DBClusterArn: found.outputs.arn,
            HttpEndpointEnabled: found.inputs.enableHttpEndpoint === true,
            MasterUserSecret: { SecretArn: secret.secretArn },
          },
        ],
      };
    },

    "enable-http-endpoint": ({ "resource-arn": arn = "" }) => this.#turn(arn, true),
    "disable-http-endpoint": ({ "resource-arn": arn = "" }) => this.#turn(arn, false),

    "execute-statement": async (values) => {
      const { "resource-arn": arn = "", "secret-arn": secret, database = "", sql = "" } = values;
      const refuse = refusal("ExecuteStatement");
      const cluster = this.#cluster(arn);
      if (cluster?.inputs.enableHttpEndpoint !== true) {
        refuse(
          "HttpEndpointNotEnabledException",
          `HttpEndpoint is not enabled for resource ${arn}`,
        );
      }
      if (cluster?.outputs.masterUserSecrets[0].secretArn !== secret) {
        refuse("InvalidSecretException", `The secret ${secret} isn't valid for ${arn}`);
      }
      if (this.paused.delete(cluster?.id ?? "")) {
        refuse(
          "DatabaseResumingException",
          "The Aurora DB instance is resuming after being auto-paused. Please wait a few seconds and try again.",
        );
      }
      if (/;\s*\S/.test(sql.replace(/\$(\w*)\$[\s\S]*?\$\1\$/g, ""))) {
        refuse("ValidationException", "Multistatements aren't supported.");
      }
      if (/:\w/.test(sql)) {
        refuse("BadRequestException", "Database returned an error: Missing value for parameter");
      }
      await this.#query(database, sql).catch((error: Error) =>
        refuse("DatabaseErrorException", `ERROR: ${error.message}`),
      );
      return { numberOfRecordsUpdated: 0 };
    },
  };

  #turn(arn: string, on: boolean): object {
    const cluster = this.#cluster(arn);
    if (cluster) cluster.inputs.enableHttpEndpoint = on;
    return { ResourceArn: arn, HttpEndpointEnabled: on };
  }

  #cluster(arn: string): CloudResource | undefined {
    return this.#world.live(clusterType).find(({ outputs }) => outputs.arn === arn);
  }

  #secret(nameOrArn: string): CloudResource | undefined {
    return this.#world
      .all(secretType)
      .find(({ id, inputs }) => [id, inputs.name].includes(nameOrArn));
  }

  #needSecret(nameOrArn: string, operation: string): CloudResource {
    return (
      this.#secret(nameOrArn) ??
      refusal(operation)(
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret.",
      )
    );
  }
}

const refusal =
  (operation: string) =>
  (code: string, message: string): never => {
    const what = `An error occurred (${code}) when calling the ${operation} operation`;
    throw new CommandFailed("aws", `${what}: ${message}`, "", 254);
  };
