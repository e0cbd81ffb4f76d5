import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import {
  createBucket,
  createQueue,
  createTable,
  StandInFailed,
} from "../../../tools/dev/aws-requests.ts";
import { motoServer, startMoto } from "../../support/moto.ts";

describe("the requests that make a resource", function () {
  this.timeout(120_000);
  let endpoint: string;
  let stop: (() => Promise<void>) | undefined;
  before(async function () {
    const command = motoServer();
    if (!command) {
      console.error("      skipped: no moto_server on PATH");
      return this.skip();
    }
    ({ endpoint, stop } = await startMoto(command));
  });
  after(() => stop?.());

  const signed = (service: string) => ({
    authorization: `AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
  });
  const ask = async (service: string, target: string, body: object) => {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: {
        ...signed(service),
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": target,
      },
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 200, await response.clone().text());
    return response.json();
  };
  const key = (AttributeName: string, KeyType: string) => ({ AttributeName, KeyType });

  it("make a table with its keys, its indexes and its time to live", async () => {
    await createTable(endpoint, "orders", {
      ...{ partitionKey: "id", sortKey: "at:N", timeToLive: "expiresAt" },
      indexes: { byCustomer: { partitionKey: "customer", sortKey: "at:N" } },
    });
    const { Table } = await ask("dynamodb", "DynamoDB_20120810.DescribeTable", {
      TableName: "orders",
    });
    assert.deepEqual(Table.KeySchema, [key("id", "HASH"), key("at", "RANGE")]);
    assert.deepEqual(Table.AttributeDefinitions, [
      { AttributeName: "id", AttributeType: "S" },
      { AttributeName: "at", AttributeType: "N" },
      { AttributeName: "customer", AttributeType: "S" },
    ]);
    const [{ IndexName, KeySchema, Projection }] = Table.GlobalSecondaryIndexes;
    assert.deepEqual(
      [IndexName, KeySchema, Projection],
      ["byCustomer", [key("customer", "HASH"), key("at", "RANGE")], { ProjectionType: "ALL" }],
    );
    const { TimeToLiveDescription } = await ask(
      "dynamodb",
      "DynamoDB_20120810.DescribeTimeToLive",
      {
        TableName: "orders",
      },
    );
    assert.deepEqual(TimeToLiveDescription, {
      AttributeName: "expiresAt",
      TimeToLiveStatus: "ENABLED",
    });
  });

  const setting = { visibilityTimeoutSeconds: 60, retentionDays: 4, maxReceives: 3 };
  for (const fifo of [false, true]) {
    it(`make a queue${fifo ? " that keeps its order" : ""}, with its dead-letter queue`, async () => {
      const name = fifo ? "postings" : "mails";
      const url = await createQueue(endpoint, name, { ...setting, fifo });
      const end = fifo ? ".fifo" : "";
      assert.equal(url, `${endpoint}/123456789012/${name}${end}`);
      const attributes = async (QueueUrl: string) =>
        (await ask("sqs", "AmazonSQS.GetQueueAttributes", { QueueUrl, AttributeNames: ["All"] }))
          .Attributes;
      const queue = await attributes(url);
      const deadLetters = await attributes(`${endpoint}/123456789012/${name}-dead-letters${end}`);
      assert.deepEqual(JSON.parse(queue.RedrivePolicy), {
        deadLetterTargetArn: deadLetters.QueueArn,
        maxReceiveCount: 3,
      });
      assert.deepEqual(
        [
          queue.VisibilityTimeout,
          queue.MessageRetentionPeriod,
          queue.ReceiveMessageWaitTimeSeconds,
        ],
        ["60", "345600", "20"],
      );
      assert.equal(deadLetters.MessageRetentionPeriod, "1209600");
      assert.deepEqual(
        [queue.FifoQueue, deadLetters.FifoQueue],
        fifo ? ["true", "true"] : [undefined, undefined],
      );
    });
  }

  it("make a bucket that keeps versions", async () => {
    await createBucket(endpoint, "invoices");
    const versioning = await fetch(`${endpoint}/invoices?versioning`, { headers: signed("s3") });
    assert.match(await versioning.text(), /<Status>Enabled<\/Status>/);
  });

  it("say what is refused", async () => {
    await assert.rejects(
      async () => {
        for (const table of ["twice", "twice"]) {
          await createTable(endpoint, table, { partitionKey: "id", indexes: {} });
        }
      },
      (error) =>
        error instanceof StandInFailed &&
        /^DynamoDB_20120810.CreateTable is refused with 400: /.test(error.message),
    );
  });
});
