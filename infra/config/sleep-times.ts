import { descriptors, numbersOf } from "./cron.ts";

/** When a stack sleeps and wakes, each as `0 19 * * 1-5`: at one time, on days of the week. */
export interface SleepSchedule {
  sleep: string;
  wake: string;
  timeZone: string;
}

type Times = Omit<SleepSchedule, "timeZone">;

/** A time on some days of the week; 0 is Sunday. */
interface WeeklyTime {
  minute: number;
  hour: number;
  days: number[];
}

const day = 24 * 60;
/** Minutes. */
export const week = 7 * day;
const dayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

function weeklyTime(cron: string): WeeklyTime {
  const [minute, hour, , , days = "*"] = cron.split(/ +/);
  return { minute: Number(minute), hour: Number(hour), days: numbersOf(days, 4) };
}

/** Minutes of the week, of Sunday's midnight on, in order. */
const minutesOf = (cron: string): number[] => {
  const { minute, hour, days } = weeklyTime(cron);
  return days.map((one) => one * day + hour * 60 + minute);
};

/**
 * The times when the stack goes to sleep: minutes of the week, and so many minutes until it wakes. One that
 * comes due while it sleeps is none. Clocks are taken to stay: a change of summer time moves one by an hour.
 */
export function sleepsOf({ sleep, wake }: Times): {
  from: number;
  minutes: number;
}[] {
  const [sleeps, wakes] = [minutesOf(sleep), minutesOf(wake)];
  const until = (from: number, times: number[]) =>
    Math.min(...times.map((time) => (time - from + week) % week || week));
  return sleeps
    .filter((from) => {
      const others = sleeps.filter((one) => one !== from);
      const before = others.map((one) => (from - one + week) % week);
      const woken = wakes.map((one) => (from - one + week) % week);
      return others.length === 0 || Math.min(...woken) < Math.min(...before);
    })
    .map((from) => ({ from, minutes: until(from, wakes) }));
}

/** Whether a wake comes due while the stack is awake, so that it finds nodes which the autoscaler has added. */
export function wakesAwake(schedule: Times): boolean {
  const reached = new Set(sleepsOf(schedule).map(({ from, minutes }) => (from + minutes) % week));
  return minutesOf(schedule.wake).some((wake) => !reached.has(wake));
}

/** The part of the week that the stack is awake: 0 to 1. */
export function shareAwake(schedule: Times): number {
  const asleep = sleepsOf(schedule).reduce((sum, { minutes }) => sum + minutes, 0);
  return (week - asleep) / week;
}

/** Whether the minute of the week is in a sleep. */
export function isAsleepAt(schedule: Times, minute: number): boolean {
  return sleepsOf(schedule).some(({ from, minutes }) => (minute - from + week) % week < minutes);
}

/**
 * The same time as EventBridge Scheduler writes it: six fields, of which one of both days is `?`
 * (EventBridge Scheduler User Guide, cron-based schedules).
 */
export function awsCron(cron: string): string {
  const { minute, hour, days } = weeklyTime(cron);
  return `cron(${minute} ${hour} ? * ${days.length === 7 ? "*" : dayList(days)} *)`;
}

/** The time of a minute of the week, as alarm mute rules write it: five fields (CloudWatch API, Schedule). */
export function muteCron(minutes: number[]): string {
  const [first = 0] = minutes;
  const ofDay = first % day;
  const days = minutes.map((one) => Math.floor(one / day));
  return `cron(${ofDay % 60} ${Math.floor(ofDay / 60)} * * ${dayList(days)})`;
}

const dayList = (days: number[]): string => days.map((one) => dayNames[one]).join(",");

/** A time as EventBridge Scheduler has it, by `awsCron`, as the settings have it. */
export function settingsCron(expression: string): string {
  const [, minute, hour, days] = /^cron\((\d+) (\d+) \? \* (\S+) \*\)$/.exec(expression) ?? [];
  return `${minute} ${hour} * * ${days}`;
}

/**
 * Whether a schedule of Kubernetes has a time in a sleep. A day of the month or a month may fall on any day
 * of the week; of two time zones today's difference counts.
 */
export function comesDueAsleep(
  cron: string,
  timeZone: string,
  schedule: SleepSchedule,
  now = new Date(),
): boolean {
  const [minutes = "*", hours = "*", date = "*", , days = "*"] = (
    cron.startsWith("@every") ? "* * * * *" : (descriptors[cron] ?? cron)
  ).split(/ +/);
  const shift = offsetMinutes(schedule.timeZone, now) - offsetMinutes(timeZone, now);
  return numbersOf(/^[*?]/.test(date) ? days : "*", 4).some((one) =>
    numbersOf(hours, 1).some((hour) =>
      numbersOf(minutes, 0).some((minute) =>
        isAsleepAt(schedule, (one * day + hour * 60 + minute + shift + week) % week),
      ),
    ),
  );
}

/** So many minutes the clocks of a time zone are ahead of UTC. */
function offsetMinutes(timeZone: string, at: Date): number {
  const parts = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" });
  const name = parts.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, sign = "+", hours = "0", minutes = "0"] = /([+-])(\d+):(\d+)/.exec(name) ?? [];
  return Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes));
}

/**
 * Whether a node group has been put to sleep: no setting allows a group of no nodes. The Cluster Autoscaler
 * may have brought one back before it went itself.
 */
export const isAsleep = ({ minSize }: { minSize?: number }): boolean => minSize === 0;
