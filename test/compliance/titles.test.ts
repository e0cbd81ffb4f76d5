import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { titleProblem, titlesOf } from "../../compliance/titles.ts";

describe("a test's title", () => {
  const found = (source: string, title: string) =>
    titlesOf(source).some((one) => one.source === title || one.pattern.test(title));

  it("is found where a test has it, on whatever line", () => {
    assert.ok(found('  it("is closed", () => {});', "is closed"));
    assert.ok(
      found('  it(\n    "is closed (at night)",\n    () => {},\n  );', "is closed (at night)"),
    );
    assert.ok(!found('  it("is closed", () => {});', "is open"));
    assert.ok(!found('  it("is closed", () => {});', "is"));
  });

  it("is not found in what does not run", () => {
    assert.ok(!found('  it.skip("is closed", () => {});', "is closed"));
    assert.ok(!found('  // it("is closed", () => {});', "is closed"));
    assert.ok(!found('  describe("is closed", () => {});', "is closed"));
  });

  it("that is built of values is found as it is built, and by what it becomes", () => {
    const source = "  it(`refuses $" + "{what} (for $" + "{whom})`, () => {});";
    assert.ok(found(source, "refuses $" + "{what} (for $" + "{whom})"));
    assert.ok(found(source, "refuses a bucket (for anybody)"));
    assert.ok(!found(source, "refuses a bucket"));
    assert.ok(!found("  it(`$" + "{what}: $" + "{why}`, () => {});", "anything: else"));
  });

  it("is found in a table of tests", () => {
    assert.equal(
      titleProblem("test/service/drain.test.ts", "does not wait for a client that has left"),
      undefined,
    );
  });
});
