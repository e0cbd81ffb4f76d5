import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { ACMClient, ListCertificatesRequest } from "@aws-sdk/client-acm";
import { after, before, beforeEach, describe, it } from "mocha";
import { checks, diagnose } from "../../../../tools/operate/doctor/diagnose.ts";
import { pageOf } from "../../../../tools/operate/doctor/doctor-command.ts";
import { readSnapshot, type Sources } from "../../../../tools/operate/doctor/read.ts";
import { type AwsClients, awsClients } from "../../../../tools/operate/doctor/read-aws.ts";
import { type OperatedStack, operatedStack } from "../../../../tools/operate/operated-stack.ts";
import { showPage } from "../../../../tools/operate/page.ts";
import { startCluster } from "./cluster-server.ts";
import { at, healthyCluster, type Json, type World } from "./healthy.ts";
import { plantedFaults, set } from "./planted.ts";

let stack: OperatedStack;
let cluster: Awaited<ReturnType<typeof startCluster>>;
let world: World;

/** AWS's own clients, which get a world's answers instead of sending. */
function clientsOf({ aws }: World): AwsClients {
  const clients = awsClients("eu-central-1");
  const send = async (command: object) => {
    const name = command.constructor.name.replace(/Command$/, "");
    const answer = aws[name];
    if (!answer) throw new Error(`no answer to ${name}`);
    if (answer instanceof Error) throw answer;
    // ACM keeps certificates with other keys than RSA back, unless it is asked for them.
    const keys = (command as { input?: ListCertificatesRequest }).input?.Includes?.keyTypes;
    if (name === "ListCertificates" && !keys?.includes("EC_prime256v1")) return {};
    return answer;
  };
  for (const client of Object.values(clients)) {
    (client as ACMClient).send = send as unknown as ACMClient["send"];
  }
  return clients;
}

const sources = (): Sources => ({
  clients: clientsOf(world),
  kubeConfig: async () => cluster.kubeConfig,
  resolve: async (name) => {
    const answer = world.dns[name] ?? "ENOTFOUND";
    if (typeof answer === "string") throw Object.assign(new Error(answer), { code: answer });
    return answer;
  },
  exportState: async () => {
    if (world.state instanceof Error) throw world.state;
    return JSON.stringify(world.state);
  },
  now: () => at,
});

/** The stack, with Karpenter where its cluster has Karpenter's objects. */
const stackOfWorld = (): OperatedStack => {
  const { config } = stack;
  const { cluster } = config;
  const nodes = { ...cluster.nodes, kind: "karpenter" as const };
  return world.kubernetes.nodepools
    ? { ...stack, config: { ...config, cluster: { ...cluster, nodes } } }
    : stack;
};

const snapshot = () => readSnapshot(stackOfWorld(), sources());

async function printed(options = {}): Promise<{ text: string; code: number }> {
  let text = "";
  const out = (more: string) => {
    text += more;
  };
  const read = await snapshot();
  const code = await showPage(async () => pageOf(read), { out, err: out, color: false }, options);
  return { text, code };
}

