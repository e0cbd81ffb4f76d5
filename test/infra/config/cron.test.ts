import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { longestGapSeconds } from "../../../infra/config/cron.ts";

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** As Kubernetes' parser has them (robfig/cron v3.0.1, ParseStandard), over 28 years in UTC. */
const gaps: [schedule: string, seconds: number][] = [
  ["* * * * *", minute],
  ["*/5 * * * *", 5 * minute],
  ["*/25 * * * *", 25 * minute],
  ["5/20 * * * *", 20 * minute],
  ["0,10 * * * *", 50 * minute],
  ["@hourly", hour],
  ["0 9-17 * * *", 16 * hour],
  ["0 9-17/4 * * *", 16 * hour],
  ["0 3 * * *", day],
  ["@daily", day],
  ["0 3 ? * ?", day],
  ["30 2 * * MON-FRI", 3 * day],
  ["0 8,20 * * mon,wed", 4 * day + 12 * hour],
  ["0 0 * * 0", 7 * day],
  ["@weekly", 7 * day],
  ["0 0 */2 * *", 2 * day],
  ["0 0 1-31/5 * *", 5 * day],
  ["0 0 1 * *", 31 * day],
  ["0 0 1 * 1", 7 * day],
  ["0 0 */10 * 1", 7 * day],
  ["0 0 1 * */1", 31 * day],
  ["0 0 1 jan *", 366 * day],
  ["0 0 29 2 *", 1461 * day],
  ["0 0 30 2 *", Number.POSITIVE_INFINITY],
  ["@every 90m", 90 * minute],
  ["@every 1h30m5s", 90 * minute + 5],
];

describe("the longest gap of a schedule", () => {
  for (const [schedule, seconds] of gaps) {
    it(`of ${schedule} is ${seconds / 3600} hours`, () =>
      assert.equal(longestGapSeconds(schedule), seconds));
  }
});
