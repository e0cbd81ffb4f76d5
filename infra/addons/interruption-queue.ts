import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { queuePolicy } from "../resources/queue.ts";

/**
 * What AWS says of instances before it takes them, by what a rule's name ends with (Karpenter 1.14,
 * cloudformation.yaml). Events of capacity reservations are left out, for no node uses one.
 */
const events: Record<string, { source: string; detailType: string }> = {
  health: { source: "aws.health", detailType: "AWS Health Event" },
  spot: { source: "aws.ec2", detailType: "EC2 Spot Instance Interruption Warning" },
  rebalance: { source: "aws.ec2", detailType: "EC2 Instance Rebalance Recommendation" },
  state: { source: "aws.ec2", detailType: "EC2 Instance State-change Notification" },
};

/**
 * A queue that gets AWS's events of instances that are about to go. Karpenter reads it, and drains a
 * Spot instance within the two minutes of its notice.
 *
 * EventBridge alone may send to it, by these rules alone. It is encrypted, and keeps an event for five
 * minutes, after which it is of no use.
 */
export class InterruptionQueue extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;

  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("platform:addons:InterruptionQueue", name, {}, opts);
    const parent = { parent: this };
    const queue = new aws.sqs.Queue(
      name,
      { messageRetentionSeconds: 300, sqsManagedSseEnabled: true },
      parent,
    );
    const rules = Object.fromEntries(
      Object.entries(events).map(([event, { source, detailType }]) => [
        event,
        new aws.cloudwatch.EventRule(
          `${name}-${event}`,
          { eventPattern: JSON.stringify({ source: [source], "detail-type": [detailType] }) },
          parent,
        ),
      ]),
    );
    // Karpenter's template lets every rule of every account send; these are the queue's own alone.
    const policy = new aws.sqs.QueuePolicy(
      name,
      {
        queueUrl: queue.url,
        policy: queuePolicy(queue.arn, {
          ...{ Sid: "Events", service: "events" },
          sources: Object.values(rules).map(({ arn }) => arn),
        }),
      },
      parent,
    );
    for (const [event, { name: rule }] of Object.entries(rules)) {
      new aws.cloudwatch.EventTarget(
        `${name}-${event}`,
        { rule, arn: queue.arn },
        { ...parent, dependsOn: policy },
      );
    }
    this.arn = queue.arn;
    this.name = queue.name;
    this.registerOutputs();
  }
}
