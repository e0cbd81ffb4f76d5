import { secretsFolder } from "../../infra/config/container-schema.ts";
import { type ResourceConfig, stemOf, suffixesOf } from "../../infra/config/resource-schema.ts";
import { withAddress } from "./addresses.ts";

/** A container that became a resource, as its users know it. */
export interface FormerContainer {
  /** Of the resource. */
  name: string;
  kind: ResourceConfig["kind"];
  port: number;
  hosts: string[];
  user?: string;
  password?: string;
  database?: string;
  /** Files with its password, as its users read them. */
  passwordFiles: string[];
}

/** What becomes of a variable: another value, or none. */
export type Verdict =
  | { value: string; why: string; todo?: string }
  | { dropped: "given"; why: string; todo?: string }
  | { dropped: "left"; why: string; todo: string };

const byTls = "let the program connect by TLS";

/** What a program must read that finds a resource in no variable that is carried over. */
export function toRead({ name, kind }: Pick<FormerContainer, "name" | "kind">): string {
  const stem = stemOf(name);
  if (kind === "bucket")
    return `let the program use the bucket in ${stem}_BUCKET, without an endpoint`;
  if (kind === "cache")
    return `let the program read ${stem}_URL, or ${stem}_HOST and _PORT, and connect by TLS`;
  return `let the program read ${stem}_HOST, _PORT, _DATABASE, _USER and _PASSWORD, and connect by TLS`;
}

const isPassword = /(PASSWORD|PASSWD|PASS|PWD)$/i;
const ofDatabase = /(^|_)(PG|POSTGRES(QL)?|DB|DATABASE|SQL)/i;

/**
 * A variable by which a program finds a resource, as Kubernetes fills it in: `$(DB_HOST)`. Nothing of a variable
 * that says nothing of it.
 */
export function resourceVariable(
  { name, value }: { name: string; value: string },
  resource: FormerContainer,
): Verdict | undefined {
  const { kind } = resource;
  const stem = stemOf(resource.name);
  // The platform sets it itself.
  if (suffixesOf(kind).some((suffix) => name === stem + suffix)) {
    const why = `\`uses\` gives it, of ${resource.name}`;
    return { dropped: "given", why, ...(name === `${stem}_HOST` && { todo: byTls }) };
  }
  if (kind === "bucket") return bucketVariable({ name, value }, resource);
  const hosts = resource.hosts.map((host) =>
    withAddress(
      { name, value },
      host,
      (port) => `$(${stem}_HOST)${port === undefined ? "" : `:$(${stem}_PORT)`}`,
    ),
  );
  const text = hosts.find((one) => one !== undefined);
  return kind === "postgres"
    ? databaseVariable({ name, value, text }, resource)
    : cacheVariable({ name, value, text }, resource);
}

function databaseVariable(
  { name, value, text }: { name: string; value: string; text: string | undefined },
  { name: of, user, password, database, passwordFiles, port }: FormerContainer,
): Verdict | undefined {
  const stem = stemOf(of);
  const about = (pattern: RegExp) => pattern.test(name) && ofDatabase.test(name);
  const file = `${secretsFolder}/${stem}_PASSWORD`;
  if (passwordFiles.includes(value)) return { value: file, why: "RDS manages the password" };
  if (text !== undefined) {
    if (/:\/\/[^\s/@]*@/.test(value)) {
      return {
        dropped: "left",
        why: "the password is a secret of its own, in no URL",
        todo: `let the program build it of ${stem}_HOST, _PORT, _DATABASE, _USER and _PASSWORD, by TLS`,
      };
    }
    const tls = text
      .replace(/sslmode=(disable|allow|prefer)/, "sslmode=require")
      .replace(
        new RegExp(`(://[^/]+)/${database ?? "[\\w-]+"}(?=$|[?])`),
        `$1/$(${stem}_DATABASE)`,
      );
    const why = `the address of resources.${of}, which takes TLS alone`;
    return { value: tls, why, ...(!/sslmode=/.test(tls) && { todo: byTls }) };
  }
  if (isPassword.test(name) && (value === password || about(isPassword))) {
    return {
      dropped: "left",
      why: "RDS manages the password",
      todo: `let the program read ${stem}_PASSWORD, or the file ${file}`,
    };
  }
  if (
    about(/USER(NAME)?$/i) ||
    (user !== undefined && value === user && /USER(NAME)?$/i.test(name))
  ) {
    return { value: `$(${stem}_USER)`, why: "RDS has one user, who owns the database" };
  }
  if (about(/(^|_)(DB|DBNAME|DATABASE|NAME)$/i) && (database === undefined || value === database)) {
    return { value: `$(${stem}_DATABASE)`, why: "RDS makes the database" };
  }
  if (about(/PORT$/i) && value === String(port))
    return { value: `$(${stem}_PORT)`, why: "the database's port" };
  return undefined;
}

function cacheVariable(
  { name, value, text }: { name: string; value: string; text: string | undefined },
  { name: of, port }: FormerContainer,
): Verdict | undefined {
  const stem = stemOf(of);
  const about = /REDIS|VALKEY|CACHE/i.test(name);
  if (text !== undefined) {
    const why = `the address of resources.${of}, which takes TLS alone`;
    // The URL says it.
    if (/^rediss?:\/\//.test(value)) return { value: `$(${stem}_URL)`, why };
    return { value: text, why, todo: byTls };
  }
  if (about && /PORT$/i.test(name) && value === String(port))
    return { value: `$(${stem}_PORT)`, why: "the cache's port" };
  if (about && isPassword.test(name)) {
    return {
      dropped: "left",
      why: "a cache has no password: network policies guard it",
      todo: "let the program connect without one",
    };
  }
  return undefined;
}

function bucketVariable(
  { name, value }: { name: string; value: string },
  { name: of, hosts, user, password }: FormerContainer,
): Verdict | undefined {
  const stem = stemOf(of);
  const found = hosts.some((host) => withAddress({ name, value }, host, () => host) !== undefined);
  if (found) {
    return {
      dropped: "left",
      why: "the SDK finds S3 by itself",
      todo: `let the program use the bucket in ${stem}_BUCKET, without an endpoint`,
    };
  }
  const isKey =
    /(ACCESS_KEY|SECRET_KEY|ACCESS_KEY_ID|SECRET_ACCESS_KEY|ROOT_USER|ROOT_PASSWORD)/i.test(name) &&
    /(S3|MINIO|AWS)/i.test(name);
  if (
    isKey ||
    (value !== "" && (value === password || (value === user && /KEY|USER/i.test(name))))
  ) {
    return {
      dropped: "left",
      why: "the role of the service opens the bucket",
      todo: "let the SDK find its credentials",
    };
  }
  if (/BUCKET(_NAME)?$/i.test(name))
    return { value: `$(${stem}_BUCKET)`, why: "the name of the bucket is made by Pulumi" };
  return undefined;
}
