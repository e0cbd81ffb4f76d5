import type { Effect, Rule } from "../rule.ts";
import type { CloudResource, Props, World } from "../world.ts";

const queueType = "aws:sqs/queue:Queue";
const queuePolicyType = "aws:sqs/queuePolicy:QueuePolicy";
const topicType = "aws:sns/topic:Topic";
const sqs = "Amazon SQS API Reference";
const sns = "Amazon SNS Developer Guide";

/** After the deletion of a queue its name is not given again. */
const nameSeconds = 60;

/** The actions that a topic's policy may name (its default policy has them all). */
const topicActions = [
  ...["AddPermission", "DeleteTopic", "GetDataProtectionPolicy", "GetTopicAttributes"],
  ...["ListSubscriptionsByTopic", "ListTagsForResource", "Publish", "PutDataProtectionPolicy"],
  ...["Receive", "RemovePermission", "SetTopicAttributes", "Subscribe"],
].map((action) => `SNS:${action}`.toLowerCase());

const list = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : ([value].flat() as T[]);

const statementsOf = (policy: unknown): Props[] =>
  list((typeof policy === "string" ? JSON.parse(policy) : (policy as Props)).Statement);

const queueBy = (world: World, key: "arn" | "url", value: string): CloudResource | undefined =>
  world.live(queueType).find(({ outputs }) => outputs[key] === value);

function nameProblem({ name, fifoQueue }: Props): string | undefined {
  if (fifoQueue) {
    return /^[\w-]{1,75}\.fifo$/.test(name)
      ? undefined
      : "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length";
  }
  return /^[\w-]{1,80}$/.test(name)
    ? undefined
    : "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
}

/** Why the queue's redrive policy is not taken, or nothing. */
function redriveProblem(world: World, { redrivePolicy, fifoQueue }: Props): string | undefined {
  if (redrivePolicy === undefined) return undefined;
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(redrivePolicy);
  const target = queueBy(world, "arn", deadLetterTargetArn);
  const reason = !target
    ? "Dead letter target does not exist."
    : (target.inputs.fifoQueue ?? false) !== (fifoQueue ?? false)
      ? "Dead-letter queue must be same type of queue as the source."
      : maxReceiveCount >= 1 && maxReceiveCount <= 1000
        ? undefined
        : `Invalid value for maxReceiveCount: ${maxReceiveCount}, valid values are from 1 to 1000 both inclusive.`;
  return (
    reason && `Value ${redrivePolicy} for parameter RedrivePolicy is invalid. Reason: ${reason}`
  );
}

/** Whether a statement of the queue's policy lets the topic send, and no topic of others. */
function letsSend({ Effect, Principal, Action, Condition }: Props, topic: string): boolean {
  const sources = Object.values<Props>(Condition ?? {}).flatMap((test) =>
    list<string>(test["aws:SourceArn"]),
  );
  return (
    Effect === "Allow" &&
    list(Principal?.Service).includes("sns.amazonaws.com") &&
    list<string>(Action).some((action) => /^sqs:(SendMessage|\*)$/i.test(action)) &&
    (Condition === undefined || sources.includes(topic))
  );
}

/** Why the queue gets nothing of what the topic delivers, or nothing: SNS says it to nobody. */
function refusal(world: World, { topic, endpoint }: Props): string | undefined {
  const queue = queueBy(world, "arn", endpoint);
  if (!queue) return `${endpoint} does not exist`;
  const statements = world
    .live(queuePolicyType)
    .filter(({ inputs }) => inputs.queueUrl === queue.outputs.url)
    .flatMap(({ inputs }) => statementsOf(inputs.policy));
  if (!statements.some((statement) => letsSend(statement, topic))) {
    return "AccessDenied: the queue's policy does not let sns.amazonaws.com send for this topic";
  }
  return queue.inputs.kmsMasterKeyId === "alias/aws/sqs"
    ? "KMSAccessDenied: SNS may not use the key that AWS has for SQS"
    : undefined;
}

export const messageRules: Rule[] = [
  {
    error: "InvalidParameterValue",
    on: "create",
    types: [queueType],
    source: `${sqs}, CreateQueue: QueueName; the words as emulators and their tests record them`,
    refusal: ({ inputs }) => nameProblem(inputs),
  },
  {
    error: "AWS.SimpleQueueService.QueueDeletedRecently",
    on: "create",
    types: [queueType],
    source: `${sqs}, CreateQueue: QueueDeletedRecently; the provider tries again for half of its three minutes (terraform-provider-aws, internal/service/sqs/queue.go)`,
    timeoutSeconds: 90,
    refusal: ({ world, inputs }) => {
      const deleted = world.deletedQueues.get(inputs.name);
      return deleted !== undefined && world.clock.now < deleted + nameSeconds
        ? "You must wait 60 seconds after deleting a queue before you can create another with the same name."
        : undefined;
    },
  },
  ...(["create", "update"] as const).map(
    (on): Rule => ({
      error: "InvalidParameterValue",
      on,
      types: [queueType],
      source: `${sqs}, SetQueueAttributes: RedrivePolicy; Terraform errors quoted in public issues for the words`,
      refusal: ({ world, inputs }) => redriveProblem(world, inputs),
    }),
  ),
  {
    error: "AWS.SimpleQueueService.NonExistentQueue",
    on: "create",
    types: [queuePolicyType, "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"],
    source: `${sqs}, SetQueueAttributes: QueueDoesNotExist`,
    refusal: ({ world, inputs }) =>
      queueBy(world, "url", inputs.queueUrl) ? undefined : "The specified queue does not exist.",
  },
  {
    error: "InvalidParameter",
    on: "create",
    types: ["aws:sns/topicPolicy:TopicPolicy"],
    source: `${sns}, access control: a topic's policy names actions of topics, each by itself`,
    refusal: ({ inputs }) =>
      statementsOf(inputs.policy)
        .flatMap(({ Action }) => list<string>(Action))
        .every((action) => topicActions.includes(action.toLowerCase()))
        ? undefined
        : "Invalid parameter: Policy statement action out of service scope!",
  },
  {
    error: "InvalidParameter",
    on: "create",
    types: ["aws:sns/topicSubscription:TopicSubscription"],
    source: `${sns}, FIFO topics; getmoto/moto pull request 8957 for the words`,
    refusal: ({ world, inputs: { topic, protocol, endpoint } }) =>
      protocol === "sqs" &&
      String(endpoint).endsWith(".fifo") &&
      !world.get(topicType, topic)?.inputs.fifoTopic
        ? "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
        : undefined,
  },
];

export const messageEffects: Effect[] = [
  {
    on: "delete",
    types: [queueType],
    source: `${sqs}, DeleteQueue: 60 seconds until the name is free`,
    run: ({ world, resource }) => {
      world.deletedQueues.set(resource.inputs.name, world.clock.now);
      world.clock.later(nameSeconds, () => undefined);
    },
  },
  {
    on: "create",
    types: ["aws:sns/topicSubscription:TopicSubscription"],
    source: `${sns}, "Subscribing an Amazon SQS queue" and "Encrypting with AWS KMS": what a queue refuses is lost`,
    run: ({ world, inputs }) => {
      const reason = inputs.protocol === "sqs" ? refusal(world, inputs) : undefined;
      if (reason) world.incidents.push(`topic ${inputs.topic} delivers nothing: ${reason}`);
    },
  },
];
