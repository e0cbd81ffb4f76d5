import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

/** Of one user: two pods with a pool of ten each, as in a rollout. */
const mostConnections = 20;
const iterations = 4096;

/**
 * What PostgreSQL keeps of a password, so that no statement and no log has it. It is that of
 * `src/common/scram-common.c` (PostgreSQL documentation, pg_authid). The password must be ASCII.
 */
export function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const keyed = (text: string) => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(keyed("Client Key")).digest("base64");
  const [salt64, server] = [salt, keyed("Server Key")].map((one) => one.toString("base64"));
  return `SCRAM-SHA-256$${iterations}:${salt64}$${stored}:${server}`;
}

/**
 * One statement: a user that owns a schema of the same name, and nothing else. To run it again changes
 * nothing but the verifier. For a user with CREATEROLE, who owns the database, of PostgreSQL 16 and newer:
 * there it must first be a member of what it makes. The Data API reads `:` as the begin of a parameter.
 */
export function userSql(user: string, password: string): string {
  const verifier = scramVerifier(password).split(":").join("' || chr(58) || '");
  return block(`
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${user}') THEN
    CREATE ROLE ${user};
  END IF;
  ALTER ROLE ${user} LOGIN CONNECTION LIMIT ${mostConnections};
  EXECUTE format('ALTER ROLE ${user} PASSWORD %L', '${verifier}');
  ALTER ROLE ${user} SET search_path = ${user};
  GRANT ${user} TO CURRENT_USER;
  CREATE SCHEMA IF NOT EXISTS ${user} AUTHORIZATION ${user};`);
}

/**
 * Two statements, one after the other: the user with its schema and all that it has are gone, its
 * connections too. Nothing happens where there is no such user.
 */
export const noUserSql = (user: string): string[] => {
  const ifThere = (statements: string) =>
    block(`
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = '${user}') THEN${statements}
  END IF;`);
  return [
    // Committed before its connections end, so that none comes after.
    ifThere(`
    ALTER ROLE ${user} NOLOGIN;`),
    ifThere(`
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${user}';
    DROP OWNED BY ${user} CASCADE;
    DROP ROLE ${user};`),
  ];
};

/** The Data API takes one statement a call (Amazon Aurora User Guide, Data API limitations). */
const block = (statements: string) => `DO $do$\nBEGIN${statements}\nEND\n$do$`;
