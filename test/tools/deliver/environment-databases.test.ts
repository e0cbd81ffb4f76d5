import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, beforeEach, describe, it } from "mocha";
import type { PreviewEnvironmentSettings } from "../../../infra/preview-environments/preview-environments.ts";
import { EnvironmentDatabases } from "../../../tools/deliver/environment-databases.ts";
import { AwsCli } from "../../../tools/rehearsal/world/aws-cli.ts";
import { World } from "../../../tools/rehearsal/world/world.ts";
import { missingPackages } from "../../support/orders-stores.ts";
import { type PreviewDatabase, startPreviewDatabase } from "../../support/preview-database.ts";

const region = "eu-central-1";
const clusterType = "aws:rds/cluster:Cluster";
const secretType = "aws:secretsmanager/secret:Secret";

/** What dev gives to environments whose services use these databases. */
const ofDev = (...databases: string[]) =>
  ({
    clusterName: "platform-dev",
    aws: {
      databases: databases.map((resource) => ({ resource })),
      provider: { defaultTags: { tags: { project: "platform", stack: "dev", team: "shop" } } },
    },
  }) as unknown as PreviewEnvironmentSettings;

describe("what environments have in the stack's databases", function () {
  this.timeout(60_000);
  let database: PreviewDatabase;
  let world: World;
  let cli: AwsCli;
  const of = (pullRequest: number) =>
    new EnvironmentDatabases({ pullRequest, region, aws: cli.run, pauseSeconds: 0 });
  const settings = ofDev("ledger");
  const addDatabase = (id: string, changes: object = {}) => {
    const arn = `arn:aws:rds:${region}:111122223333:cluster:${id}`;
    const made = world.addUnmanaged(clusterType, id, "dev", id, { enableHttpEndpoint: true });
    Object.assign(made.inputs, changes);
    made.outputs = { arn, masterUserSecrets: [{ secretArn: `${arn}-master` }] };
    return made;
  };
  const make = async (pullRequest: number) => {
    const { ledger = "" } = await of(pullRequest).make(settings);
    const { username: user, password } = JSON.parse(cli.values.get(ledger) ?? "{}");
    return { user, password } as { user: string; password: string };
  };
  const left = async () => ({
    roles: await database.query("select rolname from pg_roles where rolname like 'pr\\_%'"),
    schemas: await database.query("select nspname from pg_namespace where nspname like 'pr\\_%'"),
    secrets: world.all(secretType).map(({ name }) => name),
  });
  const nothing = { roles: [], schemas: [], secrets: [] };
  const operations = () => cli.calls.map(([, operation]) => operation);

  before(async function () {
    const missing = missingPackages();
    if (missing && process.env.CI !== "true") {
      console.error(`      skipped: ${missing}`);
      return this.skip();
    }
    database = await startPreviewDatabase();
  });
  beforeEach(() => {
    world = new World();
    cli = new AwsCli(world, async (_, sql) => {
      await database.query(sql);
    });
    addDatabase("platform-dev-ledger");
  });
  after(() => database?.stop());

  it("is a schema and a user, with a secret as RDS makes one, and goes without a trace", async () => {
    await of(12).make(settings);
    const [secret] = world.all(secretType);
    assert.equal(secret?.name, "environments/platform-dev-ledger/pr-12");
    const tags = new Map(
      secret?.inputs.tags.map(({ Key, Value }: Record<string, string>) => [Key, Value]),
    );
    assert.deepEqual(
      [tags.get("project"), tags.get("stack"), tags.get("team")],
      ["environment", "pr-12", "shop"],
    );
    const value = JSON.parse(cli.values.get(secret?.id ?? "") ?? "{}");
    assert.deepEqual(Object.keys(value), ["username", "password"]);
    assert.equal(value.username, "pr_12");
    assert.match(value.password, /^[\w-]{32}$/);
    const [row] = await database.query(
      "select rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolconnlimit from pg_roles where rolname = 'pr_12'",
    );
    assert.deepEqual(row, {
      ...{ rolcanlogin: true, rolsuper: false, rolcreaterole: false, rolcreatedb: false },
      ...{ rolbypassrls: false, rolconnlimit: 20 },
    });
    await of(12).remove(settings);
    assert.deepEqual(await left(), nothing);
  });

  it("works as a database does whose user owns it, under unqualified names", async () => {
    const login = await make(12);
    await database.queryAs(
      login,
      "create table bookings (id int primary key); create index on bookings (id); create view booked as select * from bookings; insert into bookings values (1)",
    );
    assert.deepEqual(await database.queryAs(login, "select * from booked"), [{ id: 1 }]);
    const [row] = await database.queryAs(login, "select current_schema() as schema");
    assert.deepEqual(row, { schema: "pr_12" });
    await of(12).remove(settings);
    assert.deepEqual(await left(), nothing);
  });

  it("is out of reach of other environments, and dev's tables are of theirs", async () => {
    await database.query("create table accounts (id int); create schema billing");
    const [one, other] = [await make(12), await make(13)];
    assert.notEqual(one.password, other.password);
    await database.queryAs(one, "create table bookings (id int)");
    const refused = async (sql: string, why: RegExp) =>
      assert.rejects(database.queryAs(other, sql), why, sql);
    await refused("select * from bookings", /relation "bookings" does not exist/);
    await refused("select * from pr_12.bookings", /permission denied for schema pr_12/);
    await refused("create table pr_12.more (id int)", /permission denied for schema pr_12/);
    await refused("select * from accounts", /relation "accounts" does not exist/);
    await refused("select * from public.accounts", /permission denied for table accounts/);
    await refused("drop table public.accounts", /must be owner of table accounts/);
    await refused("create table public.more (id int)", /permission denied for schema public/);
    await refused("create table billing.more (id int)", /permission denied for schema billing/);
    await refused("create schema more", /permission denied for database app/);
    await refused("create role more", /permission denied to create role/);
    await refused("set role pr_12", /permission denied to set role "pr_12"/);
    await refused("set role master", /permission denied to set role "master"/);
    await refused("alter role pr_12 password 'mine'", /permission denied/);
    await assert.rejects(
      database.queryAs({ ...other, password: one.password }, "select 1"),
      /password authentication failed/,
    );
    await of(12).remove(settings);
    await database.queryAs(other, "create table bookings (id int)");
    await of(13).remove(settings);
    assert.deepEqual(await left(), nothing);
    assert.deepEqual(await database.query("select * from accounts"), []);
    await database.query("drop table accounts; drop schema billing");
  });

  it("stays as it is when it is made again, and is mended where something is missing", async () => {
    const login = await make(12);
    await database.queryAs(login, "create table bookings (id int)");
    assert.deepEqual(await make(12), login);
    assert.deepEqual(await database.queryAs(login, "select * from bookings"), []);
    // A database that dev has made anew.
    await database.query("drop owned by pr_12 cascade");
    await database.query("drop role pr_12");
    assert.deepEqual(await make(12), login);
    await database.queryAs(login, "create table bookings (id int)");
    // A secret that somebody has deleted.
    for (const secret of world.all(secretType)) world.remove(secret);
    const again = await make(12);
    assert.notEqual(again.password, login.password);
    assert.deepEqual(await database.queryAs(again, "select * from bookings"), []);
    // A removal that was interrupted.
    await database.query("alter role pr_12 nologin");
    await database.queryAs(await make(12), "select 1");
    await of(12).remove(settings);
    assert.deepEqual(await left(), nothing);
  });

  it("goes although a connection is left, and again when it has gone", async () => {
    const login = await make(12);
    const client = await database.connectAs(login);
    await client.query("create table bookings (id int); begin; insert into bookings values (1)");
    await of(12).remove(settings);
    await assert.rejects(client.query("select 1"));
    await of(12).remove(settings);
    await of(12).remove(undefined);
    assert.deepEqual(await left(), nothing);
  });

  it("goes also when AWS does not list its secret yet, and leaves the Data API on", async () => {
    await make(12);
    cli.unlisted.add("environments/platform-dev-ledger/pr-12");
    await of(12).remove(settings);
    assert.deepEqual(await left(), nothing);
    const [made] = world.all(clusterType);
    assert.equal(made?.inputs.enableHttpEndpoint, true);
    assert.ok(!operations().some((one) => one?.endsWith("-http-endpoint")));
  });

  it("has no password in a command or a statement, and its file is gone", async () => {
    const { password } = await make(12);
    const said = cli.calls.flat();
    assert.ok(!said.some((one) => one.includes(password)));
    const [file = ""] = said.flatMap((one) => /^file:\/\/(.+)/.exec(one)?.[1] ?? []);
    assert.ok(file.length > 10 && !existsSync(file));
    await of(12).remove(settings);
  });

  it("waits for a database that wakes, and says what else AWS answers", async () => {
    cli.paused.add("platform-dev-ledger");
    await make(12);
    await assert.rejects(of(12).make(ofDev("gone")), /platform-dev-gone does not exist/);
    const [made] = world.all(clusterType);
    Object.assign(made?.inputs ?? {}, { enableHttpEndpoint: false });
    cli.calls.length = 0;
    await assert.rejects(make(12), /HttpEndpointNotEnabledException/);
    assert.equal(operations().filter((one) => one === "execute-statement").length, 12);
    Object.assign(made?.inputs ?? {}, { enableHttpEndpoint: true });
    await of(12).remove(settings);
    await of(12).remove(ofDev("gone"));
    assert.deepEqual(await left(), nothing);
    // What no waiting mends is said at once.
    cli = new AwsCli(world, async () => {
      throw new Error("out of shared memory");
    });
    await assert.rejects(make(12), /DatabaseErrorException.*: ERROR: out of shared memory/);
    assert.equal(operations().filter((one) => one === "execute-statement").length, 1);
  });

  it("is asked for as the Data API takes it: one statement a call, no colons, the owner's secret", async () => {
    const [made] = world.all(clusterType);
    const arn = made?.outputs.arn;
    const execute = (sql: string, secret = `${arn}-master`) =>
      cli.run([
        ...["rds-data", "execute-statement", "--resource-arn", arn, "--secret-arn", secret],
        ...["--database", "app", "--continue-after-timeout", "--sql", sql],
        ...["--region", region, "--output", "json"],
      ]);
    await execute("select 1");
    await assert.rejects(execute("select 1; select 2"), /Multistatements aren't supported/);
    await assert.rejects(execute("select :one"), /Missing value for parameter/);
    await assert.rejects(execute("select 1", "another"), /InvalidSecretException/);
    await assert.rejects(execute("select one"), /DatabaseErrorException\).*ERROR: column "one"/);
  });

  it("goes also when the stack takes no environments any more, whose Data API is off again then", async () => {
    await make(12);
    const [made] = world.all(clusterType);
    Object.assign(made?.inputs ?? {}, { enableHttpEndpoint: false });
    await of(12).remove(undefined);
    assert.deepEqual(await left(), nothing);
    assert.equal(made?.inputs.enableHttpEndpoint, false);
    assert.ok(operations().includes("enable-http-endpoint"));
  });

  it("is a secret alone when its database is gone", async () => {
    await make(12);
    for (const one of world.all(clusterType)) world.remove(one);
    await of(12).remove(undefined);
    assert.deepEqual((await left()).secrets, []);
    addDatabase("platform-dev-ledger");
    await of(12).remove(settings);
  });

  it("is nothing where no service uses a database, nor is what others have", async () => {
    await make(12);
    const { calls } = cli;
    calls.length = 0;
    assert.deepEqual(await of(13).make(ofDev()), {});
    assert.deepEqual(calls, []);
    await of(13).remove(ofDev());
    await of(1).remove(undefined);
    assert.deepEqual(operations(), ["list-secrets", "list-secrets"]);
    assert.equal((await left()).secrets.length, 1);
    await of(12).remove(settings);
  });
});
