import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  awsCron,
  comesDueAsleep,
  isAsleepAt,
  muteCron,
  settingsCron,
  shareAwake,
  sleepsOf,
  wakesAwake,
} from "../../../infra/config/sleep-times.ts";

const hour = 60;
const day = 24 * hour;
const office = { sleep: "0 19 * * 1-5", wake: "0 7 * * 1-5" };

describe("the sleep of a stack", () => {
  it("lasts to the next time that it wakes, over the weekend too", () => {
    const night = (from: number) => ({ from: from * day + 19 * hour, minutes: 12 * hour });
    assert.deepEqual(sleepsOf(office), [
      ...[1, 2, 3, 4].map(night),
      { from: 5 * day + 19 * hour, minutes: 60 * hour },
    ]);
    assert.equal(shareAwake(office), 60 / 168);
  });

  it("begins once where it is put to sleep twice", () => {
    const twice = { sleep: "0 19 * * *", wake: "0 7 * * 1" };
    assert.deepEqual(sleepsOf(twice), [{ from: day + 19 * hour, minutes: 156 * hour }]);
    assert.equal(shareAwake(twice), 12 / 168);
  });

  it("is followed by each wake, or a wake finds nodes", () => {
    assert.equal(wakesAwake(office), false);
    assert.equal(wakesAwake({ sleep: "0 19 * * *", wake: "0 7 * * 1" }), false);
    assert.equal(wakesAwake({ sleep: "0 19 * * 1-5", wake: "0 7 * * *" }), true);
  });

  it("is over midnight, within a day, and of a week", () => {
    assert.equal(shareAwake({ sleep: "0 22 * * *", wake: "0 6 * * *" }), 16 / 24);
    assert.equal(shareAwake({ sleep: "0 12 * * *", wake: "30 13 * * *" }), 22.5 / 24);
    assert.equal(shareAwake({ sleep: "0 12 * * 0", wake: "0 12 * * 3" }), 4 / 7);
  });

  it("holds a minute from its first on, and no more the one that wakes it", () => {
    const at = (minute: number) => isAsleepAt(office, minute);
    assert.deepEqual(
      [day + 19 * hour - 1, day + 19 * hour, 2 * day + 7 * hour - 1, 2 * day + 7 * hour].map(at),
      [false, true, true, false],
    );
    assert.ok(at(0), "on Sunday");
  });
});

describe("a time of the week", () => {
  it("has six fields for the scheduler, with the days by name", () => {
    assert.equal(awsCron("0 19 * * 1-5"), "cron(0 19 ? * MON,TUE,WED,THU,FRI *)");
    assert.equal(awsCron("30 07 * * sun,3"), "cron(30 7 ? * SUN,WED *)");
    assert.equal(awsCron("5 0 * * *"), "cron(5 0 ? * * *)");
  });

  it("has five fields for alarm mute rules", () =>
    assert.equal(
      muteCron([day + 19 * hour + 5, 5 * day + 19 * hour + 5]),
      "cron(5 19 * * MON,FRI)",
    ));
});

describe("a job of a stack that sleeps", () => {
  const schedule = { ...office, timeZone: "Europe/Berlin" };
  const winter = new Date("2026-01-15T12:00:00Z");
  const cases: [cron: string, timeZone: string, due: boolean][] = [
    ["0 3 * * *", "Europe/Berlin", true],
    ["0 12 * * 1-5", "Europe/Berlin", false],
    ["0 12 * * 6", "Europe/Berlin", true],
    ["0 12 1 * *", "Europe/Berlin", true],
    ["30 18 * * 1-5", "Europe/Berlin", false],
    ["30 18 * * 1-5", "Etc/UTC", true],
    ["0 23 * * 1-4", "Asia/Tokyo", false],
    ["*/15 * * * *", "Etc/UTC", true],
    ["@daily", "Europe/Berlin", true],
    ["@every 2h", "Etc/UTC", true],
  ];
  for (const [cron, timeZone, due] of cases) {
    it(`comes due ${due ? "while it sleeps, too" : "while it is awake only"}: ${cron} ${timeZone}`, () =>
      assert.equal(comesDueAsleep(cron, timeZone, schedule, winter), due));
  }

  it("reads back the time that the scheduler has", () => {
    for (const cron of ["0 19 * * MON,TUE", "5 0 * * *"]) {
      assert.equal(settingsCron(awsCron(cron)), cron);
    }
  });
});
