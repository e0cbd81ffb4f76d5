import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "mocha";
import { parse } from "yaml";
import { Bucket } from "../../../infra/resources/bucket.ts";
import { Queue } from "../../../infra/resources/queue.ts";
import { Secret } from "../../../infra/resources/secret.ts";
import { Table } from "../../../infra/resources/table.ts";
import { Topic } from "../../../infra/resources/topic.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";
import { outlivedBy, prerequisites } from "../../../tools/graph/order.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { type Role, rolesOf } from "../../../tools/graph/roles.ts";
import { tightQuotas } from "../../../tools/plan/quotas.ts";
import { render } from "../../../tools/plan/render.ts";
import { emptySecrets } from "../../../tools/plan/secrets-section.ts";
import { policyViolations } from "../../../tools/plan/violations.ts";
import { allows } from "../../support/iam-simulate.ts";
import { evaluateData } from "../../support/other-settings.ts";
import { partsOf } from "../../support/resource-access.ts";

const settings = parse(
  readFileSync(new URL("../../recorded/Pulumi.data.yaml", import.meta.url), "utf8"),
).config;
const usesOf: Record<string, string[]> = Object.fromEntries(
  Object.entries<{ uses?: object }>({
    ...settings["platform:services"],
    ...settings["platform:jobs"],
  }).map(([workload, { uses = {} }]) => [workload, Object.keys(uses)]),
);
const queueType = "aws:sqs/queue:Queue";

describe("what services use", () => {
  let resources: Resource[];
  const named = (type: string, name: string) =>
    resources.find((one) => one.type === type && one.name === name);

  before(async () => {
    ({ resources } = await evaluateData());
  });

  it("is there before the pods, and goes after them", () => {
    const needs = prerequisites(resources);
    for (const workload of resources.filter(({ type }) => /:(Deployment|CronJob)$/.test(type))) {
      const survives = outlivedBy(workload.urn, needs);
      for (const name of usesOf[workload.inputs.metadata.namespace] ?? []) {
        const parts = partsOf(name, resources).filter(({ custom }) => custom);
        assert.ok(parts.length > 0, name);
        for (const { urn } of parts) assert.ok(survives.has(urn), `${workload.name} ${urn}`);
      }
    }
  });

  it("names in the plan each secret that a person fills, and who waits for it", () => {
    assert.deepEqual(emptySecrets(resources), [{ name: "payment-key", users: ["shop"] }]);
    const evaluation = { stack: "data", functions: [], outputs: {}, secretKeys: [], resources };
    assert.match(render(evaluation), /Empty secret\)\n\s*payment-key: shop waits for its value/);
  });

  it("comes near the indexes of a table that AWS makes", () => {
    const [table] = resources.filter(({ type }) => type === "aws:dynamodb/table:Table");
    const full = structuredClone(table) as Resource;
    full.inputs.globalSecondaryIndexes = Array.from({ length: 12 }, (_, at) => ({
      name: `by${at}`,
    }));
    assert.ok(
      tightQuotas([full]).some(({ what, used }) => /indexes of a table/.test(what) && used === 12),
    );
    assert.ok(!tightQuotas(resources).some(({ what }) => /indexes of a table/.test(what)));
  });

  it("keeps every rule of the policy pack", () => {
    assert.deepEqual(policyViolations(resources), []);
  });

  it("lets KEDA count the messages of the queue that a service is scaled by, and of no other", async () => {
    const keda = rolesOf(resources).find(({ name }) => name.startsWith("keda-")) as Role;
    const queues = resources.filter(({ type }) => type === queueType);
    assert.ok(queues.length > 2);
    for (const { name, outputs } of queues) {
      const request = { action: "sqs:GetQueueAttributes", resource: outputs.arn, context: {} };
      assert.equal(await allows(keda, request), name === "mails", name);
    }
    const scaled = resources.find(({ type }) => type.endsWith(":ScaledObject"));
    assert.equal(
      scaled?.inputs.spec.triggers.at(-1).metadata.queueURL,
      named(queueType, "mails")?.outputs.url,
    );
  });
});

