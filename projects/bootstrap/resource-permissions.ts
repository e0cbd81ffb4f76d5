import { type Permissions, to } from "./network-permissions.ts";

/** An attribute of a queue: the provider sets and reads all of them by the same calls. */
const queueAttribute: Permissions = {
  read: to("sqs", "GetQueueAttributes"),
  write: to("sqs", "SetQueueAttributes"),
};

/** Of what applications use of AWS: no items, no messages, no values of secrets. */
export const resources: Record<string, Permissions> = {
  "aws:dynamodb/table:Table": {
    read: to(
      "dynamodb",
      "DescribeTable DescribeContinuousBackups DescribeTimeToLive ListTagsOfResource",
    ),
    write: to(
      "dynamodb",
      "CreateTable UpdateTable DeleteTable UpdateContinuousBackups UpdateTimeToLive TagResource UntagResource",
    ),
  },
  "aws:secretsmanager/secret:Secret": {
    read: to("secretsmanager", "DescribeSecret GetResourcePolicy"),
    write: to("secretsmanager", "CreateSecret UpdateSecret DeleteSecret TagResource UntagResource"),
  },
  "aws:sqs/queue:Queue": {
    read: to("sqs", "GetQueueAttributes ListQueueTags"),
    write: to("sqs", "CreateQueue SetQueueAttributes DeleteQueue TagQueue UntagQueue"),
  },
  "aws:sqs/queuePolicy:QueuePolicy": queueAttribute,
  "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": queueAttribute,
};
