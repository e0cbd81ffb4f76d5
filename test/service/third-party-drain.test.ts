import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { drainClock } from "../../infra/services/drain.ts";
import { type StopOptions, stopPods } from "../../tools/bench/third-party/pod-stops.ts";

/** Stops of an attempt, and the max. attempts on a busy machine. */
const times = 1;
const attempts = 6;
const servers = {
  exits: "exits at once",
  closes: "closes its server, then exits",
  ignores: "ignores SIGTERM",
} as const;
const behaviours = ["exits", "closes", "ignores"] as const;

/** Requests of up to 15 s; 20 s are allowed. */
const long = {
  clock: drainClock({ drainSeconds: 8, requestTimeoutSeconds: 20, idleTimeoutSeconds: 60 }),
  requestSeconds: 15,
  lagSeconds: 8,
};

describe("a server that does not read the drain clock, stopped under load", () => {
  const cases: [name: string, stop: StopOptions, expected: "none" | "some"][] = [];
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
      `loses requests without the preStop sleep: ${servers[behaviour]}`,
      { behaviour, lagSeconds: 4, sleepSeconds: 0 },
      "some",
    ]);
  }
  cases.push(
    [
      "loses requests with a preStop sleep below the lag: exits at once",
      { behaviour: "exits", lagSeconds: 8, sleepSeconds: 4 },
      "some",
    ],
    [
      "loses a request that is longer than the sleep after the lag: exits at once",
      { behaviour: "exits", ...long, sleepSeconds: long.lagSeconds + long.clock.quietSeconds },
      "some",
    ],
    [
      "finishes the longest request of the lag: exits at once",
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
        const { lost, late } = await stopPods(stop, times);
        seen.lost += lost;
        seen.late += late;
      }
      assert.ok(seen.late > 0, "the stopping pod got requests");
      if (expected === "some") assert.ok(seen.lost > 0);
      else assert.equal(seen.lost, 0);
    }).timeout(60_000);
  }
});
