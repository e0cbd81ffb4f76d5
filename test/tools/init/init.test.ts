import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, it } from "mocha";
import { parse } from "yaml";
import { evaluate, projectFolder } from "../../../tools/graph/evaluate.ts";
import { linkedProject } from "../../../tools/graph/linked-project.ts";
import { readCaller, readZones } from "../../../tools/init/account.ts";
import { type Ask, askTerminal, initCommand } from "../../../tools/init/init-command.ts";
import { questions } from "../../../tools/init/questions.ts";
import { printing } from "../../support/printing.ts";

const account = "444455556666";
const admin = `arn:aws:iam::${account}:role/Admin`;
const needed = ["--account", account, "--admins", admin, "--api-cidrs", "198.51.100.0/24"];
const files = ["Pulumi.dev.yaml", "Pulumi.prod.yaml"];

describe("npm run init", function () {
  this.timeout(60_000);
  let folder: string;
  let { terminal, printed } = printing();
  beforeEach(() => {
    folder = linkedProject("new-", (name) => files.includes(name));
    for (const name of files) {
      writeFileSync(join(folder, name), readFileSync(join(projectFolder, name)));
    }
    ({ terminal, printed } = printing());
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const init = (args: string[], { ask, known = {} }: { ask?: Ask; known?: object } = {}) =>
    initCommand(args, terminal, {
      folder,
      ask,
      account: async () => known,
      zones: async () => undefined,
    });
  const texts = () => files.map((name) => readFileSync(join(folder, name), "utf8"));
  const configs = () => texts().map((text) => parse(text).config);

  it("writes two stacks that have a plan, and nothing of nobody's account, and ends with the plan", async () => {
    const before = texts();
    assert.equal(await init([...needed, "--domain", "shop.example.org", "--yes"]), 0, printed.err);
    const [dev, prod] = configs();
    assert.deepEqual(
      [dev, prod].map((one) => one["platform:cluster"].name),
      ["platform-dev", "platform-prod"],
    );
    assert.equal(prod["platform:domain"].hostName, "shop.example.org");
    assert.equal(dev["platform:domain"].hostName, "dev.shop.example.org");
    for (const text of texts()) {
      assert.doesNotMatch(text, /111122223333|To run it|on-call@example/);
      assert.match(text, new RegExp(`^ {2}platform:accountId: "${account}"$`, "m"));
    }
    // What it does not ask for stays.
    assert.deepEqual(dev["platform:services"], parse(before[0] ?? "").config["platform:services"]);
    assert.match(
      printed.out,
      new RegExp(`^Stack dev: account ${account}, region eu-central-1$`, "m"),
    );
    assert.match(printed.out, /^Next:$/m);
    for (const stack of ["dev", "prod"])
      assert.ok((await evaluate(stack, folder)).resources.length);
  });

  it("puts an image of others behind the load balancer", async () => {
    const image = "ghcr.io/stefanprodan/podinfo:6.14.1";
    const flags = [
      "--image",
      image,
      "--service",
      "podinfo",
      "--port",
      "9898",
      "--health",
      "/readyz",
    ];
    assert.equal(await init([...needed, ...flags, "--yes"]), 0, printed.err);
    for (const config of configs()) {
      const { podinfo, ...others } = config["platform:services"];
      assert.deepEqual(Object.keys(others), []);
      assert.equal(podinfo.image.reference, image);
      assert.equal(podinfo.port, 9898);
      assert.equal(podinfo.health.ready, "/readyz");
    }
  });

  it("asks for what no flag says, and proposes what AWS knows", async () => {
    const asked: Record<string, string | undefined> = {};
    const ask: Ask = async ({ flag }, initial) => {
      asked[flag] = initial;
      return flag === "api-cidrs" ? "198.51.100.0/24" : initial;
    };
    const known = { accountId: account, principal: admin };
    assert.equal(await init(["--name", "shop"], { ask, known }), 0, printed.err);
    assert.deepEqual([asked.account, asked.admins], [account, admin]);
    assert.equal(asked.zones, "eu-central-1a,eu-central-1b,eu-central-1c");
    assert.ok(!("name" in asked) && !("hosted-zone" in asked) && !("port" in asked));
    assert.deepEqual(
      configs().map((one) => one["platform:cluster"].name),
      ["shop-dev", "shop-prod"],
    );
    assert.equal(configs()[1]["platform:alarms"], undefined);
  });

  it("takes answers from a terminal, and asks again after a wrong one", async () => {
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input });
    const output = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
    let shown = "";
    output.on("data", (chunk) => {
      shown += chunk;
    });
    const ask = askTerminal(input as never, output as never);
    const [question] = questions;
    assert.ok(ask && question);
    const answer = ask(question, undefined);
    for (const key of ["1", "2", "\r"]) input.write(key);
    await new Promise(setImmediate);
    assert.match(shown, /12 is not allowed: 12 digits/);
    for (const key of "3456789012") input.write(key);
    input.write("\r");
    assert.equal(await answer, "123456789012");
    assert.equal(askTerminal({ isTTY: false } as never), undefined);
  });

  it("writes nothing when the person leaves", async () => {
    const before = texts();
    assert.equal(await init(needed, { ask: async () => undefined }), 130);
    assert.deepEqual(texts(), before);
  });

  const wrong: [title: string, code: number, args: string[], says: RegExp][] = [
    ["an account", 2, ["--account", "12"], /--account: 12 is not allowed: 12 digits\n/],
    [
      "a region",
      2,
      ["--region", "eu-moon-1"],
      /--region: eu-moon-1 is not allowed: a region such as/,
    ],
    [
      "one zone",
      2,
      ["--zones", "eu-central-1a"],
      /--zones: eu-central-1a is not allowed: at least 2/,
    ],
    ["a name", 2, ["--name", "Shop"], /--name: Shop-prod is not allowed: 2 to 39 of a-z/],
    ["a principal", 2, ["--admins", "me"], /--admins: me is not allowed: the ARN of an IAM role/],
    ["a network", 2, ["--api-cidrs", "10.0.0.1"], /--api-cidrs: 10.0.0.1 is not allowed: /],
    ["a version", 2, ["--kubernetes", "1.20"], /--kubernetes: 1.20 is not allowed: /],
    [
      "an architecture",
      2,
      ["--architecture", "arm"],
      /--architecture: arm is not allowed: one of arm64, amd64/,
    ],
    [
      "a host name",
      2,
      ["--domain", "localhost"],
      /--domain: localhost is not allowed: a host name/,
    ],
    [
      "a hosted zone",
      2,
      ["--domain", "a.example.org", "--hosted-zone", "zone"],
      /--hosted-zone: zone is not allowed/,
    ],
    [
      "a port",
      2,
      ["--image", "a:1", "--port", "http"],
      /--port: http is not allowed: a port such as 8080/,
    ],
    ["a flag", 2, ["--regoin", "eu-west-1"], /Unknown option '--regoin'/],
    [
      "zones of another region",
      1,
      ["--zones", "us-east-1a,us-east-1b"],
      /us-east-1a is not a zone of region eu-central-1\n[\s\S]*Nothing is written\./,
    ],
    [
      "an image that is none",
      1,
      ["--image", "not an image"],
      /services\.web\.image\.reference: [\s\S]*Nothing is written\./,
    ],
  ];
  for (const [title, code, args, says] of wrong) {
    it(`refuses ${title} that cannot be, and writes nothing`, async () => {
      const before = texts();
      assert.equal(await init([...needed, "--yes", ...args]), code);
      assert.match(printed.err, says);
      assert.deepEqual(texts(), before);
    });
  }

  it("names the flag of what it cannot know", async () => {
    assert.equal(await init(["--account", account, "--admins", admin, "--yes"]), 2);
    assert.match(printed.err, /^--api-cidrs is missing: Networks that may reach/);
  });

  it("writes over an account's stacks only by force", async () => {
    assert.equal(await init([...needed, "--yes"]), 0);
    const before = texts();
    assert.equal(await init([...needed, "--name", "shop", "--yes"]), 1);
    assert.match(
      printed.err,
      /Pulumi.dev.yaml and Pulumi.prod.yaml: has an account already; allowed: --force/,
    );
    assert.deepEqual(texts(), before);
    assert.equal(await init([...needed, "--name", "shop", "--yes", "--force"]), 0);
    assert.equal(configs()[0]["platform:cluster"].name, "shop-dev");
  });
});

