import { databaseName } from "../../infra/resources/postgres.ts";
import { ordersRequire, startPostgres } from "./orders-stores.ts";

type Rows = Record<string, unknown>[];

/** A PostgreSQL as RDS creates it: the user owns the database and is no superuser. */
export interface PreviewDatabase {
  /** Runs a statement as that user. */
  query(sql: string): Promise<Rows>;
  /** Runs a statement as another user, in a new connection. */
  queryAs(login: { user: string; password: string; search?: string }, sql: string): Promise<Rows>;
  /** Opens a connection of another user. */
  connectAs(login: {
    user: string;
    password: string;
  }): Promise<{ query(sql: string): Promise<Rows> }>;
  stop(): Promise<void>;
}

export async function startPreviewDatabase(): Promise<PreviewDatabase> {
  const server = await startPostgres();
  const master = { user: "master", password: "battery staple" };
  await server.query(
    `create role ${master.user} login createrole createdb password '${master.password}'`,
  );
  await server.query(`create database ${databaseName} owner ${master.user}`);
  const connectAs: PreviewDatabase["connectAs"] = async (login) => {
    const { Client } = ordersRequire("pg");
    const { LEDGER_PORT: port } = server.variables;
    const client = new Client({ ...login, host: "127.0.0.1", port, database: databaseName });
    client.on("error", () => {});
    await client.connect();
    return Object.assign(client, {
      query: async (sql: string) => (await Client.prototype.query.call(client, sql)).rows,
    });
  };
  const queryAs: PreviewDatabase["queryAs"] = async (login, sql) => {
    const client = (await connectAs(login)) as Awaited<ReturnType<typeof connectAs>> & {
      end(): Promise<void>;
    };
    try {
      return await client.query(sql);
    } finally {
      await client.end();
    }
  };
  return {
    connectAs,
    queryAs,
    query: (sql) => queryAs(master, sql),
    stop: server.stop,
  };
}
