import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { actionsOf } from "../cluster/policy-document.ts";
import { type Access, type QueueConfig, stemOf } from "../config/resource-schema.ts";
import { actionsFor, type Link, type Linkable, type Named, sidOf, toAws } from "./link.ts";
import { tlsOnly } from "./tls-only.ts";

export interface QueueArgs extends Omit<QueueConfig, "kind">, Named {
  /** The topics that deliver to it: their ARNs, by name. */
  topics: Record<string, pulumi.Output<string>>;
  /** Keeps the queue and its messages on destroy. */
  protect: boolean;
}

/** Service Authorization Reference, Amazon SQS. */
const actions = {
  read: actionsOf("sqs", "ChangeMessageVisibility DeleteMessage GetQueueAttributes ReceiveMessage"),
  write: actionsOf("sqs", "GetQueueAttributes SendMessage"),
};

const days = (count: number) => count * 24 * 60 * 60;
/** The longest that SQS keeps a message. A message that is moved keeps its age. */
const deadLetterDays = 14;
/** Consumers wait this many seconds for a message: fewer empty answers, each of which is billed. */
const receiveWaitTimeSeconds = 20;

/**
 * An SQS queue, and the dead-letter queue to which a message goes that was received `maxReceives` times
 * without being deleted. Both take no connection without TLS, and are encrypted with SQS's own keys. Of
 * others, exactly the topics that deliver to it may send to it.
 *
 * Its users get `<NAME>_URL`, the queue's URL.
 */
export class Queue extends pulumi.ComponentResource implements Linkable {
  readonly dimensions: Linkable["dimensions"];
  /** Of the metrics of its dead-letter queue. */
  readonly deadLetterDimensions: Linkable["dimensions"];
  private readonly resource: string;
  private readonly queue: aws.sqs.Queue;

  constructor(name: string, args: QueueArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:resources:Queue", name, {}, opts);
    const { maxReceives, protect } = args;
    const parent = { parent: this, protect, retainOnDelete: protect };
    const asked = queuesOf(args);
    const deadLetters = new aws.sqs.Queue(
      `${name}-dead-letters`,
      { ...asked.deadLetters, sqsManagedSseEnabled: true },
      parent,
    );
    this.resource = args.resource ?? name;
    this.queue = new aws.sqs.Queue(
      name,
      {
        ...asked.queue,
        sqsManagedSseEnabled: true,
        redrivePolicy: pulumi.jsonStringify({
          deadLetterTargetArn: deadLetters.arn,
          maxReceiveCount: maxReceives,
        }),
      },
      parent,
    );
    new aws.sqs.RedriveAllowPolicy(
      name,
      {
        queueUrl: deadLetters.url,
        redriveAllowPolicy: pulumi.jsonStringify({
          redrivePermission: "byQueue",
          sourceQueueArns: [this.queue.arn],
        }),
      },
      parent,
    );
    setPolicy(`${name}-dead-letters`, deadLetters, [], parent);
    const policy = setPolicy(name, this.queue, Object.values(args.topics), parent);
    for (const [topicName, topic] of Object.entries(args.topics)) {
      new aws.sns.TopicSubscription(
        `${topicName}-to-${name}`,
        { topic, protocol: "sqs", endpoint: this.queue.arn, rawMessageDelivery: true },
        // SNS gives up a message that the queue refuses.
        { parent: this, dependsOn: policy },
      );
    }
    this.dimensions = { QueueName: this.queue.name };
    this.deadLetterDimensions = { QueueName: deadLetters.name };
    this.registerOutputs({ url: this.queue.url, deadLetters: deadLetters.url });
  }

  link(access: Access): Link {
    const { arn, url } = this.queue;
    return {
      resource: this.resource,
      access,
      variables: { [`${stemOf(this.resource)}_URL`]: url },
      secrets: {},
      statements: [
        {
          Sid: sidOf(this.resource),
          Effect: "Allow",
          Action: actionsFor(access, actions),
          Resource: arn,
        },
      ],
      egress: [toAws],
      queue: { arn, url },
    };
  }
}

/** What a queue and its dead-letter queue are, wherever they are made. */
export function queuesOf({
  fifo,
  visibilityTimeoutSeconds,
  retentionDays,
}: Pick<QueueConfig, "fifo" | "visibilityTimeoutSeconds" | "retentionDays">) {
  const both = { ...(fifo && { fifoQueue: true }), receiveWaitTimeSeconds };
  return {
    queue: { ...both, visibilityTimeoutSeconds, messageRetentionSeconds: days(retentionDays) },
    deadLetters: { ...both, messageRetentionSeconds: days(deadLetterDays) },
  };
}

/** Amazon SNS Developer Guide, "Subscribing an Amazon SQS queue to an Amazon SNS topic". */
function setPolicy(
  name: string,
  queue: aws.sqs.Queue,
  topics: pulumi.Output<string>[],
  opts: pulumi.CustomResourceOptions,
): aws.sqs.QueuePolicy {
  const policy = queuePolicy(queue.arn, { Sid: "Topics", service: "sns", sources: topics });
  return new aws.sqs.QueuePolicy(name, { queueUrl: queue.url, policy }, opts);
}

/** A queue's policy: a service of AWS may send in the name of these sources, if any, and nobody without TLS. */
export function queuePolicy(
  queueArn: pulumi.Output<string>,
  { Sid, service, sources }: { Sid: string; service: string; sources: pulumi.Output<string>[] },
): pulumi.Output<string> {
  const delivery: aws.iam.PolicyStatement = {
    Sid,
    Effect: "Allow",
    Principal: { Service: `${service}.amazonaws.com` },
    Action: "sqs:SendMessage",
    Resource: queueArn,
    Condition: { ArnEquals: { "aws:SourceArn": sources } },
  };
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [...(sources.length > 0 ? [delivery] : []), tlsOnly("sqs:*", queueArn)],
  });
}
