import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { drainClock } from "../../infra/services/drain.ts";
import { type Outcome, type Stop, stops } from "../../tools/bench/foreign/stops.ts";

const times = 2;
const servers = {
  exits: { does: "exits at once", end: "0" },
  closes: { does: "closes its server, then exits", end: "0" },
  ignores: { does: "ignores SIGTERM", end: "SIGKILL" },
} as const;
const behaviours = ["exits", "closes", "ignores"] as const;

/** Requests of up to 20 s. */
const long = {
  clock: drainClock({ drainSeconds: 8, requestTimeoutSeconds: 20, idleTimeoutSeconds: 60 }),
  requestSeconds: 20,
  lagSeconds: 8,
};

describe("a server that does not read the drain clock, told to leave under load", () => {
  const cases: [name: string, stop: Stop, check: (outcome: Outcome) => void][] = [];
  for (const behaviour of behaviours) {
    const { does, end } = servers[behaviour];
    for (const lagSeconds of [1, 4, 8]) {
      cases.push([
        `loses no request after the preStop sleep: ${does}, lag ${lagSeconds} s`,
        { behaviour, lagSeconds },
        ({ lost, late, ends }) => {
          assert.equal(lost, 0);
          assert.ok(late > 0);
          assert.ok(ends.has(end));
        },
      ]);
    }
  }
  for (const behaviour of ["exits", "closes"] as const) {
    cases.push([
      `loses some without the sleep, which this test notices: ${servers[behaviour].does}`,
      { behaviour, lagSeconds: 4, sleepSeconds: 0 },
      ({ lost }) => assert.ok(lost > 0),
    ]);
  }
  cases.push(
    [
      "loses some when it sleeps for less than the lag: exits at once",
      { behaviour: "exits", lagSeconds: 8, sleepSeconds: 4 },
      ({ lost }) => assert.ok(lost > 0),
    ],
    [
      "loses a request longer than the gap that it leaves after the lag: exits at once",
      { behaviour: "exits", ...long, sleepSeconds: long.lagSeconds + long.clock.quietSeconds },
      ({ lost }) => assert.ok(lost > 0),
    ],
    [
      "finishes the longest request that came last: exits at once",
      { behaviour: "exits", ...long },
      ({ lost }) => assert.equal(lost, 0),
    ],
  );

  let outcomes: Promise<PromiseSettledResult<Outcome>[]>;
  // All at the same time, since each mostly waits.
  before(() => {
    outcomes = Promise.allSettled(cases.map(([, stop]) => stops(stop, times)));
  });
  for (const [index, [name, , check]] of cases.entries()) {
    it(name, async () => {
      const outcome = (await outcomes)[index];
      if (outcome?.status !== "fulfilled") throw outcome?.reason;
      check(outcome.value);
    }).timeout(60_000);
  }
});
