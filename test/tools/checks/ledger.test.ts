import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "mocha";
import {
  type Checklist,
  type Control,
  checklists,
  controlsOf,
  ledgerMarkdown,
} from "../../../tools/checks/compliance/ledger.ts";

describe("the compliance ledger", () => {
  let all: Checklist[];
  before(() => {
    all = checklists();
  });
  const chapterSizes = ({ chapters }: Checklist) =>
    Object.values(chapters).map(({ length }) => length);

  it("has all of the benchmark and of hardeneks, each once", () => {
    const complete = all.slice(0, 2);
    assert.deepEqual(complete.map(chapterSizes), [
      [2, 13, 23, 12],
      [27, 21],
    ]);
    for (const one of complete) {
      const ids = controlsOf(one).map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length);
    }
  });

  it("is written as `npm run docs` writes it", () =>
    assert.equal(readFileSync("docs/compliance.md", "utf8"), ledgerMarkdown(all)));

  describe("is not written when", () => {
    const planted = (change: Partial<Control>) => {
      const copy = structuredClone(all);
      Object.assign(controlsOf(copy[0] as Checklist)[0] as Control, change);
      return () => ledgerMarkdown(copy);
    };

    it("a test that it names is gone", () => {
      const tests = ["infra/cluster/cluster: is never attacked"];
      const says =
        /^2\.1\.1: test\/infra\/cluster\/cluster\.test\.ts has no test "is never attacked"$/;
      assert.throws(planted({ tests }), ({ message }: Error) => says.test(message));
      const noFile = planted({ tests: ["infra/moat: is deep"] });
      assert.throws(noFile, /2\.1\.1: there is no test file test\/infra\/moat\.test\.ts/);
    });

    it("a policy rule or a place that it names is gone", () => {
      assert.throws(planted({ rules: ["moat-deep"] }), /2\.1\.1: no policy rule moat-deep/);
      const place = "infra/cluster/cluster.ts: moat: true";
      assert.throws(planted({ place }), /2\.1\.1: infra\/cluster\/cluster\.ts has no moat: true/);
    });

    it("a control has neither a test nor a reason", () => {
      const bare = planted({ rules: [], tests: [], place: undefined });
      assert.throws(bare, /2\.1\.1: has neither a test nor an exception/);
      assert.throws(planted({ rules: [] }), /2\.1\.1: has a place without a test/);
    });
  });
});