describe("doctor", () => {
  before(async () => {
    stack = await operatedStack("prod");
    cluster = await startCluster(() => world);
  });
  it("finds no missing nodes and pods of a stack that sleeps by its schedule", async () => {
    const [first] = plantedFaults.filter(({ check }) => check === "pod-unscheduled");
    assert.ok(first);
    first.plant(world);
    const awake = await snapshot();
    assert.ok(diagnose(awake).length > 0);
    const sizes = { minSize: 0, desiredSize: 0, maxSize: 1 };
    const groups = awake.aws.nodeGroups?.map((one) => ({ ...one, scalingConfig: sizes }));
    const asleep = { ...awake, sleeps: true, aws: { ...awake.aws, nodeGroups: groups } };
    assert.deepEqual(diagnose(asleep), []);
    const lines = pageOf(asleep).sections.flatMap((section) => section.lines);
    assert.match(lines.join(), /It sleeps by nodes\.schedule.*npm run wake -- --stack prod/);
    assert.ok(diagnose({ ...asleep, sleeps: false }).length > 0, "nobody has meant it");
  });

  it("waits for a node that Karpenter has started, and not for long", async () => {
    const one = plantedFaults.find(({ name }) => name.endsWith("no memory, without an autoscaler"));
    assert.ok(one);
    one.plant(world);
    const read = await snapshot();
    const { events = [] } = read.kubernetes;
    const failed = events.find(({ reason }) => reason === "FailedScheduling");
    assert.ok(failed);
    const nominated = (seconds: number): typeof failed => ({
      ...{ ...failed, reason: "Nominated", message: "Pod should schedule on: nodeclaim/x" },
      lastTimestamp: new Date(at.getTime() - seconds * 1000),
    });
    const found = (seconds: number) =>
      diagnose({
        ...read,
        kubernetes: { ...read.kubernetes, events: [nominated(seconds), ...events] },
      }).map(({ check }) => check);
    assert.deepEqual(found(60), []);
    assert.deepEqual(found(700), ["pod-unscheduled"]);
  });

  beforeEach(() => {
    world = healthyCluster();
  });
  after(() => cluster.stop());

  it("finds nothing on a healthy stack, of which it reads all", async () => {
    const read = await snapshot();
    assert.deepEqual(read.unread, []);
    assert.deepEqual(diagnose(read), []);
    for (const answers of [read.kubernetes, read.aws]) {
      assert.deepEqual(
        Object.entries(answers).filter(([, answer]) => answer === undefined),
        [],
      );
    }
    assert.equal(read.kubernetes.pods?.length, 5);
    assert.equal(read.aws.targetGroups?.[0]?.resource, "web/web-web-14e3c55e:http");
    const { text, code } = await printed();
    assert.equal(text, "Stack prod, cluster platform-prod\n  Nothing is wrong.\n");
    assert.equal(code, 0);
  });

  for (const { name, check, cause, evidence, plant } of plantedFaults) {
    it(`names the cause alone: ${name}`, async () => {
      plant(world);
      const found = diagnose(await snapshot());
      assert.deepEqual(
        found.map((one) => one.check),
        [check],
        JSON.stringify(found, undefined, 1),
      );
      assert.match(found[0]?.cause ?? "", cause);
      assert.match(found[0]?.evidence ?? "", evidence);
      assert.ok(found[0]?.remedy);
      const { text, code } = await printed();
      assert.equal(code, 1);
      assert.deepEqual(
        text.split("\n").filter((line) => line.length > 80),
        [],
      );
    });
  }

  it("prints the example of docs/operate.md", async () => {
    const example = ["Ingress: too few subnets", "crash: out of memory"];
    for (const one of plantedFaults.filter(({ name }) => example.includes(name))) one.plant(world);
    world.refused.nodes = {
      ...{ code: 403, reason: "Forbidden" },
      message:
        'nodes is forbidden: User "arn:aws:sts::111122223333:assumed-role/Developer/ada" cannot list resource "nodes" in API group "" at the cluster scope',
    };
    const page = readFileSync("docs/operate.md", "utf8");
    const { text } = await printed();
    assert.ok(page.includes(`\n\`\`\`text\n${text}\`\`\`\n`), text);
  });

  it("still checks what it can read, and names the rest", async () => {
    plantedFaults.find(({ name }) => name === "crash: exit code")?.plant(world);
    world.aws.ListAddons = Object.assign(new Error("User is not authorized"), {
      name: "AccessDeniedException",
    });
    world.refused.ingresses = { code: 403, reason: "Forbidden", message: "ingresses is forbidden" };
    world.state = new Error("no stack named 'prod' found");
    world.dns["platform.example.com"] = "ETIMEOUT";
    const read = await snapshot();
    assert.deepEqual(
      diagnose(read).map(({ check }) => check),
      ["container-crash"],
    );
    assert.deepEqual(read.unread, [
      { what: "add-ons", why: "AccessDeniedException: User is not authorized" },
      { what: "ingresses", why: "ingresses is forbidden", status: 403 },
      { what: "DNS of platform.example.com", why: "ETIMEOUT" },
      { what: "Pulumi's state", why: "Error: no stack named 'prod' found", optional: true },
    ]);
  });

  it("joins objects of one cause", async () => {
    plantedFaults.find(({ name }) => name === "node: kubelet silent")?.plant(world);
    const [one, two] = world.kubernetes.nodes ?? [];
    set(two, { status: one?.status as Json });
    const { text } = await printed();
    assert.match(text, /^1\. Node ip-10-1-0-10\S+ and 1 more$/m);
    assert.match(text, /^ {2}also: {5}Node ip-10-1-1-10\S+$/m);
    assert.doesNotMatch(text, /^2\./m);
  });

  it("has a planted cause for each check", () => {
    assert.ok(plantedFaults.length >= 30, `${plantedFaults.length}`);
    const tried = new Set(plantedFaults.map(({ check }) => check));
    assert.deepEqual(
      checks.map(({ name }) => name).filter((name) => !tried.has(name)),
      [],
    );
  });
});
