import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { hasTitle, titleProblem } from "../../../tools/checks/compliance/titles.ts";

describe("a title of a test", () => {
  it("is found on the line of `it` or on the next one", () => {
    assert.ok(hasTitle('  it("is closed", () => {});', "is closed"));
    assert.ok(
      hasTitle('  it(\n    "is closed (at night)",\n    () => {},\n  );', "is closed (at night)"),
    );
    assert.ok(!hasTitle('  it("is closed", () => {});', "is open"));
    assert.ok(!hasTitle('  it("is closed", () => {});', "is"));
  });

  it("is not found in skipped or commented tests, or in `describe`", () => {
    assert.ok(!hasTitle('  it.skip("is closed", () => {});', "is closed"));
    assert.ok(!hasTitle('  // it("is closed", () => {});', "is closed"));
    assert.ok(!hasTitle('  describe("is closed", () => {});', "is closed"));
  });

  it("with values is found by its template and by its text", () => {
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
