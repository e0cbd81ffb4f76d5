import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { after, afterEach, before, beforeEach, describe, it } from "mocha";
import { parse, stringify } from "yaml";
import { linkRules, type ResourceConfig, stemOf } from "../../../infra/config/resource-schema.ts";
import { devCommand } from "../../../tools/dev/dev-command.ts";
import { CommandStubs, type DockerState } from "../../support/command-stubs.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

const resources = {
  orders: { kind: "table", partitionKey: "id", sortKey: "at:N", timeToLive: "expiresAt" },
  customers: { kind: "table", partitionKey: "id", indexes: { byMail: { partitionKey: "mail" } } },
  invoices: { kind: "bucket" },
  mails: { kind: "queue", visibilityTimeoutSeconds: 60, maxReceives: 3 },
  postings: { kind: "queue", fifo: true },
  placed: { kind: "topic", deliverTo: ["mails"] },
  ledger: { kind: "postgres", version: "17" },
  sessions: { kind: "cache" },
  uploads: { kind: "files" },
  "payment-key": { kind: "secret" },
} as const;
const all = {
  ...{ orders: "readWrite", customers: "read", invoices: "write", mails: "read" },
  ...{ postings: "write", placed: "write", ledger: "readWrite", sessions: "readWrite" },
  ...{ uploads: "read", "payment-key": "read" },
};
const images = {
  table: "amazon/dynamodb-local",
  queue: "softwaremill/elasticmq-native",
  bucket: "adobe/s3mock",
  postgres: "postgres:17",
  cache: "valkey/valkey:8",
};

const route = (path: string) => ({ route: { path }, health: "/" });
const services = {
  pulled: { image: { reference: "docker.io/library/web:1" }, ...route("/pulled") },
  plain: { image: { context: "plain" }, ...route("/plain") },
  shop: { image: { context: "shop" }, ...route("/"), uses: all },
  mailer: { image: { sameAs: "shop" }, worker: true, uses: { mails: "read" } },
  silent: { image: { sameAs: "shop" }, worker: true },
  sums: { image: { context: "sums" }, worker: true, uses: { ledger: "readWrite" } },
  broken: { image: { context: "broken" }, worker: true, uses: { sessions: "readWrite" } },
};

/** Keeps its environment, and what ends it; waits for that if it is told to. */
const program = `const { appendFileSync, renameSync, writeFileSync } = require("node:fs");
const [, , file, code = 0] = process.argv;
const heard = (text) => appendFileSync(file + ".ended", text);
process.on("SIGINT", () => { heard("SIGINT"); setTimeout(() => { heard(", end"); process.exit(3); }, 300); });
process.on("SIGTERM", () => { heard("SIGTERM"); process.exit(4); });
writeFileSync(file + ".new", JSON.stringify(process.env));
renameSync(file + ".new", file);
if (process.env.STAY?.split(" ").includes(file)) setInterval(() => {}, 1000);
else process.exitCode = Number(code);`;

interface Asked {
  path: string;
  target: string | undefined;
  body: string;
}

