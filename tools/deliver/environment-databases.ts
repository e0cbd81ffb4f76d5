import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identifierOf } from "../../infra/config/database-rules.ts";
import {
  databaseUser,
  secretsOf,
  secretsPrefix,
} from "../../infra/preview-environments/database-user.ts";
import type { PreviewEnvironmentSettings } from "../../infra/preview-environments/preview-environments.ts";
import { databaseName } from "../../infra/resources/postgres.ts";
import { run } from "../shell.ts";
import { noUserSql, userSql } from "./database-user-sql.ts";

/** The AWS CLI. Returns what it prints. */
export type Aws = (args: string[]) => Promise<string>;

export interface EnvironmentDatabasesArgs {
  pullRequest: number;
  region: string;
  /** @default the AWS CLI on PATH */
  aws?: Aws;
  /** Between two tries at a database that wakes. @default 5 */
  pauseSeconds?: number;
}

/** As RDS describes it. */
interface Database {
  DBClusterArn: string;
  HttpEndpointEnabled?: boolean;
  MasterUserSecret?: { SecretArn: string };
}

/** A database without connections needs about 15 seconds to wake. */
const mostTries = 12;
const wakes = /\b(DatabaseResuming|DatabaseUnavailable|HttpEndpointNotEnabled)Exception\b/;

/**
 * The schemas of one environment in the stack's databases, each with a user of its own, by the RDS Data
 * API. A secret of Secrets Manager has the user and its password, in the form of RDS's own. Neither is
 * Pulumi's, so no state and no plan has the password; no statement has it either.
 */
export class EnvironmentDatabases {
  readonly #stack: string;
  readonly #user: string;
  readonly #aws: Aws;
  readonly #pauseSeconds: number;

  constructor({ pullRequest, region, aws, pauseSeconds = 5 }: EnvironmentDatabasesArgs) {
    this.#stack = `pr-${pullRequest}`;
    this.#user = databaseUser(pullRequest);
    const onPath: Aws = (args) => run("aws", args);
    this.#aws = (args) => (aws ?? onPath)([...args, "--region", region, "--output", "json"]);
    this.#pauseSeconds = pauseSeconds;
  }

