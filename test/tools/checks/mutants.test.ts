import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  type EquivalentMutant,
  entryProblems,
} from "../../../tools/checks/mutation/equivalent-mutants.ts";
import { mutantsOf, parses, withFault } from "../../../tools/checks/mutation/mutants.ts";
import {
  type Result,
  reportOf,
  summaryOf,
} from "../../../tools/checks/mutation/mutation-report.ts";
import { shuffled } from "../../../tools/checks/mutation/random.ts";

const texts = (source: string) =>
  mutantsOf("one.ts", source).map((mutant) => withFault(source, mutant));

describe("faults of the mutation check", () => {
  it("remove each property, element, statement and early return", () => {
    assert.ok(texts("const a = { b: c, ...d };").includes("const a = { ...d };"));
    assert.ok(texts("const a = { b: c, ...d };").includes("const a = { b: c };"));
    assert.ok(texts("const a = [b, c];").includes("const a = [c];"));
    assert.ok(texts("check(a);\nreturn;").includes(";\nreturn;"));
    assert.ok(texts("if (a) return b; return c;").includes("; return c;"));
    assert.ok(texts("f({ dependsOn: [a] });").includes("f({  });"));
  });

  it("change conditions, booleans, enum values, comparisons and numbers", () => {
    for (const [good, bad] of [
      ["a < b", "a <= b"],
      ["a && b", "a || b"],
      ["a === b", "a !== b"],
      ["a + b", "a - b"],
      ["x = true", "x = false"],
      ["x = 7", "x = 21"],
      ["x = 7", "x = 0"],
      ["x = 'OVERWRITE'", 'x = "NONE"'],
      ["x = 'DoNotSchedule'", 'x = "ScheduleAnyway"'],
      ["x = a ? b : c", "x = !(a) ? b : c"],
      ["x = a.filter(b)", "x = a"],
      ["x = a ?? b", "x = b"],
      ["x = `a$" + "{b}c`", "x = `$" + "{b}c`"],
    ] as const) {
      assert.ok(texts(good).includes(bad), `${good} → ${bad}: ${texts(good).join(" | ")}`);
    }
  });

  it("do not change imports, types, names, messages and examples", () => {
    assert.deepEqual(texts('import { a } from "./a.ts";'), []);
    assert.deepEqual(texts('type A = "b" | 3; interface C { d: "e" }'), []);
    assert.ok(!texts('const a = { "b-c": d };').some((text) => text.includes('""')));
    assert.deepEqual(texts('const a = "a sentence of words";'), []);
    assert.ok(!texts("const rule = { good: [{ a: 1 }], b };").some((text) => text.includes("3")));
  });

  it("with invalid syntax are found", () => {
    assert.ok(parses("a.ts", "const a: number = 1;"));
    assert.ok(!parses("a.ts", "const a: = 1;"));
  });

  it("have one order for each seed", () => {
    const numbers = Array.from({ length: 50 }, (_, at) => at);
    assert.deepEqual(shuffled(numbers, 3), shuffled(numbers, 3));
    assert.notDeepEqual(shuffled(numbers, 3), shuffled(numbers, 4));
    assert.deepEqual(
      shuffled(numbers, 3).toSorted((a, b) => a - b),
      numbers,
    );
  });
});

describe("the list of equivalent mutants", () => {
  const source = "const a = 1;";
  const entry: EquivalentMutant = {
    file: "one.ts",
    original: "1",
    text: "3",
    reason: "nobody reads it",
  };

  it("accepts an entry with text of the source and a reason", () => {
    assert.deepEqual(entryProblems([entry], mutantsOf("one.ts", source)), []);
  });

  it("refuses an entry without text of the source, and one without a reason", () => {
    assert.match(
      String(entryProblems([{ ...entry, original: "2" }], mutantsOf("one.ts", source))),
      /no such/,
    );
    assert.match(
      String(entryProblems([{ ...entry, reason: " " }], mutantsOf("one.ts", source))),
      /reason/,
    );
  });
});

describe("the report of the mutation check", () => {
  const results = (
    ["detected", "detected", "detected", "survived", "equivalent", "does not compile"] as const
  ).map(
    (outcome): Result => ({
      ...{ file: "one.ts", line: 2, start: 0, end: 1, original: "1", text: "3" },
      outcome,
    }),
  );

  it("excludes equivalent mutants and faults that do not compile from the percentage", () => {
    const { mutants, detected, equivalent, survived, percent } = summaryOf(results);
    assert.deepEqual([mutants, detected, equivalent, survived, percent], [5, 3, 1, 1, 75]);
  });

  it("names each survived fault with its line and its change", () => {
    assert.match(reportOf(results), /one\.ts:2 1 → 3/);
    assert.match(reportOf(results), /75\.0 % detected/);
  });
});