describe("npm run dev with stand-ins", function () {
  this.timeout(60_000);
  const kept = { ...process.env };
  let docker: CommandStubs;
  let folder: string;
  let server: Server;
  let port: number;
  let asked: Asked[];
  let refuse: string | undefined;

  before(async function () {
    if (process.platform === "win32") this.skip();
    folder = mkdtempSync(join(tmpdir(), "dev-project-"));
    writeFileSync(join(folder, "Pulumi.yaml"), readFileSync(join(root, "Pulumi.yaml")));
    const settings = parse(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8"));
    settings.config["platform:nodes"].maxSize = 20;
    settings.config["platform:resources"] = resources;
    settings.config["platform:services"] = services;
    writeFileSync(join(folder, "Pulumi.dev.yaml"), stringify(settings));
    const scripts = {
      plain: { dev: "node program.cjs plain.json" },
      shop: { dev: "node program.cjs shop.json", "dev:mailer": "node program.cjs mailer.json" },
      broken: { dev: "node program.cjs broken.json 7" },
    };
    for (const [name, of] of Object.entries(scripts)) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "Dockerfile"), "FROM scratch\nUSER 65532\n");
      writeFileSync(join(folder, name, "package.json"), JSON.stringify({ scripts: of }));
      writeFileSync(join(folder, name, "program.cjs"), program);
    }
    mkdirSync(join(folder, "sums"));
    writeFileSync(join(folder, "sums", "Dockerfile"), "FROM scratch\nUSER 65532\n");
    server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const target = request.headers["x-amz-target"] as string | undefined;
      if (request.method !== "GET") {
        asked.push({ path: `${request.method} ${request.url}`, target, body });
      }
      const refused = target !== undefined && target === refuse;
      if (refused) response.writeHead(400).end('{"message":"no such key"}');
      if (refused) return;
      const { QueueName } = body.startsWith("{") ? JSON.parse(body) : {};
      const answer = {
        QueueUrl: `http://localhost:9324/000000000000/${QueueName}`,
        Attributes: { QueueArn: "arn:aws:sqs:elasticmq:000000000000:dead" },
      };
      response.end(JSON.stringify(answer));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
  });
  after(() => {
    server?.close();
    if (folder) rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    docker = new CommandStubs(["docker"]);
    asked = [];
    refuse = undefined;
    for (const name of Object.keys(process.env)) {
      if (/^AWS_/.test(name)) delete process.env[name];
    }
  });
  afterEach(() => {
    docker.close();
    const { PATH } = process.env;
    for (const name of Object.keys(process.env)) if (!(name in kept)) delete process.env[name];
    Object.assign(process.env, kept, { PATH });
    for (const name of ["plain", "shop", "broken"]) {
      for (const file of [name, "mailer"]) {
        rmSync(join(folder, name, `${file}.json`), { force: true });
        rmSync(join(folder, name, `${file}.json.ended`), { force: true });
      }
    }
  });

  const ports = () => ({ 8000: port, 9324: port, 9090: port, 5432: 15432, 6379: 16379 });
  const here = (...names: (keyof typeof images)[]): DockerState => ({
    ports: ports(),
    images: names.map((name) => images[name]),
  });
  const everything = () => here("table", "queue", "bucket", "postgres", "cache");
  const run = async (...args: string[]) => {
    const printed = { out: [] as string[], err: "" };
    const code = await devCommand(
      args,
      {
        out: (line) => printed.out.push(line),
        err: (line) => {
          printed.err += `${line}\n`;
        },
      },
      folder,
    );
    return { code, ...printed };
  };
  const started = (...args: string[]) => ({
    environment: JSON.parse(readFileSync(join(folder, ...args), "utf8")) as Record<string, string>,
  });
  const calls = (command: string) =>
    docker.calls
      .filter((call) => call.startsWith(`docker ${command}`))
      .map((call) => call.replaceAll(`-${process.pid}`, "-PID"));
  /** All that were started are removed, and nothing was downloaded. */
  const removed = () => {
    const names = calls("run").map((call) => / --name (\S+) /.exec(call)?.[1]);
    const gone = calls("rm").map((call) => call.replace("docker rm --force --volumes ", ""));
    assert.deepEqual(gone.sort(), names.sort());
    assert.deepEqual(calls("pull"), []);
    return names.length;
  };

  it("gives a service each variable of the contract that has a stand-in", async () => {
    docker.set({ docker: everything() });
    const { code, out, err } = await run("shop");
    assert.deepEqual([code, err], [0, ""]);
    const { environment } = started("shop", "shop.json");
    const names = Object.entries(resources).flatMap(([name, { kind }]) => {
      const { variables, secrets } = linkRules[kind as ResourceConfig["kind"]];
      return [...variables, ...secrets].map((suffix) => stemOf(name) + suffix);
    });
    const by = (name: string) => environment[name];
    assert.deepEqual(
      names.filter((name) => by(name) === undefined),
      ["PLACED_ARN", "PAYMENT_KEY"],
    );
    const at = `127.0.0.1:${port}`;
    assert.deepEqual(["ORDERS_TABLE", "INVOICES_BUCKET", "MAILS_URL", "POSTINGS_URL"].map(by), [
      "orders",
      "invoices",
      `http://${at}/000000000000/mails`,
      `http://${at}/000000000000/postings.fifo`,
    ]);
    assert.deepEqual(
      ["LEDGER_HOST", "LEDGER_PORT", "LEDGER_DATABASE", "LEDGER_USER", "SESSIONS_URL"].map(by),
      ["127.0.0.1", "15432", "app", "app", "redis://127.0.0.1:16379"],
    );
    for (const kind of ["DYNAMODB", "SQS", "S3"]) {
      assert.equal(by(`AWS_ENDPOINT_URL_${kind}`), `http://${at}`);
    }
    assert.deepEqual(["AWS_REGION", "AWS_ACCESS_KEY_ID"].map(by), ["eu-central-1", "standin"]);
    const password = by("LEDGER_PASSWORD");
    assert.match(password ?? "", /^[0-9a-f]{24}$/);
    assert.match(calls("run").join("\n"), new RegExp(`POSTGRES_PASSWORD=${password} `));
    assert.ok(
      out.includes(`orders       table     DynamoDB Local at http://${at}, ORDERS_TABLE=orders`),
    );
    assert.ok(out.includes("payment-key  secret    set PAYMENT_KEY"));
    assert.ok(out.includes("placed       topic     no stand-in is kept well: set PLACED_ARN"));
    assert.equal(out.length, Object.keys(all).length + 1);
    assert.ok(!existsSync(by("UPLOADS_PATH") ?? folder), "its folder is gone");
    assert.equal(removed(), 5);
  });

  it("starts one container for all resources of an endpoint, on this machine alone", async () => {
    docker.set({ docker: everything() });
    await run("shop");
    const first = "docker run --detach --pull never --name";
    const runs = calls("run").map((call) => call.replace(/PASSWORD=\w+/, "PASSWORD=x"));
    assert.deepEqual(runs.sort(), [
      `${first} dev-invoices-PID --publish 127.0.0.1::9090 adobe/s3mock`,
      `${first} dev-ledger-PID --publish 127.0.0.1::5432 --env POSTGRES_DB=app --env POSTGRES_USER=app --env POSTGRES_PASSWORD=x postgres:17`,
      `${first} dev-mails-PID --publish 127.0.0.1::9324 softwaremill/elasticmq-native -Dnode-address.host=*`,
      `${first} dev-orders-PID --publish 127.0.0.1::8000 amazon/dynamodb-local -jar DynamoDBLocal.jar -inMemory -sharedDb`,
      `${first} dev-sessions-PID --publish 127.0.0.1::6379 valkey/valkey:8`,
    ]);
    assert.deepEqual(calls("exec"), [
      "docker exec dev-ledger-PID pg_isready --host 127.0.0.1 --username app",
      "docker exec dev-sessions-PID valkey-cli ping",
    ]);
  });

  it("makes what the settings say", async () => {
    docker.set({ docker: everything() });
    await run("shop");
    const bodies = (target: string) =>
      asked.filter((one) => one.target?.endsWith(`.${target}`)).map(({ body }) => JSON.parse(body));
    const key = (AttributeName: string, KeyType: string) => ({ AttributeName, KeyType });
    assert.deepEqual(bodies("CreateTable"), [
      {
        TableName: "orders",
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [
          { AttributeName: "id", AttributeType: "S" },
          { AttributeName: "at", AttributeType: "N" },
        ],
        KeySchema: [key("id", "HASH"), key("at", "RANGE")],
      },
      {
        TableName: "customers",
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [
          { AttributeName: "id", AttributeType: "S" },
          { AttributeName: "mail", AttributeType: "S" },
        ],
        KeySchema: [key("id", "HASH")],
        GlobalSecondaryIndexes: [
          {
            IndexName: "byMail",
            KeySchema: [key("mail", "HASH")],
            Projection: { ProjectionType: "ALL" },
          },
        ],
      },
    ]);
    assert.deepEqual(bodies("UpdateTimeToLive"), [
      {
        TableName: "orders",
        TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
      },
    ]);
    const [deadLetters, mails, , postings] = bodies("CreateQueue");
    assert.deepEqual(deadLetters, {
      QueueName: "mails-dead-letters",
      Attributes: { MessageRetentionPeriod: "1209600", ReceiveMessageWaitTimeSeconds: "20" },
    });
    assert.deepEqual(mails, {
      QueueName: "mails",
      Attributes: {
        VisibilityTimeout: "60",
        MessageRetentionPeriod: "345600",
        ReceiveMessageWaitTimeSeconds: "20",
        RedrivePolicy:
          '{"deadLetterTargetArn":"arn:aws:sqs:elasticmq:000000000000:dead","maxReceiveCount":3}',
      },
    });
    assert.deepEqual(
      [postings.QueueName, postings.Attributes.FifoQueue],
      ["postings.fifo", "true"],
    );
    assert.deepEqual(
      asked.flatMap(({ path }) => (path.startsWith("PUT") ? [path] : [])),
      ["PUT /invoices", "PUT /invoices?versioning"],
    );
  });

  it("says what would give it, where the image is not here, and starts the service", async () => {
    docker.set({ docker: here("cache") });
    const { code, out } = await run("shop");
    assert.equal(code, 0);
    for (const line of [
      "orders       table     not here: docker pull amazon/dynamodb-local, or set ORDERS_TABLE, CUSTOMERS_TABLE, AWS_ENDPOINT_URL_DYNAMODB",
      "ledger       postgres  not here: docker pull postgres:17, or set LEDGER_HOST, LEDGER_PORT, LEDGER_DATABASE, LEDGER_USER, LEDGER_PASSWORD",
    ]) {
      assert.ok(out.includes(line), out.join("\n"));
    }
    const { environment } = started("shop", "shop.json");
    assert.equal(environment.SESSIONS_HOST, "127.0.0.1");
    // Nothing of AWS is played, so credentials stay what they are.
    for (const name of ["ORDERS_TABLE", "AWS_ACCESS_KEY_ID", "AWS_REGION"]) {
      assert.equal(environment[name], undefined);
    }
    assert.equal(removed(), 1);
  });

  it("leaves what the environment sets as it is, and plays nothing beside it", async () => {
    Object.assign(process.env, {
      ...{ ORDERS_TABLE: "mine", LEDGER_HOST: "db.example.com", AWS_REGION: "eu-west-1" },
      AWS_PROFILE: "me",
    });
    docker.set({ docker: everything() });
    const { out } = await run("shop");
    const { environment } = started("shop", "shop.json");
    assert.deepEqual(
      ["ORDERS_TABLE", "LEDGER_HOST", "AWS_REGION", "AWS_ACCESS_KEY_ID"].map(
        (name) => environment[name],
      ),
      ["mine", "db.example.com", "eu-west-1", undefined],
    );
    // Its endpoint would lead away from the table that is set.
    for (const name of ["CUSTOMERS_TABLE", "AWS_ENDPOINT_URL_DYNAMODB", "LEDGER_PORT"]) {
      assert.equal(environment[name], undefined, name);
    }
    assert.ok(
      out.includes("customers    table     ORDERS_TABLE is set here; set CUSTOMERS_TABLE too"),
    );
    assert.ok(out.includes("orders       table     ORDERS_TABLE is set here"));
    assert.equal(removed(), 3);
    assert.ok(calls("run").every((call) => !/dynamodb|postgres/.test(call)));
  });

  for (const [title, name, value] of [
    [
      "a resource of AWS itself is set",
      "PLACED_ARN",
      "arn:aws:sns:eu-central-1:111122223333:placed",
    ],
    ["a profile is set", "AWS_PROFILE", "me"],
    ["others are set", "AWS_ACCESS_KEY_ID", "mine"],
  ] as const) {
    it(`gives no dummy credentials where ${title}`, async () => {
      process.env[name] = value;
      docker.set({ docker: here("table") });
      await run("shop");
      const { environment } = started("shop", "shop.json");
      assert.equal(environment.AWS_SECRET_ACCESS_KEY, undefined);
      assert.deepEqual([environment[name], environment.ORDERS_TABLE], [value, "orders"]);
    });
  }

  it("starts the service with what the environment has, where no engine answers", async () => {
    docker.set({ failing: { docker: "Cannot connect to the Docker daemon" } });
    const { code, out } = await run("mailer");
    assert.equal(code, 0);
    assert.deepEqual(out, [
      "No Docker engine answers: Cannot connect to the Docker daemon; set MAILS_URL, AWS_ENDPOINT_URL_SQS",
    ]);
    assert.ok(started("shop", "mailer.json"));
  });

  it("starts the first service of a package.json, and asks Docker nothing where it uses nothing", async () => {
    const { code, out } = await run();
    assert.deepEqual([code, out, docker.calls], [0, [], []]);
    assert.ok(started("plain", "plain.json"));
  });

  it("ends the others with the first that ends", async () => {
    process.env.STAY = "mailer.json";
    docker.set({ docker: everything() });
    const { code, err } = await run("mailer", "broken");
    assert.deepEqual([code, err], [1, "broken has ended with code 7\n"]);
    assert.equal(removed(), 2);
  });

  it("exits with 1 after a service that fails, and removes its stand-ins", async () => {
    docker.set({ docker: everything() });
    const { code, err } = await run("broken");
    assert.deepEqual([code, err], [1, "broken has ended with code 7\n"]);
    assert.equal(removed(), 1);
  });

  const failures: [string, () => void, RegExp, number][] = [
    [
      "ends at once",
      () =>
        docker.set({
          docker: { ...everything(), ports: { 9324: 1 }, ended: { ExitCode: 1 }, log: "no memory" },
        }),
      /^ElasticMQ has ended: no memory$/m,
      1,
    ],
    [
      "refuses the resource",
      () => {
        refuse = "AmazonSQS.CreateQueue";
        docker.set({ docker: everything() });
      },
      /^mails: ElasticMQ: AmazonSQS.CreateQueue is refused with 400: \{"message":"no such key"\}$/m,
      1,
    ],
    [
      "does not start",
      () => docker.set({ docker: everything(), failing: { "docker run": "no space left" } }),
      /^ElasticMQ does not start: no space left$/m,
      1,
    ],
  ];
  for (const [title, prepare, expected, count] of failures) {
    it(`exits with 1 where a stand-in ${title}, without the service`, async () => {
      prepare();
      const { code, err } = await run("mailer");
      assert.match(err, expected);
      assert.equal(code, 1);
      assert.ok(!existsSync(join(folder, "shop", "mailer.json")));
      assert.equal(removed(), count);
    });
  }

  const wrong: [string[], RegExp][] = [
    [["gone"], /^There is no service "gone"; allowed: pulled, plain, shop, /],
    [
      ["pulled"],
      /^services\.pulled\.image is not built of a folder .*; allowed: plain, shop, broken$/m,
    ],
    [["sums"], /^services\.sums\.image is not built of a folder/],
    [["silent"], /^services\.silent: .* has no script "dev:silent", which starts it$/m],
    [["--stack", "nowhere"], /^There is no stack "nowhere"/],
    [["shop", "shop"], /^shop is named twice\n[\s\S]*usage: npm run dev/],
    [["--stak", "dev"], /usage: npm run dev/],
  ];
  for (const [args, expected] of wrong) {
    it(`exits with 2 on: ${args.join(" ")}`, async () => {
      const { code, err } = await run(...args);
      assert.match(err, expected);
      assert.deepEqual([code, docker.calls], [2, []]);
    });
  }

  it("exits with 2 on settings that the program refuses", async () => {
    const file = join(folder, "Pulumi.bad.yaml");
    const text = readFileSync(join(folder, "Pulumi.dev.yaml"), "utf8");
    writeFileSync(file, text.replace("kind: cache", "kind: cash"));
    const { code, err } = await run("--stack", "bad");
    assert.equal(code, 2);
    assert.match(err, /^Pulumi\.bad\.yaml: [\s\S]*resources\.sessions/);
  });

  /** Runs it in a process of its own until `reached`, then interrupts it. */
  const interrupted = async (names: string[], reached: () => boolean) => {
    const script = `import { devCommand } from ${JSON.stringify(join(root, "tools/dev/dev-command.ts"))};
      const lines = { out: console.log, err: console.error };
      devCommand(${JSON.stringify(names)}, lines, ${JSON.stringify(folder)}).then((code) => process.exit(code));`;
    const file = join(folder, "interrupted.mts");
    writeFileSync(file, script);
    const child = spawn(process.execPath, ["--import", join(root, "tools/typescript.js"), file], {
      stdio: "ignore",
      env: { ...process.env, STAY: "mailer.json shop.json" },
    });
    const ended = once(child, "exit");
    while (child.exitCode === null && !reached()) await wait(20);
    child.kill("SIGINT");
    return (await ended)[0];
  };

  it("ends service and stand-ins with Ctrl-C", async () => {
    docker.set({ docker: everything() });
    const environment = join(folder, "shop", "mailer.json");
    const code = await interrupted(["mailer"], () => existsSync(environment));
    assert.equal(code, 0);
    // Told once, and waited for.
    assert.equal(readFileSync(`${environment}.ended`, "utf8"), "SIGINT, end");
    assert.equal(removed(), 1);
  });

  it("starts several that share their stand-ins, each with what it uses", async () => {
    docker.set({ docker: everything() });
    const files = ["shop.json", "mailer.json"].map((file) => join(folder, "shop", file));
    const code = await interrupted(["shop", "mailer"], () => files.every((one) => existsSync(one)));
    assert.equal(code, 0);
    const [shop = {}, mailer = {}] = ["shop.json", "mailer.json"].map(
      (file) => started("shop", file).environment,
    );
    assert.ok(mailer.MAILS_URL);
    assert.equal(mailer.MAILS_URL, shop.MAILS_URL);
    assert.deepEqual([mailer.ORDERS_TABLE, shop.ORDERS_TABLE], [undefined, "orders"]);
    assert.equal(removed(), 5);
  });

  it("removes what it has started when Ctrl-C comes before the service", async () => {
    docker.set({ docker: { ...everything(), ports: { 9324: 1 } } });
    const runs = () => docker.calls.some((call) => call.startsWith("docker inspect"));
    assert.equal(await interrupted(["mailer"], runs), 0);
    assert.ok(!existsSync(join(folder, "shop", "mailer.json")));
    assert.equal(removed(), 1);
  });
});