describe("a store or a queue", () => {
  const args = {
    bucket: { keepVersionsDays: 30, expireDays: undefined },
    queue: {
      fifo: false,
      visibilityTimeoutSeconds: 30,
      retentionDays: 4,
      maxReceives: 5,
      topics: {},
    },
    table: { partitionKey: "id", indexes: {} },
    secret: { clusterName: "platform-test" },
  };
  const all = (protect: boolean) =>
    deploy(() => {
      new Bucket("bucket", { ...args.bucket, protect });
      new Queue("queue", { ...args.queue, protect });
      new Table("table", { ...args.table, protect });
      new Secret("secret", { ...args.secret, protect });
      new Topic("topic", {});
    });
  /** What holds data, and what guards it. */
  const holdsData = ({ custom, type }: Resource) => custom && /^aws:(?!sns)/.test(type);

  it("outlives mistakes in production: Pulumi and AWS refuse its deletion, and its guards stay", async () => {
    const resources = await all(true);
    for (const one of resources.filter(holdsData)) {
      assert.ok(one.protect && one.options?.retainOnDelete, one.urn);
    }
    assert.equal(only(resources, "aws:s3/bucket:Bucket").inputs.forceDestroy, false);
    const table = only(resources, "aws:dynamodb/table:Table");
    assert.equal(table.inputs.deletionProtectionEnabled, true);
    const secret = only(resources, "aws:secretsmanager/secret:Secret");
    assert.equal(secret.inputs.recoveryWindowInDays, 30);
  });

  it("goes at once with what is in it elsewhere", async () => {
    const resources = await all(false);
    for (const one of resources.filter(holdsData)) {
      assert.ok(!one.protect && !one.options?.retainOnDelete, one.urn);
    }
    assert.equal(only(resources, "aws:s3/bucket:Bucket").inputs.forceDestroy, true);
    const secret = only(resources, "aws:secretsmanager/secret:Secret");
    assert.equal(secret.inputs.recoveryWindowInDays, 0);
    assert.equal(secret.inputs.name, undefined, "its name is taken by nobody");
  });

  it("ends the marker of a deleted object with its last version, or by days", async () => {
    const expirationOf = async (expireDays: number | undefined) => {
      const resources = await deploy(
        () => new Bucket("bucket", { keepVersionsDays: 30, expireDays, protect: false }),
      );
      const { inputs } = only(
        resources,
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
      );
      return inputs.rules[0].expiration;
    };
    assert.deepEqual(await expirationOf(undefined), { expiredObjectDeleteMarker: true });
    assert.deepEqual(await expirationOf(90), { days: 90 });
  });

  it("sends dead letters to a queue of its kind that keeps them longest, and is the only one to", async () => {
    for (const fifo of [false, true]) {
      const resources = await deploy(
        () => new Queue("queue", { ...args.queue, fifo, maxReceives: 3, protect: false }),
      );
      const queues = resources.filter(({ type }) => type === "aws:sqs/queue:Queue");
      const [own, dead] = ["queue", "queue-dead-letters"].map(
        (name) => queues.find((one) => one.name === name) as Resource,
      );
      assert.deepEqual(JSON.parse(own?.inputs.redrivePolicy), {
        deadLetterTargetArn: dead?.outputs.arn,
        maxReceiveCount: 3,
      });
      assert.equal(dead?.inputs.messageRetentionSeconds, 14 * 86_400);
      for (const one of queues) assert.equal(one.outputs.arn.endsWith(".fifo"), fifo);
      const allow = only(resources, "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy").inputs;
      assert.equal(allow.queueUrl, dead?.outputs.url);
      assert.deepEqual(JSON.parse(allow.redriveAllowPolicy), {
        redrivePermission: "byQueue",
        sourceQueueArns: [own?.outputs.arn],
      });
    }
  });

  it("is encrypted so that a topic can deliver to it, raw and by that topic alone", async () => {
    const resources = await deploy(() => {
      const { arn } = new Topic("placed", {});
      new Queue("queue", { ...args.queue, topics: { placed: arn }, protect: false });
    });
    const topic = only(resources, "aws:sns/topic:Topic");
    assert.equal(topic.inputs.kmsMasterKeyId, "alias/aws/sns");
    for (const { inputs } of resources.filter(({ type }) => type === "aws:sqs/queue:Queue")) {
      assert.equal(inputs.sqsManagedSseEnabled, true);
    }
    const subscription = only(resources, "aws:sns/topicSubscription:TopicSubscription");
    assert.equal(subscription.inputs.rawMessageDelivery, true);
    const [policy] = resources.filter(
      ({ type, name }) => type === "aws:sqs/queuePolicy:QueuePolicy" && name === "queue",
    );
    assert.ok(policy && outlivedBy(subscription.urn, prerequisites(resources)).has(policy.urn));
    const allowed = JSON.parse(policy.inputs.policy).Statement.filter(
      ({ Effect }: { Effect: string }) => Effect === "Allow",
    );
    assert.deepEqual(
      allowed.map(({ Action, Principal, Condition }: Record<string, unknown>) => [
        Action,
        Principal,
        Condition,
      ]),
      [
        [
          "sqs:SendMessage",
          { Service: "sns.amazonaws.com" },
          { ArnEquals: { "aws:SourceArn": [topic.outputs.arn] } },
        ],
      ],
    );
  });

  it("defines each attribute of a table's keys once", async () => {
    const resources = await deploy(
      () =>
        new Table("orders", {
          partitionKey: "id",
          sortKey: "at:N",
          indexes: { byCustomer: { partitionKey: "customer", sortKey: "at:N" } },
          protect: false,
        }),
    );
    const { inputs } = only(resources, "aws:dynamodb/table:Table");
    assert.deepEqual([inputs.hashKey, inputs.rangeKey], ["id", "at"]);
    assert.deepEqual(inputs.attributes, [
      { name: "id", type: "S" },
      { name: "at", type: "N" },
      { name: "customer", type: "S" },
    ]);
    assert.deepEqual(inputs.globalSecondaryIndexes, [
      {
        name: "byCustomer",
        projectionType: "ALL",
        keySchemas: [
          { attributeName: "customer", keyType: "HASH" },
          { attributeName: "at", keyType: "RANGE" },
        ],
      },
    ]);
  });
});