describe("what init asks AWS", () => {
  let folder: string;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "cli-")));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A PATH with an AWS CLI of these answers, by command. */
  const answering = (answers: Record<string, object>) => {
    const cases = Object.entries(answers).map(
      ([command, answer]) => `"${command}"*) echo '${JSON.stringify(answer)}' ;;`,
    );
    const script = `#!/bin/sh\ncase "$*" in\n${cases.join("\n")}\n*) exit 254 ;;\nesac\n`;
    writeFileSync(join(folder, "aws"), script, { mode: 0o755 });
    return { env: { PATH: `${folder}:/usr/bin:/bin` } };
  };
  const caller = (Arn: string) => ({ "sts get-caller-identity": { Account: account, Arn } });

  it("is the role of the credentials, with the path that a session's name leaves out", async () => {
    const options = answering({
      ...caller(`arn:aws:sts::${account}:assumed-role/Admin/me`),
      "iam get-role --role-name Admin": { Role: { Arn: `arn:aws:iam::${account}:role/it/Admin` } },
    });
    const principal = `arn:aws:iam::${account}:role/it/Admin`;
    assert.deepEqual(await readCaller(options), { accountId: account, principal });
  });

  it("is the account alone where the role may not be read, and a user as it is", async () => {
    const session = answering(caller(`arn:aws:sts::${account}:assumed-role/Admin/me`));
    assert.deepEqual(await readCaller(session), { accountId: account });
    const user = `arn:aws:iam::${account}:user/me`;
    const known = { accountId: account, principal: user };
    assert.deepEqual(await readCaller(answering(caller(user))), known);
  });

  it("is the zones of the region that EKS has", async () => {
    const zone = (ZoneName: string, ZoneId: string) => ({ ZoneName, ZoneId });
    const options = answering({
      "ec2 describe-availability-zones --region us-east-1 ": {
        AvailabilityZones: [zone("us-east-1b", "use1-az3"), zone("us-east-1a", "use1-az1")],
      },
    });
    assert.deepEqual(await readZones("us-east-1", options), ["us-east-1a"]);
  });

  it("is nothing without an AWS CLI or without credentials", async () => {
    assert.deepEqual(await readCaller(answering({})), {});
    assert.deepEqual(await readCaller({ env: { PATH: "/nowhere" } }), {});
    assert.equal(await readZones("us-east-1", { env: { PATH: "/nowhere" } }), undefined);
  });
});
