import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { drainClock } from "../../infra/services/drain.ts";
import { type Stop, stops } from "../../tools/bench/foreign/stops.ts";

/** Stops of a case, and how often they are tried again where the machine was too busy to see anything. */
const times = 1;
const attempts = 6;
const servers = {
  exits: "exits at once",
  closes: "closes its server, then exits",
  ignores: "ignores SIGTERM",
} as const;
const behaviours = ["exits", "closes", "ignores"] as const;

/** Requests of up to 15 s, where 20 are allowed. */
const long = {
  clock: drainClock({ drainSeconds: 8, requestTimeoutSeconds: 20, idleTimeoutSeconds: 60 }),
  requestSeconds: 15,
  lagSeconds: 8,
};

describe("a server that does not read the drain clock, told to leave under load", () => {
  const cases: [name: string, stop: Stop, expected: "none" | "some"][] = [];
  for (const behaviour of behaviours) {
    const does = servers[behaviour];
    for (const lagSeconds of [1, 4, 8]) {
      cases.push([
        `loses no request after the preStop sleep: ${does}, lag ${lagSeconds} s`,
        { behaviour, lagSeconds },
        "none",
      ]);
    }
  }
  for (const behaviour of ["exits", "closes"] as const) {
    cases.push([
      `loses some without the sleep, which this test notices: ${servers[behaviour]}`,
      { behaviour, lagSeconds: 4, sleepSeconds: 0 },
      "some",
    ]);
  }
  cases.push(
    [
      "loses some when it sleeps for less than the lag: exits at once",
      { behaviour: "exits", lagSeconds: 8, sleepSeconds: 4 },
      "some",
    ],
    [
      "loses a request longer than the gap that it leaves after the lag: exits at once",
      { behaviour: "exits", ...long, sleepSeconds: long.lagSeconds + long.clock.quietSeconds },
      "some",
    ],
    [
      "finishes the longest request that came last: exits at once",
      { behaviour: "exits", ...long },
      "none",
    ],
  );

  // One after the other: each needs a processor.
  for (const [name, stop, expected] of cases) {
    it(name, async () => {
      const seen = { lost: 0, late: 0 };
      const enough = () => (expected === "some" ? seen.lost > 0 : seen.late > 0);
      for (let attempt = 0; attempt < attempts && !enough(); attempt++) {
        const { lost, late } = await stops(stop, times);
        seen.lost += lost;
        seen.late += late;
      }
      assert.ok(seen.late > 0, "the leaving pod got requests");
      if (expected === "some") assert.ok(seen.lost > 0);
      else assert.equal(seen.lost, 0);
    }).timeout(60_000);
  }
});
