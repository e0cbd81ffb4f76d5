import { type SleepSchedule, settingsCron } from "../../infra/config/sleep-times.ts";
import type { Resource } from "../graph/resource.ts";
import { arnOf } from "./naming.ts";
import { oneCall, type ResourceType } from "./resource-type.ts";

/** EventBridge Scheduler. */
export const scheduler: Record<string, ResourceType> = {
  "aws:scheduler/schedule:Schedule": {
    duration: oneCall,
    untagged: true,
    replacedBy: ["name", "groupName"],
    required: ["flexibleTimeWindow", "scheduleExpression", "target"],
    formats: [
      {
        property: "name",
        pattern: /^[0-9a-zA-Z-_.]{1,64}$/,
        message: "must contain only alphanumeric characters, underscores, hyphens and periods",
      },
    ],
    autoname: { property: "name", maxLength: 64 },
    id: ({ groupName = "default", name }) => `${groupName}/${name}`,
    computed: ({ cloud, id }) => ({ arn: arnOf(cloud, "scheduler", `schedule/${id}`) }),
    mock: "computed",
    // $1 a million, the first 14 million of a month free
    free: "the first 14 million invocations of a month are free",
  },
};

/** The times at which a stack sleeps, by its schedules; undefined where it has none. */
export function sleepOf(resources: Resource[]): SleepSchedule | undefined {
  const schedules = resources.filter(({ type }) => type in scheduler);
  const to = (asleep: boolean) =>
    schedules.find(({ inputs }) => {
      const sizes = JSON.parse(inputs.target.input).ScalingConfig;
      return sizes && (sizes.DesiredSize === 0) === asleep;
    })?.inputs;
  const [sleep, wake] = [to(true), to(false)];
  return (
    sleep &&
    wake && {
      sleep: settingsCron(sleep.scheduleExpression),
      wake: settingsCron(wake.scheduleExpression),
      timeZone: sleep.scheduleExpressionTimezone ?? "UTC",
    }
  );
}
