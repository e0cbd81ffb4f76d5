import { deniedAction, trustsService } from "../iam.ts";
import type { Rule } from "../rule.ts";
import type { CloudResource, Props, World } from "../world.ts";
import { nodeGroupType, scaleTo } from "./node-rules.ts";

export const scheduleType = "aws:scheduler/schedule:Schedule";
const guide = "EventBridge Scheduler User Guide";

/** The API calls of universal targets that the world knows, with the fields that each must have. */
const requiredFields: Record<string, string[]> = {
  "arn:aws:scheduler:::aws-sdk:eks:updateNodegroupConfig": ["ClusterName", "NodegroupName"],
};

/** Six fields. One of both days is `?`, and only one. */
const scheduleExpression =
  /^cron\([\d*,/-]+ [\d*,/-]+ (\? [\w*,/-]+ [\w*,/#-]+|[\w*,/-]+ [\w*,/-]+ \?) [\d*,/-]+\)$|^(rate|at)\(.+\)$/;

function missingFields({ arn, input = "{}" }: Props): string[] {
  const given = Object.keys(JSON.parse(input));
  return (requiredFields[arn] ?? []).filter((field) => !given.includes(field));
}

/** What EventBridge Scheduler refuses. */
export const scheduleRules: Rule[] = (["create", "update"] as const).flatMap((on): Rule[] => [
  {
    error: "ValidationException",
    on,
    types: [scheduleType],
    source: `${guide}, cron-based schedules`,
    refusal: ({ inputs }) =>
      scheduleExpression.test(inputs.scheduleExpression)
        ? undefined
        : `Invalid Schedule Expression ${inputs.scheduleExpression}.`,
  },
  {
    error: "ValidationException",
    on,
    types: [scheduleType],
    source:
      "terraform-provider-aws, internal/service/scheduler/schedule.go, which tries again for two minutes",
    timeoutSeconds: 120,
    refusal: ({ world, inputs }) =>
      trustsService(world, inputs.target.roleArn, "scheduler.amazonaws.com")
        ? undefined
        : "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
  },
  {
    error: "ValidationException",
    on,
    types: [scheduleType],
    source: `${guide}, universal targets: fields as the service's model names them; public reports of the words`,
    refusal: ({ inputs }) => {
      const missing = missingFields(inputs.target);
      return missing.length > 0
        ? `Invalid RequestJson provided. Reason Request payload is missing the following field(s): ${missing.join(", ")}.`
        : undefined;
    },
  },
]);

/** Does what a schedule does when it comes due. Returns why AWS refuses it. */
export function runSchedule(world: World, { inputs }: CloudResource): string | undefined {
  const { roleArn, input } = inputs.target;
  const role = String(roleArn).split("/").at(-1) ?? "";
  const denied = deniedAction(world, role, ["eks:UpdateNodegroupConfig"]);
  if (denied) return `AccessDeniedException: ${role} is not authorized to perform: ${denied}`;
  const { ClusterName, NodegroupName, ScalingConfig } = JSON.parse(input);
  const group = world.get(nodeGroupType, `${ClusterName}:${NodegroupName}`);
  if (!group) {
    return `ResourceNotFoundException: No node group found for name: ${NodegroupName}.`;
  }
  const { MinSize: minSize, DesiredSize: desiredSize, MaxSize: maxSize } = ScalingConfig;
  if (maxSize < 1 || desiredSize > maxSize || minSize > desiredSize) {
    return `InvalidParameterException: ${JSON.stringify(ScalingConfig)} are no sizes`;
  }
  // EKS has one set of sizes, whoever changes them.
  group.outputs = { ...group.outputs, scalingConfig: { minSize, desiredSize, maxSize } };
  scaleTo(world, group, { minSize, maxSize, desiredCapacity: desiredSize });
  return undefined;
}
