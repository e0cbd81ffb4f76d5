import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "mocha";
import {
  type Checklist,
  type Control,
  checklists,
  complianceMarkdown,
  controlsOf,
} from "../../../tools/checks/compliance/checklists.ts";

describe("docs/compliance.md", () => {
  let all: Checklist[];
  before(() => {
    all = checklists();
  });
  const chapterSizes = ({ chapters }: Checklist) =>
    Object.values(chapters).map(({ length }) => length);

  it("has each control of the CIS benchmark and of hardeneks once", () => {
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

  it("is the output of npm run docs", () =>
    assert.equal(readFileSync("docs/compliance.md", "utf8"), complianceMarkdown(all)));

  describe("is not written if", () => {
    const markdownWith = (change: Partial<Control>) => {
      const copy = structuredClone(all);
      Object.assign(controlsOf(copy[0] as Checklist)[0] as Control, change);
      return () => complianceMarkdown(copy);
    };

    it("a test of a control does not exist", () => {
      const tests = ["infra/cluster/cluster: does not exist"];
      const says =
        /^2\.1\.1: test\/infra\/cluster\/cluster\.test\.ts has no test "does not exist"$/;
      assert.throws(markdownWith({ tests }), ({ message }: Error) => says.test(message));
      const noFile = markdownWith({ tests: ["infra/missing: does not exist"] });
      assert.throws(noFile, /2\.1\.1: there is no test file test\/infra\/missing\.test\.ts/);
    });

    it("a policy rule or a place of a control does not exist", () => {
      assert.throws(
        markdownWith({ rules: ["missing-rule"] }),
        /2\.1\.1: no policy rule missing-rule/,
      );
      const place = "infra/cluster/cluster.ts: missing: true";
      assert.throws(
        markdownWith({ place }),
        /2\.1\.1: infra\/cluster\/cluster\.ts has no missing: true/,
      );
    });

    it("a control has neither a test nor a reason", () => {
      const bare = markdownWith({ rules: [], tests: [], place: undefined });
      assert.throws(bare, /2\.1\.1: has neither a test nor an exception/);
      assert.throws(markdownWith({ rules: [] }), /2\.1\.1: has a place without a test/);
    });
  });
});
