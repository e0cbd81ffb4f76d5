import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { evaluate } from "../../../tools/graph/evaluate.ts";
import { linkedProject } from "../../../tools/graph/linked-project.ts";
import { isNewer } from "../../../tools/operate/addon-versions.ts";
import { kubernetesApis } from "../../../tools/operate/kubernetes-apis.ts";
import { awsClients, statusActions } from "../../../tools/operate/status/aws-clients.ts";
import { statusCommand } from "../../../tools/operate/status/status-command.ts";
import { costOf } from "../../../tools/plan/cost/cost.ts";
import { accessDenied, answered } from "../../support/aws-answers.ts";
import { allows } from "../../support/iam-simulate.ts";
import { forbidden, serveKubernetes } from "../../support/kubernetes-server.ts";
import { printing } from "../../support/printing.ts";
import { aws, image, kubernetes, now, settings } from "./status-fixtures.ts";
import { type Changes, path, remarks, troubles } from "./status-troubles.ts";

describe("npm run status", function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = linkedProject("status-");
    writeFileSync(join(folder, "Pulumi.shop.yaml"), settings);
  });
  after(() => rmSync(folder, { recursive: true }));

  async function status(args: string[], { cluster = {}, account = {} }: Changes = {}) {
    const { terminal, printed } = printing();
    const { kubeConfig, asked, stop } = await serveKubernetes({ ...kubernetes, ...cluster });
    const code = await statusCommand(
      ["--stack", "shop", ...args],
      terminal,
      folder,
      async ({ region }) => ({
        aws: answered(awsClients(region), { ...aws, ...account }),
        kubernetes: kubernetesApis(kubeConfig),
        now: () => now,
      }),
    ).finally(stop);
    return { code, asked, ...printed, words: printed.out.replace(/\s+/g, " ") };
  }

  it("shows services, jobs, alarms and cluster as the page of operations does", async () => {
    const { code, out } = await status(["--cost"]);
    assert.equal(code, 0);
    assert.ok(readFileSync("docs/operate.md", "utf8").includes(out), out);
  });

  describe("--cost", () => {
    interface Asked {
      TimePeriod: object;
      Filter: object;
    }
    const costs = (Amount: string, asked: Asked[] = []) => ({
      GetCostAndUsageCommand: (input: Asked) => {
        asked.push(input);
        return { ResultsByTime: [{ Total: { UnblendedCost: { Amount, Unit: "USD" } } }] };
      },
    });
    const refuses = (name: string, message: string) => ({
      GetCostAndUsageCommand: () => {
        throw Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 400 } });
      },
    });
    const atRest = async () => costOf((await evaluate("shop", folder)).resources).monthly;
    const usd = (words: string, after: string) =>
      Number(new RegExp(`\\$([\\d.]+) ${after}`).exec(words)?.[1]);

    it("asks Cost Explorer, which costs money, only when it is told to", async () => {
      const asked: Asked[] = [];
      const account = costs("1.5", asked);
      assert.doesNotMatch((await status([], { account })).out, /cost/);
      assert.deepEqual(asked, []);
      assert.match((await status(["--cost"], { account })).out, /\$1\.50 since the first/);
      const [{ TimePeriod, Filter } = { TimePeriod: {}, Filter: {} }] = asked;
      assert.deepEqual(TimePeriod, { Start: "2026-11-01", End: "2026-12-01" });
      const tagged = (Key: string, value: string) => ({ Tags: { Key, Values: [value] } });
      const [{ Or } = { Or: [] }] = (Filter as { And: { Or: object[] }[] }).And;
      assert.deepEqual(Or, [
        { And: [tagged("project", "platform"), tagged("stack", "shop")] },
        tagged("Name", "platform-shop-node"),
        tagged("elbv2.k8s.aws/cluster", "platform-shop"),
      ]);
      assert.match(JSON.stringify(Filter), /"Not":.*"Credit","Refund"/);
    });

    it("asks once, however often the page is printed", async () => {
      const asked: Asked[] = [];
      let pages = 0;
      const made = () => {
        pages += 1;
        if (pages === 3) process.emit("SIGINT");
        return { cluster: { version: "1.36", status: "ACTIVE" } };
      };
      const account = { ...costs("1.5", asked), DescribeClusterCommand: made };
      const { out } = await status(["--cost", "--watch", "1"], { account });
      assert.equal(out.split("$1.50 since").length - 1, 3);
      assert.equal(asked.length, 1);
    });

    it("compares with the plan's price at rest, of the part of the month that has passed", async () => {
      const monthly = await atRest();
      const { words } = await status(["--cost"], { account: costs("1.5") });
      assert.equal(usd(words, "a month"), Number(monthly.toFixed(2)));
      const hours = 29 * 24 + 12;
      assert.equal(usd(words, "until now"), Number(((monthly * hours) / 730).toFixed(2)));
    });

    it("counts the plan from the day on which the cluster was made", async () => {
      const createdAt = new Date("2026-11-20T12:00:00Z");
      const made = () => ({ cluster: { version: "1.36", status: "ACTIVE", createdAt } });
      const account = { ...costs("1.5"), DescribeClusterCommand: made };
      const { words } = await status(["--cost"], { account });
      const expected = ((await atRest()) * 240) / 730;
      assert.equal(usd(words, "until now"), Number(expected.toFixed(2)));
    });

    it("does not say $0 where the tags are not activated, which Cost Explorer answers by 0", async () => {
      const { code, words, out } = await status(["--cost"], { account: costs("0") });
      assert.equal(code, 0, out);
      assert.match(words, /cost Cost Explorer has nothing with the stack.s tags/);
      assert.match(words, /cost allocation tags in the payer account/);
      assert.doesNotMatch(words, /\$0\.00/);
    });

    it("says in one line what is missing where it is refused, and ends as without it", async () => {
      const denied = refuses("AccessDeniedException", accessDenied("ce:GetCostAndUsage").message);
      const cases = [
        [denied, /cost not readable: needs ce:GetCostAndUsage/],
        [
          refuses("AccessDeniedException", "User not enabled for cost explorer access"),
          /cost not readable: ce:GetCostAndUsage: Cost Explorer is not enabled; open it once/,
        ],
        [
          refuses("DataUnavailableException", "The requested data is unavailable."),
          /cost not readable: ce:GetCostAndUsage: The requested data is unavailable/,
        ],
      ] as const;
      for (const [account, expected] of cases) {
        const { code, words } = await status(["--cost"], { account });
        assert.equal(code, 0, words);
        assert.match(words, expected);
      }
    });
  });

  it("shows one service or job alone, and tells which there are", async () => {
    const { out, asked } = await status(["web"]);
    assert.match(out, /service web/);
    assert.doesNotMatch(out, /mailer|nightly|cluster\n/);
    assert.ok(asked.every((url) => url.includes("/namespaces/web/")));
    const { code, err } = await status(["shop"]);
    assert.equal(code, 2);
    assert.match(err, /no service or job "shop"; it has: mailer, nightly, web/);
  });

  it("says that a stack has no alarms", async () => {
    const without = settings.replace("alarms: { enabled: true,", "alarms: { enabled: false,");
    writeFileSync(join(folder, "Pulumi.silent.yaml"), without);
    const { out } = await status(["--stack", "silent"], {
      account: {
        DescribeAlarmsCommand: () => {
          throw accessDenied("cloudwatch:DescribeAlarms");
        },
      },
    });
    assert.match(out, /alarms\n {2}off: platform:alarms\.enabled is false/);
  });

  it("says that a stack sleeps by its schedule, and does not miss its nodes and pods then", async () => {
    const schedule = `maxSize: 6, schedule: { sleep: "0 19 * * *", wake: "0 7 * * *" } }`;
    writeFileSync(join(folder, "Pulumi.office.yaml"), settings.replace("maxSize: 6 }", schedule));
    const sized = (minSize: number): Changes => ({
      cluster: { "/api/v1/nodes": { items: [] } },
      account: {
        DescribeNodegroupCommand: () => ({
          nodegroup: {
            status: "ACTIVE",
            scalingConfig: { minSize, desiredSize: minSize, maxSize: 6 },
          },
        }),
        DescribeTargetHealthCommand: () => ({ TargetHealthDescriptions: [] }),
      },
    });
    const asleep = await status(["--stack", "office"], sized(0));
    assert.match(asleep.words, /nothing is broken It sleeps .* npm run wake -- --stack office/);
    assert.equal(asleep.code, 0);
    for (const [stack, minSize] of [
      ["office", 3],
      ["shop", 0],
    ] as const) {
      const { code, words } = await status(["--stack", stack], sized(minSize));
      assert.match(words, /no healthy target of web/);
      assert.doesNotMatch(words, /It sleeps/);
      assert.equal(code, 1);
    }
  });

  it("tells the same as JSON", async () => {
    const { out } = await status(["--json"]);
    const data = JSON.parse(out);
    assert.deepEqual(data.broken, []);
    assert.equal(data.complete, true);
    assert.equal(data.services[0].pods.value.runs[0].image, image);
    assert.equal(data.services[0].targets.value.healthy, 2);
    assert.equal(data.cluster.support.value.standardDaysLeft, 244);
  });

  it("prints again until it is interrupted", async () => {
    setTimeout(() => process.emit("SIGINT"), 1500);
    const { code, out } = await status(["web", "--watch", "1"]);
    assert.equal(code, 0);
    assert.equal(out.split("service web").length - 1, 2);
  });

  for (const args of [["--watch", "soon"], ["--watch", "0"], ["web", "mailer"], ["--colour"]]) {
    it(`does not take ${args.join(" ")}`, async () => {
      const { code, err } = await status(args);
      assert.equal(code, 2);
      assert.match(err, /usage: npm run status/);
    });
  }

  for (const [title, changes, ...expected] of troubles) {
    it(`says ${title}`, async () => {
      const { code, words } = await status([], changes);
      for (const pattern of expected) assert.match(words, pattern);
      assert.equal(code, 1, words);
      assert.doesNotMatch(words, /nothing is broken/);
    });
  }

  for (const [title, changes, ...expected] of remarks) {
    it(`remarks ${title}, which is not broken`, async () => {
      const { code, words } = await status([], changes);
      for (const pattern of expected) assert.match(words, pattern);
      assert.equal(code, 0, words);
    });
  }

  it("says which action AWS refuses, and shows the rest", async () => {
    const refuses = (action: string) => () => {
      throw accessDenied(action);
    };
    const { code, words } = await status([], {
      account: {
        GetMetricDataCommand: refuses("cloudwatch:GetMetricData"),
        DescribeAlarmsCommand: refuses("cloudwatch:DescribeAlarms"),
        DescribeAddonCommand: refuses("eks:DescribeAddon"),
      },
      cluster: { "/api/v1/nodes": forbidden("nodes") },
    });
    assert.equal(code, 0);
    assert.match(words, /nothing that could be read is broken/);
    assert.match(words, /traffic not readable: needs cloudwatch:GetMetricData/);
    assert.match(words, /alarms not readable: needs cloudwatch:DescribeAlarms/);
    assert.match(words, /nodes not readable: needs Kubernetes: list nodes/);
    assert.match(words, /2 of 2 healthy/);
    assert.match(words, /1\.36, ACTIVE/);
  });

  it("ends with 3 where the cluster refuses pods", async () => {
    const { code, words } = await status([], {
      cluster: { [path.pods]: forbidden("pods", "web") },
    });
    assert.equal(code, 3);
    assert.match(words, /needs Kubernetes: list deployments and pods in web/);
  });

  it("ends with 3 where AWS does not answer, and says how", async () => {
    const { code, words } = await status([], {
      account: {
        DescribeAlarmsCommand: () => {
          throw Object.assign(new Error("getaddrinfo ENOTFOUND monitoring"), { code: "ENOTFOUND" });
        },
      },
    });
    assert.equal(code, 3);
    assert.match(words, /cloudwatch:DescribeAlarms: getaddrinfo ENOTFOUND monitoring/);
  });

  it("takes rights that AWS has and that only read", async () => {
    for (const action of statusActions) {
      assert.match(action, /^[a-z]+:(Describe|List|Get)[A-Z]/);
      const policy = { Effect: "Allow" as const, Action: action, Resource: "*" };
      const document = { Version: "2012-10-17" as const, Statement: [policy] };
      const powers = { name: "Developer", policies: [{ name: "status", document }] };
      assert.ok(await allows(powers, { action, resource: "*", context: {} }), action);
    }
    const page = readFileSync("docs/operate.md", "utf8");
    for (const action of statusActions) assert.ok(page.includes(`\`${action}\``), action);
  });

  it("knows which of two versions of an add-on is newer", () => {
    assert.ok(isNewer("v1.19.0-eksbuild.10", "v1.19.0-eksbuild.9"));
    assert.ok(isNewer("v1.20.0-eksbuild.1", "v1.19.9-eksbuild.9"));
    assert.ok(!isNewer("v1.19.0-eksbuild.9", "v1.19.0-eksbuild.10"));
    assert.ok(!isNewer("v1.19.0-eksbuild.9", "v1.19.0-eksbuild.9"));
  });
});
