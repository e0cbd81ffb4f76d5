import { numbersOf } from "./cron.ts";

/** When a stack sleeps and wakes, each as `0 19 * * 1-5`: at one time, on days of the week. */
export interface SleepSchedule {
  sleep: string;
  wake: string;
  timeZone: string;
}

/** A time on some days of the week; 0 is Sunday. */
interface WeeklyTime {
  minute: number;
  hour: number;
  days: number[];
}

const day = 24 * 60;
const week = 7 * day;
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
export function sleepsOf({ sleep, wake }: Omit<SleepSchedule, "timeZone">): {
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

/** The part of the week that the stack is awake: 0 to 1. */
export function shareAwake(schedule: Omit<SleepSchedule, "timeZone">): number {
  const asleep = sleepsOf(schedule).reduce((sum, { minutes }) => sum + minutes, 0);
  return (week - asleep) / week;
}

/** Whether the minute of the week is in a sleep. */
export function isAsleepAt(schedule: Omit<SleepSchedule, "timeZone">, minute: number): boolean {
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