  /**
   * Makes what is missing of them, and leaves what is in them. Returns the ARN of each secret, by the
   * database's name in the settings.
   *
   * @throws {CommandFailed} if AWS refuses, or the database does not wake within a minute
   */
  async make(settings: PreviewEnvironmentSettings): Promise<Record<string, string>> {
    const arns: Record<string, string> = {};
    for (const [name, database] of databasesOf(settings)) {
      const { arn, password } =
        (await this.#secret(database)) ?? (await this.#makeSecret(database, settings));
      const [found] = await this.#describe(database);
      if (!found) throw new Error(`${database} does not exist: deploy the stack`);
      await this.#execute(found, userSql(this.#user, password));
      arns[name] = arn;
    }
    return arns;
  }

  /**
   * Removes them with all that is in them, and their secrets; also those of databases that the stack has
   * no more. Without any it does nothing.
   *
   * @throws {CommandFailed} as `make`
   */
  async remove(settings: PreviewEnvironmentSettings | undefined): Promise<void> {
    // The list may lack what was made in the last five minutes (Secrets Manager API, ListSecrets).
    const known = settings ? databasesOf(settings).map(([, database]) => database) : [];
    for (const database of new Set([...known, ...(await this.#listed())])) {
      for (const found of await this.#describe(database)) await this.#removeUser(found);
      const secret = await this.#secret(database);
      if (secret) {
        const which = ["--secret-id", secret.arn, "--force-delete-without-recovery"];
        await this.#aws(["secretsmanager", "delete-secret", ...which]);
      }
    }
  }

  /** Where the stack takes no environments any more, the Data API is on for as long as this takes. */
  async #removeUser(database: Database): Promise<void> {
    const { DBClusterArn: arn, HttpEndpointEnabled: isOn } = database;
    const turn = (how: string) =>
      isOn ? undefined : this.#aws(["rds", `${how}-http-endpoint`, "--resource-arn", arn]);
    await turn("enable");
    try {
      for (const statement of noUserSql(this.#user)) await this.#execute(database, statement);
    } finally {
      await turn("disable");
    }
  }

  async #execute({ DBClusterArn, MasterUserSecret }: Database, sql: string): Promise<void> {
    const who = ["--resource-arn", DBClusterArn, "--secret-arn", MasterUserSecret?.SecretArn ?? ""];
    const what = ["--database", databaseName, "--continue-after-timeout", "--sql", sql];
    for (let tries = 1; ; tries++) {
      try {
        await this.#aws(["rds-data", "execute-statement", ...who, ...what]);
        return;
      } catch (error) {
        if (tries === mostTries || !wakes.test((error as Error).message)) throw error;
        await sleep(this.#pauseSeconds * 1000);
      }
    }
  }

  /** The databases that have a secret of this environment. */
  async #listed(): Promise<string[]> {
    const filter = ["--filters", `Key=name,Values=${secretsPrefix}`];
    const answer = await this.#aws(["secretsmanager", "list-secrets", ...filter]);
    const { SecretList: secrets }: { SecretList: { Name: string }[] } = JSON.parse(answer);
    return secrets.flatMap(({ Name }) => {
      const [, database = ""] = Name.split("/");
      return Name === this.#secretName(database) ? [database] : [];
    });
  }

  #secretName(database: string): string {
    return secretsOf(database) + this.#stack;
  }

  async #describe(database: string): Promise<Database[]> {
    const which = ["--db-cluster-identifier", database];
    const answer = await unlessGone("DBClusterNotFoundFault", () =>
      this.#aws(["rds", "describe-db-clusters", ...which]),
    );
    return answer === undefined ? [] : JSON.parse(answer).DBClusters;
  }

  async #secret(database: string): Promise<{ arn: string; password: string } | undefined> {
    const which = ["--secret-id", this.#secretName(database)];
    const answer = await unlessGone("ResourceNotFoundException", () =>
      this.#aws(["secretsmanager", "get-secret-value", ...which]),
    );
    if (answer === undefined) return undefined;
    const { ARN: arn, SecretString } = JSON.parse(answer);
    return { arn, password: JSON.parse(SecretString).password };
  }

  /** By a file, which only this user reads: other processes see the arguments of a command. */
  async #makeSecret(database: string, settings: PreviewEnvironmentSettings) {
    const password = randomBytes(24).toString("base64url");
    const folder = mkdtempSync(join(tmpdir(), "secret-"));
    const file = join(folder, "value.json");
    try {
      writeFileSync(file, JSON.stringify({ username: this.#user, password }), { mode: 0o600 });
      const tags = Object.entries({
        ...settings.aws?.provider.defaultTags.tags,
        project: "environment",
        stack: this.#stack,
      }).map(([Key, Value]) => ({ Key, Value }));
      const answer = await this.#aws([
        ...["secretsmanager", "create-secret", "--name", this.#secretName(database)],
        ...["--description", `${this.#user} of ${database}`],
        ...["--secret-string", `file://${file}`, "--tags", JSON.stringify(tags)],
      ]);
      return { arn: JSON.parse(answer).ARN as string, password };
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

/** The databases in which environments have a schema: their names in the settings and in RDS. */
const databasesOf = ({ aws, clusterName }: PreviewEnvironmentSettings): [string, string][] =>
  (aws?.databases ?? []).map(({ resource }) => [resource, identifierOf(clusterName, resource)]);

/** The answer, unless the error is this one. */
async function unlessGone(error: string, ask: () => Promise<string>): Promise<string | undefined> {
  try {
    return await ask();
  } catch (caught) {
    if (caught instanceof Error && caught.message.includes(`(${error})`)) return undefined;
    throw caught;
  }
}
