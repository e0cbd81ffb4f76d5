import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { nearest } from "../../../infra/config/known-names.ts";
import { contains } from "../../../infra/network/cidr.ts";

const text = (address: number) =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
const network = fc
  .record({ address: fc.nat(2 ** 32 - 1), prefix: fc.integer({ min: 1, max: 32 }) })
  .map(({ address, prefix }) => {
    const size = 2 ** (32 - prefix);
    const from = Math.floor(address / size) * size;
    return { cidr: `${text(address)}/${prefix}`, from, last: from + size - 1 };
  });

describe("a network", () => {
  it("contains another one when it has its first and its last address, and only then", () =>
    fc.assert(
      fc.property(network, network, (one, other) => {
        const whole = one.from <= other.from && other.last <= one.last;
        assert.equal(contains(one.cidr, other.cidr), whole);
      }),
      { numRuns: 500 },
    ));

  it("contains itself, its halves, and no network twice its size", () =>
    fc.assert(
      fc.property(network, ({ cidr, from, last }) => {
        const prefix = Number(cidr.split("/")[1]);
        assert.ok(contains(cidr, cidr));
        if (prefix < 32) {
          for (const half of [from, (from + last + 1) / 2]) {
            assert.ok(contains(cidr, `${text(half)}/${prefix + 1}`));
          }
        }
        if (prefix > 1) assert.ok(!contains(cidr, `${text(from)}/${prefix - 1}`));
      }),
    ));
});

describe("the nearest of known names", () => {
  const names = ["t4g.nano", "m7g.large", "c6i.4xlarge", "r8a.16xlarge", "web", "orders"];

  it("is the name itself, and the one of which a character was changed, added or left out", () => {
    for (const name of names) {
      assert.equal(nearest(name, names), name);
      for (let at = 0; at < name.length; at++) {
        const [before, after] = [name.slice(0, at), name.slice(at + 1)];
        for (const typed of [
          before + after,
          `${before}#${after}`,
          `${before}#${name[at]}${after}`,
        ]) {
          assert.equal(nearest(typed, names.toReversed()), name, typed);
        }
      }
    }
  });

  it("is nothing where nothing is known, and of two as near the one with the same first letter", () => {
    assert.equal(nearest("web", []), "");
    assert.equal(nearest("web2", ["web", "web2"]), "web2");
    assert.equal(nearest("2web", ["web", "2web"]), "2web");
    assert.equal(nearest("ab", ["xb", "ax"]), "ax");
    assert.equal(nearest("ab", ["ax", "xb"]), "ax");
  });
});
