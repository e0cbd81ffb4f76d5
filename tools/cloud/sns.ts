import type { Resource } from "../graph/resource.ts";
import { arnOf } from "./naming.ts";
import { prices } from "./prices.ts";
import { idOf, oneCall, type ResourceType } from "./resource-type.ts";

/** Whether a topic delivers by e-mail; what it delivers to queues is free. */
const mails = (all: Resource[], topic: string) =>
  all.some(({ inputs }) => inputs.topic === topic && inputs.protocol === "email");

export const sns: Record<string, ResourceType> = {
  "aws:sns/topic:Topic": {
    duration: oneCall,
    replacedBy: ["name", "fifoTopic"],
    autoname: { property: "name", maxLength: 256 },
    id: ({ name }, cloud) => arnOf(cloud, "sns", String(name)),
    computed: ({ id }) => ({ arn: id }),
    mock: "computed",
    charges: ({ inputs, id }, all) => ({
      perUse: [
        prices.publish,
        ...(mails(all, id) ? [prices.email] : []),
        // The key that AWS has for SNS costs nothing by itself, and is no resource of the stack.
        ...(inputs.kmsMasterKeyId === "alias/aws/sns" ? [prices.keyRequests] : []),
      ],
    }),
  },
  "aws:sns/topicPolicy:TopicPolicy": {
    duration: oneCall,
    required: ["arn", "policy"],
    id: idOf("arn"),
    mock: "computed",
    free: "a setting",
  },
  "aws:sns/topicSubscription:TopicSubscription": {
    duration: oneCall,
    replacedBy: ["topic", "protocol", "endpoint"],
    required: ["topic", "protocol", "endpoint"],
    computed: ({ id }) => ({ arn: id }),
    mock: "computed",
    free: "billed by what the topic delivers",
  },
};
