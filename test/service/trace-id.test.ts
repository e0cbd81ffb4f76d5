import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { traceId } from "../../service/src/trace-id.ts";

const now = 1_700_000_000_000;
const minute = 60;
const day = 24 * 60 * minute;
/** A trace id that was made so many seconds ago. */
const made = (secondsAgo: number, random = "0123456789abcdef01234567") =>
  `1-${(now / 1000 - secondsAgo).toString(16)}-${random}`;
const takes = (secondsAgo: number) => traceId(`Root=${made(secondsAgo)}`, now) !== undefined;

describe("a trace id", () => {
  it("is taken while X-Ray takes it: for 30 days, less the hour to send it", () => {
    assert.ok(takes(0) && takes(30 * day - 61 * minute));
    assert.ok(!takes(30 * day - 60 * minute) && !takes(30 * day));
  });

  it("may be ahead of this clock by less than five minutes", () => {
    assert.ok(takes(-(5 * minute - 1)));
    assert.ok(!takes(-5 * minute) && !takes(-day));
  });

  it("is the load balancer's own where the client's is none, and never of zeros", () => {
    const own = made(1);
    assert.equal(traceId(`Self=${own};Root=${made(2)}`, now), made(2));
    assert.equal(traceId(`Self=${own};Root=${made(31 * day)}`, now), own);
    assert.equal(traceId(`Self=${own};Root=x`, now), own);
    assert.equal(traceId(`Root=${made(1, "0".repeat(24))}`, now), undefined);
    for (const header of [undefined, [], "", own, `Roots=${own}`, `Root=${own}0`]) {
      assert.equal(traceId(header, now), undefined, String(header));
    }
  });
});
