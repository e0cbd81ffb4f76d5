import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { after, before, describe, it } from "mocha";
import { kubernetesApis } from "../../../tools/operate/kubernetes-apis.ts";
import { patternOf } from "../../../tools/operate/logs/log-entry.ts";
import { logActions } from "../../../tools/operate/logs/log-source.ts";
import { logsCommand } from "../../../tools/operate/logs/logs-command.ts";
import { accessDenied, answered } from "../../support/aws-answers.ts";
import { allows } from "../../support/iam-simulate.ts";
import { forbidden, serveKubernetes } from "../../support/kubernetes-server.ts";
import { listOf, namespaced, now, podOf, settings } from "./status-fixtures.ts";

interface LogEvent {
  eventId: string;
  timestamp: number;
  message: string;
}

interface Asked {
  logGroupName: string;
  startTime: number;
  filterPattern: string;
  nextToken?: string;
}

/** What Fluent Bit writes of a line: with Merge_Log_Key log_processed, if it is JSON. */
function event(time: string, pod: string, line: object | string): LogEvent {
  const namespace = pod.split("-")[0];
  const record = {
    time: `2026-11-30T${time}456789Z`,
    stream: "stdout",
    _p: "F",
    log: typeof line === "string" ? line : JSON.stringify(line),
    ...(typeof line === "object" && { log_processed: line }),
    kubernetes: {
      pod_name: pod,
      namespace_name: namespace,
      pod_id: "b1",
      host: "ip-10-0-1-10.eu-central-1.compute.internal",
      container_name: namespace,
    },
  };
  const timestamp = Date.parse(`2026-11-30T${time}Z`);
  return { eventId: `${time}-${pod}`, timestamp, message: JSON.stringify(record) };
}

const xray = "1-6745a0f0-0123456789abcdef01234567";
const w3c = "6745a0f00123456789abcdef01234567";
const request = (level: string, status: number, traceId?: string) => ({
  level,
  time: "2026-11-30T11:30:00.123Z",
  message: "request",
  requestId: "r1",
  ...(traceId && { traceId }),
  method: "GET",
  route: "/orders/:id",
  status,
  durationMs: 12.345,
  bytes: 10,
  client: "203.0.113.9",
});

const written = [
  event("10:00:00.000", "web-old-1", request("info", 200)),
  event("11:30:00.123", "web-1a2b-x1", request("error", 500, xray)),
  event("11:30:00.200", "mailer-9c-y1", { level: "info", msg: "sent", trace_id: w3c, to: 2 }),
  event("11:31:00.000", "web-1a2b-x2", "Listening on 8080\n"),
  event("11:32:00.000", "web-1a2b-x2", {
    level: 40,
    msg: "slow",
    err: { message: "late", stack: "Error: late\n    at query" },
  }),
];

/** CloudWatch's filter patterns, those that the command writes: `{ $.field = "text" && … }` and `?"term" …`. */
function matches(pattern: string, message: string): boolean {
  if (pattern.startsWith("?")) {
    return [...pattern.matchAll(/\?"([^"]+)"/g)].some(([, term = ""]) => message.includes(term));
  }
  const known = /\$((?:\.\w+)+) (=|>=) ("[^"]*"|\d+)/g;
  const expression = pattern.replace(known, (_, path, operator, value) => {
    const found = path
      .slice(1)
      .split(".")
      .reduce(
        (of: Record<string, unknown> | undefined, key: string) => of?.[key],
        JSON.parse(message),
      );
    const wanted = JSON.parse(value);
    return String(
      operator === "=" ? found === wanted : typeof found === "number" && found >= wanted,
    );
  });
  const [, formula = ""] = /^\{ ([truefals()&| ]+) \}$/.exec(expression) ?? assert.fail(expression);
  return Function(`return ${formula}`)();
}

