import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { changesOf } from "../../../tools/plan/diff/changes.ts";
import { lineDiff } from "../../../tools/plan/diff/line-diff.ts";

describe("changesOf", () => {
  it("names the innermost properties, with their old and new values", () => {
    const from = { a: { b: 1, c: [{ d: "x" }] }, gone: true };
    const to = { a: { b: 2, c: [{ d: "y" }] }, come: null, new: 3 };
    assert.deepEqual(changesOf(from, to), [
      { path: "a.b", from: 1, to: 2 },
      { path: "a.c[0].d", from: "x", to: "y" },
      { path: "gone", from: true, to: undefined },
      { path: "new", from: undefined, to: 3 },
    ]);
  });

  it("compares policies and other JSON by value", () => {
    assert.deepEqual(changesOf('{"a": 1, "b": 2}', '{"b":3,"a":1}', "policy"), [
      { path: "policy.b", from: 2, to: 3 },
    ]);
    assert.deepEqual(changesOf("{not JSON", "{nor this"), [
      { path: "", from: "{not JSON", to: "{nor this" },
    ]);
  });

  it("does not report list members of which only the index changes", () => {
    assert.deepEqual(changesOf(["a", "b", "c"], ["b", "c"], "zones"), [
      { path: "zones[0]", from: "a", to: undefined },
    ]);
    assert.equal(changesOf(["a", "b"], ["b", "a"]).length, 2);
  });

  it("is empty exactly for equal values", () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(value, value, (a, b) => {
        assert.deepEqual(changesOf(a, structuredClone(a)), []);
        if (changesOf(a, b).length === 0) assert.deepEqual(changesOf(b, a), []);
      }),
    );
  });
});

describe("lineDiff", () => {
  const text = fc
    .array(fc.constantFrom("a", "b", "c", ""), { maxLength: 12 })
    .map((lines) => lines.join("\n"));

  it("converts the old text to the new one", () => {
    fc.assert(
      fc.property(text, text, (from, to) => {
        const lines = lineDiff(from, to, 100);
        if (from === to) return assert.deepEqual(lines, []);
        const side = (sign: string) =>
          lines
            .filter((line) => line.startsWith("  ") || line.startsWith(sign))
            .map((line) => line.slice(2))
            .join("\n");
        assert.equal(side("- "), from);
        assert.equal(side("+ "), to);
      }),
    );
  });

  it("shows the lines around a change, and marks omitted lines", () => {
    const lines = Array.from({ length: 20 }, (_, at) => `line ${at}`);
    const changed = lines.with(2, "two").with(15, "fifteen");
    const diff = lineDiff(lines.join("\n"), changed.join("\n"), 1);
    assert.deepEqual(diff, [
      ...["  line 1", "- line 2", "+ two", "  line 3", "…"],
      ...["  line 14", "- line 15", "+ fifteen", "  line 16"],
    ]);
  });
});
