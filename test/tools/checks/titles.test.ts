import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { hasTitle, titleProblem } from "../../../tools/checks/compliance/titles.ts";

describe("a test's title", () => {
  it("is found where a test has it, on whatever line", () => {
    assert.ok(hasTitle('  it("is closed", () => {});', "is closed"));
    assert.ok(
      hasTitle('  it(\n    "is closed (at night)",\n    () => {},\n  );', "is closed (at night)"),
    );
    assert.ok(!hasTitle('  it("is closed", () => {});', "is open"));
    assert.ok(!hasTitle('  it("is closed", () => {});', "is"));
  });

  it("is not found in what does not run", () => {
    assert.ok(!hasTitle('  it.skip("is closed", () => {});', "is closed"));
    assert.ok(!hasTitle('  // it("is closed", () => {});', "is closed"));
    assert.ok(!hasTitle('  describe("is closed", () => {});', "is closed"));
  });

  it("that is built of values is found as it is built, and by what it becomes", () => {
    const built = ["refuses $", "{what} (for $", "{whom})"].join("");
    const source = `const cases = [["a bucket", "anybody"]];\n  it(\`${built}\`, () => {});`;
    assert.ok(hasTitle(source, built));
    assert.ok(hasTitle(source, "refuses a bucket (for anybody)"));
    assert.ok(!hasTitle(source, "refuses a bucket"));
    assert.ok(!hasTitle(source, "refuses a bucket (for me)"));
  });

  it("is found in a table of tests", () => {
    const title = "does not wait for a client that has left";
    assert.equal(titleProblem("test/service/drain.test.ts", title), undefined);
  });
});
