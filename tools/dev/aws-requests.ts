import type { QueueConfig, TableConfig } from "../../infra/config/resource-schema.ts";
import { queuesOf } from "../../infra/resources/queue.ts";
import { attributesOf, keySchemas } from "../../infra/resources/table.ts";

/** A stand-in that does not start, or does not take what is asked of it. */
export class StandInFailed extends Error {}

/**
 * Makes a table with the keys, the indexes and the time to live of its setting.
 *
 * Amazon DynamoDB API Reference, CreateTable and UpdateTimeToLive.
 *
 * @throws {StandInFailed} if it is refused
 */
export async function createTable(
  endpoint: string,
  name: string,
  config: Pick<TableConfig, "partitionKey" | "sortKey" | "indexes" | "timeToLive">,
): Promise<void> {
  const { indexes, timeToLive } = config;
  const schema = (keys: Parameters<typeof keySchemas>[0]) => ({
    KeySchema: keySchemas(keys).map(({ attributeName, keyType }) => ({
      AttributeName: attributeName,
      KeyType: keyType,
    })),
  });
  const ask = (action: string, body: object) =>
    askJson(endpoint, "dynamodb", `DynamoDB_20120810.${action}`, { TableName: name, ...body });
  await ask("CreateTable", {
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: attributesOf([config, ...Object.values(indexes)]).map((one) => ({
      AttributeName: one.name,
      AttributeType: one.type,
    })),
    ...schema(config),
    ...(Object.keys(indexes).length > 0 && {
      GlobalSecondaryIndexes: Object.entries(indexes).map(([index, keys]) => ({
        IndexName: index,
        ...schema(keys),
        Projection: { ProjectionType: "ALL" },
      })),
    }),
  });
  if (timeToLive === undefined) return;
  await ask("UpdateTimeToLive", {
    TimeToLiveSpecification: { AttributeName: timeToLive, Enabled: true },
  });
}

/**
 * Makes a queue and its dead-letter queue by the queue's setting. Returns the queue's URL at the endpoint.
 *
 * Amazon SQS API Reference, CreateQueue and GetQueueAttributes.
 *
 * @throws {StandInFailed} if it is refused
 */
export async function createQueue(
  endpoint: string,
  name: string,
  config: Omit<QueueConfig, "kind">,
): Promise<string> {
  const ask = (action: string, body: object) =>
    askJson(endpoint, "sqs", `AmazonSQS.${action}`, body);
  const create = async (
    queue: string,
    asked: ReturnType<typeof queuesOf>["queue" | "deadLetters"],
    more = {},
  ): Promise<string> => {
    const { QueueUrl } = await ask("CreateQueue", {
      QueueName: config.fifo ? `${queue}.fifo` : queue,
      Attributes: {
        ...(config.fifo && { FifoQueue: "true" }),
        ...("visibilityTimeoutSeconds" in asked && {
          VisibilityTimeout: String(asked.visibilityTimeoutSeconds),
        }),
        MessageRetentionPeriod: String(asked.messageRetentionSeconds),
        ReceiveMessageWaitTimeSeconds: String(asked.receiveWaitTimeSeconds),
        ...more,
      },
    });
    // A stand-in in a container knows another address of itself.
    return new URL(new URL(QueueUrl).pathname, endpoint).href;
  };
  const { queue, deadLetters } = queuesOf(config);
  const deadLettersUrl = await create(`${name}-dead-letters`, deadLetters);
  const { Attributes } = await ask("GetQueueAttributes", {
    QueueUrl: deadLettersUrl,
    AttributeNames: ["QueueArn"],
  });
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: Attributes.QueueArn,
    maxReceiveCount: config.maxReceives,
  });
  return create(name, queue, { RedrivePolicy });
}

/**
 * Makes a bucket, whose versions are kept.
 *
 * Amazon S3 API Reference, CreateBucket and PutBucketVersioning.
 *
 * @throws {StandInFailed} if it is refused
 */
export async function createBucket(endpoint: string, name: string): Promise<void> {
  const put = (path: string, body?: string) =>
    answerTo("s3", path, `${endpoint}/${path}`, {
      method: "PUT",
      headers: { "content-type": "application/xml" },
      body,
    });
  await put(name);
  await put(
    `${name}?versioning`,
    '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>',
  );
}

/** AWS's JSON protocol 1.0. */
async function askJson(endpoint: string, service: string, target: string, body: object) {
  const answer = await answerTo(service, target, endpoint, {
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": target },
    body: JSON.stringify(body),
  });
  return JSON.parse(answer);
}

/** With a signature that is none: a stand-in reads the service of it, and checks nothing. */
async function answerTo(service: string, asked: string, url: string, request: RequestInit) {
  const authorization = `AWS4-HMAC-SHA256 Credential=${dummyCredentials.AWS_ACCESS_KEY_ID}/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`;
  const response = await fetch(url, {
    ...request,
    headers: { ...request.headers, authorization },
  });
  const text = await response.text();
  if (!response.ok) {
    throw new StandInFailed(`${asked} is refused with ${response.status}: ${text.slice(0, 500)}`);
  }
  return text;
}

/** What AWS's SDKs want to have, and no stand-in checks. DynamoDB Local takes letters and digits only. */
export const dummyCredentials = {
  AWS_ACCESS_KEY_ID: "standin",
  AWS_SECRET_ACCESS_KEY: "standin",
};