describe("npm run logs", function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "logs-"));
    copyFileSync("Pulumi.yaml", join(folder, "Pulumi.yaml"));
    writeFileSync(join(folder, "Pulumi.shop.yaml"), settings);
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Answers one event a page, as CloudWatch may. */
  async function logs(args: string[], changes: Changes = {}) {
    const { events = () => written, cluster = {}, fails } = changes;
    const said = { out: "", err: "" };
    const asked: Asked[] = [];
    const { kubeConfig, asked: urls, stop } = await serveKubernetes(cluster);
    const filterLogEvents = (input: Asked) => {
      if (fails) throw fails;
      asked.push(input);
      const found = events(asked.length)
        .filter(({ timestamp }) => timestamp >= input.startTime)
        .filter(({ message }) => matches(input.filterPattern, message));
      const at = Number(input.nextToken ?? 0);
      return {
        events: found.slice(at, at + 1),
        ...(at + 1 < found.length && { nextToken: String(at + 1) }),
      };
    };
    const terminal = {
      out: (text: string) => {
        said.out += text;
        changes.heard?.(said.out);
      },
      err: (text: string) => {
        said.err += text;
      },
      color: false,
    };
    const code = await logsCommand(["--stack", "shop", ...args], terminal, folder, (stack) => ({
      logs: answered(
        { logs: new CloudWatchLogsClient({ region: stack.region }) },
        { FilterLogEventsCommand: filterLogEvents },
      ).logs,
      kubernetes: async () => kubernetesApis(kubeConfig),
      now: () => now,
    })).finally(stop);
    return { code, asked, urls, ...said };
  }
  interface Changes {
    events?: (times: number) => LogEvent[];
    cluster?: Parameters<typeof serveKubernetes>[0];
    fails?: Error;
    heard?: (out: string) => void;
  }

  it("shows the lines of a service of an hour, for people", async () => {
    const { code, out, asked } = await logs(["web"]);
    assert.equal(code, 0);
    assert.equal(
      out,
      `2026-11-30 UTC
11:30:00.123 ERROR web-1a2b-x1 GET /orders/:id 500 12 ms traceId=${xray}
11:31:00.000       web-1a2b-x2 Listening on 8080
11:32:00.000 WARN  web-1a2b-x2 slow
    Error: late
        at query
`,
    );
    assert.ok(readFileSync("docs/operate.md", "utf8").includes(out), out);
    assert.equal(asked[0]?.logGroupName, "/aws/containerinsights/platform-shop/application");
  });

  it("shows pods that are gone, so far back as it is told", async () => {
    const { out } = await logs(["web", "--since", "1d"]);
    assert.match(out, /10:00:00\.000 INFO {2}web-old-1 GET \/orders\/:id 200 12 ms/);
  });

  for (const [level, expected] of [
    ["debug", ["error", "warn"]],
    ["warn", ["error", "warn"]],
    ["error", ["error"]],
  ] as const) {
    it(`shows lines that are at least ${level}, by CloudWatch's filter`, async () => {
      const { out } = await logs(["web", "--level", level, "--json"]);
      const shown = out.trim().split("\n");
      assert.deepEqual(
        shown.map((line) => JSON.parse(line).level),
        expected,
      );
    });
  }

  it("keeps within what CloudWatch takes as a pattern", () => {
    const pattern = patternOf({ namespace: "n".repeat(63), level: "trace" });
    assert.ok(pattern.length <= 1024, String(pattern.length));
  });

  for (const id of [xray, w3c]) {
    it(`shows a request across services, by the trace id ${id}`, async () => {
      const { out, code } = await logs(["--trace", id]);
      assert.equal(code, 0);
      assert.match(out, /ERROR web-1a2b-x1 .*\n.*INFO {2}mailer-9c-y1 sent trace_id=\w+ to=2\n$/);
      const { out: ofMailer } = await logs(["mailer", "--trace", id]);
      assert.doesNotMatch(ofMailer, /web-/);
      assert.match(ofMailer, /mailer-9c-y1/);
    });
  }

  it("tells the same as JSON, a line each", async () => {
    const { out } = await logs(["web", "--json"]);
    const [first] = out.split("\n").map((line) => line && JSON.parse(line));
    assert.equal(first.time, "2026-11-30T11:30:00.123Z");
    assert.equal(first.pod, "web-1a2b-x1");
    assert.equal(first.level, "error");
    assert.equal(first.fields.status, 500);
  });

  it("follows what comes, late too, each line once, until it is interrupted", async () => {
    const late = event("11:31:59.000", "web-1a2b-x1", "behind");
    const next = event("11:33:00.000", "web-1a2b-x1", "next");
    const { code, out } = await logs(["web", "--follow"], {
      events: (times) => (times > 3 ? [...written, late, next] : written),
      heard: (out) => {
        if (out.includes("next")) process.emit("SIGINT");
      },
    });
    assert.equal(code, 0);
    assert.deepEqual(out.match(/slow|behind|next|Listening/g), [
      "Listening",
      "slow",
      "behind",
      "next",
    ]);
  });

  const pods = {
    [namespaced("api/v1", "web", "pods")]: listOf([
      podOf("web", { name: "web-1" }),
      ...["2026-11-30T11:50:00Z", "2026-11-30T11:55:00Z"].map((finishedAt, at) =>
        podOf("web", {
          name: `web-2${at}`,
          container: {
            lastState: { terminated: { exitCode: 137, reason: "OOMKilled", finishedAt } },
          },
        }),
      ),
    ]),
  };

  it("shows the log of the container that ended last, and how it ended", async () => {
    const log = `2026-11-30T11:54:58.000000001Z {"level":"error","message":"no memory"}\n2026-11-30T11:54:59.5Z bye\n`;
    const { out, err, code, urls, asked } = await logs(["web", "--previous"], {
      cluster: { ...pods, "/api/v1/namespaces/web/pods/web-21/log": log },
    });
    assert.equal(code, 0);
    assert.match(
      err,
      /^web-21, container web, ended at 2026-11-30T11:55:00\.000Z: OOMKilled \(exit code 137\)$/m,
    );
    assert.equal(
      out,
      "2026-11-30 UTC\n11:54:58.000 ERROR web-21 no memory\n11:54:59.500       web-21 bye\n",
    );
    assert.match(urls.at(-1) ?? "", /container=web&previous=true&timestamps=true/);
    assert.deepEqual(asked, []);
  });

  it("ends with 1 where no container has ended, or no line is found", async () => {
    const { code, err } = await logs(["web", "--previous"]);
    assert.equal(code, 1);
    assert.match(err, /No container of web has ended/);
    assert.equal((await logs(["nightly"])).code, 1);
  });

  it("ends with 3 and says what is missing", async () => {
    const refused = await logs(["web"], { fails: accessDenied("logs:FilterLogEvents") });
    assert.equal(refused.code, 3);
    assert.match(refused.err, /needs logs:FilterLogEvents/);
    const fails = Object.assign(new Error("The specified log group does not exist."), {
      name: "ResourceNotFoundException",
    });
    const gone = await logs(["web"], { fails });
    assert.equal(gone.code, 3);
    assert.match(gone.err, /no log group \/aws\/containerinsights\/platform-shop\/application/);
    const list = namespaced("api/v1", "web", "pods");
    const pods = await logs(["web", "--previous"], {
      cluster: { [list]: forbidden("pods", "web") },
    });
    assert.equal(pods.code, 3);
    assert.match(pods.err, /needs Kubernetes: list pods and get pods\/log in web/);
  });

  for (const [args, says] of [
    [[], /Name one service or job, or give --trace/],
    [["shop"], /no service or job "shop"; it has: mailer, nightly, web/],
    [["web", "--level", "loud"], /--level: loud is not allowed; allowed: trace, debug/],
    [["web", "--since", "1w"], /--since: 1w is not allowed; allowed: a number with s, m, h or d/],
    [["--trace", 'x" || "'], /--trace: x" \|\| " is not allowed/],
    [["web", "--previous", "--follow"], /--previous is one log/],
  ] as const) {
    it(`does not take ${args.join(" ") || "nothing"}`, async () => {
      const { code, err } = await logs([...args]);
      assert.equal(code, 2);
      assert.match(err, says);
    });
  }

  it("takes a right that AWS has and that only reads", async () => {
    const resource =
      "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/containerinsights/platform-shop/application:*";
    for (const action of logActions) {
      const policy = { Effect: "Allow" as const, Action: action, Resource: resource };
      const document = { Version: "2012-10-17" as const, Statement: [policy] };
      const powers = { name: "Developer", policies: [{ name: "logs", document }] };
      assert.ok(await allows(powers, { action, resource, context: {} }), action);
      assert.ok(readFileSync("docs/operate.md", "utf8").includes(`\`${action}\``), action);
    }
  });
});
