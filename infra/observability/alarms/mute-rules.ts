import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { muteCron, type SleepSchedule, sleepsOf } from "../../config/sleep-times.ts";

/** Of one rule (CloudWatch API, PutAlarmMuteRule). */
const mostAlarms = 100;
/** Nodes and pods come, and alarms that look back over the night see them. */
const wakeMinutes = 30;

/**
 * Alarms ring as ever and tell nobody from the time that the stack goes to sleep until half an hour after it
 * wakes. An alarm that still rings then tells.
 *
 * @param alarmArns those that tell somebody
 */
export function muteWhileAsleep(
  name: string,
  schedule: SleepSchedule,
  alarmArns: pulumi.Output<string>[],
  opts: pulumi.ComponentResourceOptions,
): void {
  const sleeps = sleepsOf(schedule);
  // A rule has one length, and the night before a weekend is longer.
  for (const minutes of new Set(sleeps.map((sleep) => sleep.minutes))) {
    const times = sleeps.filter((sleep) => sleep.minutes === minutes).map(({ from }) => from);
    for (let at = 0; at < alarmArns.length; at += mostAlarms) {
      const arns = alarmArns.slice(at, at + mostAlarms);
      new aws.cloudwatch.AlarmMuteRule(
        `${name}-${minutes}${at > 0 ? `-${at / mostAlarms}` : ""}`,
        {
          description: "While the stack sleeps (nodes.schedule)",
          muteTargets: {
            alarmNames: arns.map((arn) => arn.apply((one) => one.replace(/^.*?:alarm:/, ""))),
          },
          rule: {
            schedule: {
              expression: muteCron(times),
              duration: durationOf(minutes + wakeMinutes),
              timezone: schedule.timeZone,
            },
          },
        },
        opts,
      );
    }
  }
}

/** ISO 8601, of at most 15 days (CloudWatch API, Schedule): `P2DT12H30M`. */
function durationOf(minutes: number): string {
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60)];
  return `P${days > 0 ? `${days}D` : ""}T${hours}H${minutes % 60}M`;
}
