import { arnOf } from "./naming.ts";
import { prices } from "./prices.ts";
import { idOf, type ResourceType, seconds } from "./resource-type.ts";

/**
 * The provider asks six times in a row, five seconds apart, whether attributes are there, and fifteen
 * times, three seconds apart, whether a queue is gone (terraform-provider-aws, internal/service/sqs).
 */
const [propagated, gone] = [30, 45];

/** What is part of a queue. */
const settingOf = (required: string): ResourceType => ({
  duration: seconds(propagated, propagated, gone),
  replacedBy: ["queueUrl"],
  required: ["queueUrl", required],
  id: idOf("queueUrl"),
  mock: "computed",
  free: "a setting",
});

export const sqs: Record<string, ResourceType> = {
  "aws:sqs/queue:Queue": {
    duration: seconds(propagated, propagated, gone),
    replacedBy: ["name", "namePrefix", "fifoQueue"],
    autoname: {
      property: "name",
      maxLength: 75,
      // As the provider does (pulumi-aws, provider/resources.go).
      suffix: ({ fifoQueue }) => (fifoQueue ? ".fifo" : ""),
    },
    id: ({ name }, { region, accountId }) =>
      `https://sqs.${region}.amazonaws.com/${accountId}/${name}`,
    computed: ({ cloud, id, inputs }) => ({
      arn: arnOf(cloud, "sqs", String(inputs.name)),
      url: id,
    }),
    mock: "computed",
    holdsData: { what: "its messages" },
    charges: ({ inputs }) => ({
      perUse: [inputs.fifoQueue ? prices.fifoRequests : prices.queueRequests],
    }),
  },
  "aws:sqs/queuePolicy:QueuePolicy": settingOf("policy"),
  "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": settingOf("redriveAllowPolicy"),
};
