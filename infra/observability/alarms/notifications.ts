import { createHash } from "node:crypto";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface NotificationsArgs {
  accountId: string;
  emails: string[];
  httpsEndpoints: string[];
}

/**
 * A topic, encrypted with a key of its own, to which the alarms of this account and EventBridge may
 * publish, and its subscribers.
 *
 * AWS asks each subscriber to confirm, and sends nothing before. A key that AWS has for everybody
 * would not do: CloudWatch may not use it.
 */
export class Notifications extends pulumi.ComponentResource {
  /** Known when alarms may publish to it. */
  readonly topicArn: pulumi.Output<string>;

  constructor(name: string, args: NotificationsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:observability:Notifications", name, {}, opts);
    const parent = { parent: this };

    const key = new aws.kms.Key(
      name,
      {
        description: "Messages of alarms",
        enableKeyRotation: true,
        deletionWindowInDays: 7,
        policy: pulumi.jsonStringify(keyPolicy(args)),
      },
      parent,
    );
    const topic = new aws.sns.Topic(name, { kmsMasterKeyId: key.arn }, parent);
    const policy = new aws.sns.TopicPolicy(
      name,
      { arn: topic.arn, policy: pulumi.jsonStringify(topicPolicy(topic.arn, args)) },
      parent,
    );
    const subscribers = [
      ...args.emails.map((email) => ({ who: email, protocol: "email", endpoint: email })),
      ...args.httpsEndpoints.map((url) => ({
        who: withoutSecrets(url),
        protocol: "https",
        endpoint: pulumi.secret(url),
      })),
    ];
    for (const { who, protocol, endpoint } of subscribers) {
      new aws.sns.TopicSubscription(
        `${name}-${who}`,
        { topic: topic.arn, protocol, endpoint },
        parent,
      );
    }

    this.topicArn = policy.arn;
    this.registerOutputs({ topicArn: this.topicArn });
  }
}

/** Who holds such a URL may often post to it: only its host may show in names. */
function withoutSecrets(url: string): string {
  return `${new URL(url).host}-${createHash("sha256").update(url).digest("hex").slice(0, 7)}`;
}

/**
 * SNS Developer Guide, "Enable compatibility between event sources from AWS services and encrypted
 * topics": EventBridge names no source to the key, so its statement has no condition.
 */
function keyPolicy({ accountId }: NotificationsArgs): aws.iam.PolicyDocument {
  const use = {
    Effect: "Allow" as const,
    Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
    Resource: "*",
  };
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "Administer",
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: "kms:*",
        Resource: "*",
      },
      {
        ...use,
        Sid: "Alarms",
        Principal: { Service: "cloudwatch.amazonaws.com" },
        Condition: { StringEquals: { "aws:SourceAccount": accountId } },
      },
      { ...use, Sid: "Events", Principal: { Service: "events.amazonaws.com" } },
    ],
  };
}

/**
 * EventBridge User Guide, "Using resource-based policies": a topic's policy for its rules takes no
 * Condition, as AWS's samples have it. With one, messages may be lost without a word.
 */
function topicPolicy(
  topicArn: pulumi.Output<string>,
  { accountId }: NotificationsArgs,
): aws.iam.PolicyDocument {
  const publish = { Effect: "Allow" as const, Action: "sns:Publish", Resource: topicArn };
  return {
    Version: "2012-10-17",
    Statement: [
      {
        ...publish,
        Sid: "Alarms",
        Principal: { Service: "cloudwatch.amazonaws.com" },
        Condition: { StringEquals: { "aws:SourceAccount": accountId } },
      },
      { ...publish, Sid: "Events", Principal: { Service: "events.amazonaws.com" } },
    ],
  };
}
