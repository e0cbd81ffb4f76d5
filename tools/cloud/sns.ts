import { arnOf } from "./naming.ts";
import { prices } from "./prices.ts";
import { idOf, oneCall, type ResourceType } from "./resource-type.ts";

export const sns: Record<string, ResourceType> = {
  "aws:sns/topic:Topic": {
    duration: oneCall,
    replacedBy: ["name", "fifoTopic"],
    autoname: { property: "name", maxLength: 256 },
    id: ({ name }, cloud) => arnOf(cloud, "sns", String(name)),
    computed: ({ id }) => ({ arn: id }),
    mock: "computed",
    charges: () => ({ perUse: [prices.publish, prices.email] }),
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
    free: "billed by what the topic delivers",
  },
};
