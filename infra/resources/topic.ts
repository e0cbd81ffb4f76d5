import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { actionsOf } from "../cluster/policy-document.ts";
import { stemOf } from "../config/resource-schema.ts";
import { type Link, type Linkable, type Named, sidOf, toAws } from "./link.ts";
import { tlsOnly } from "./tls-only.ts";

/**
 * An SNS topic. Encrypted with the key that AWS has for SNS in each account: whoever may publish may
 * use it, and SNS hands the messages on to queues, whose encryption is their own.
 *
 * Its users get `<NAME>_ARN`, the topic's ARN. Those who receive its messages use a queue that it
 * delivers to (queue.ts).
 */
export class Topic extends pulumi.ComponentResource implements Linkable {
  readonly arn: pulumi.Output<string>;
  readonly dimensions: Linkable["dimensions"];
  private readonly resource: string;

  constructor(name: string, args: Named, opts?: pulumi.ComponentResourceOptions) {
    super("platform:resources:Topic", name, {}, opts);
    const topic = new aws.sns.Topic(name, { kmsMasterKeyId: "alias/aws/sns" }, { parent: this });
    new aws.sns.TopicPolicy(
      name,
      {
        arn: topic.arn,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [tlsOnly("sns:Publish", topic.arn)],
        }),
      },
      { parent: this },
    );
    this.resource = args.resource ?? name;
    this.arn = topic.arn;
    this.dimensions = { TopicName: topic.name };
    this.registerOutputs({ arn: topic.arn });
  }

  link(): Link {
    return {
      resource: this.resource,
      access: "write",
      variables: { [`${stemOf(this.resource)}_ARN`]: this.arn },
      secrets: {},
      statements: [
        {
          Sid: sidOf(this.resource),
          Effect: "Allow",
          Action: actionsOf("sns", "Publish"),
          Resource: this.arn,
        },
      ],
      egress: [toAws],
    };
  }
}
