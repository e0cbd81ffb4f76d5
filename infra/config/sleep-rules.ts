import { cronProblem } from "./cron.ts";
import { rule } from "./setting-rule.ts";
import { sleepsOf, wakesAwake, week } from "./sleep-times.ts";
import { isTimeZone } from "./workload-rules.ts";

/** What is wrong with the times at which a stack sleeps. */
export const sleepRules = [
  rule(["nodes", "environment"], ({ nodes: { schedule }, environment }) => {
    if (!schedule) return [];
    if (environment === "production") {
      return [
        "nodes.schedule: is not allowed in production: while a stack sleeps, its load balancer answers 503",
      ];
    }
    const { sleep, wake, timeZone } = schedule;
    const times = Object.entries({ sleep, wake }).map(([key, time]) => {
      const problem = cronProblem(time);
      return problem !== undefined && `nodes.schedule.${key}: ${time} ${problem}`;
    });
    const known = times.every((problem) => problem === false);
    return [
      ...times,
      known &&
        sleepsOf(schedule).some(({ minutes }) => minutes === week) &&
        `nodes.schedule: sleep ${sleep} and wake ${wake} come due at one time; allowed: at different times`,
      known &&
        wakesAwake(schedule) &&
        `nodes.schedule.wake: ${wake} comes due twice without nodes.schedule.sleep ${sleep} between, and takes the nodes back to nodes.minSize then; allowed: one wake after each sleep`,
      !isTimeZone(timeZone) &&
        `nodes.schedule.timeZone: ${timeZone} is not known; allowed: a time zone of the IANA database such as Europe/Berlin`,
    ];
  }),
];
