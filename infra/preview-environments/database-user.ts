/** The user of an environment in the stack's databases, and the schema that it owns: `pr_12`. */
export const databaseUser = (pullRequest: number) => `pr_${pullRequest}`;

/** What the names of the secrets of all environments begin with. */
export const secretsPrefix = "environments/";

/** What the names of the secrets of a database's environments begin with, by its identifier in RDS. */
export const secretsOf = (database: string) => `${secretsPrefix}${database}/`;
