import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "mocha";
import { compile } from "../../../tools/checks/mutation/compile.js";
import { Coverage } from "../../../tools/checks/mutation/coverage.ts";
import {
  type PassingTest,
  runsText,
  TestOrder,
} from "../../../tools/checks/mutation/test-order.ts";

const source = `export interface Unused { a: string }
export function used(n: number) {
  if (n > 1) return "many";
  return "one";
}
export const unused = () => "never";
`;

describe("the tests of a fault", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "order-"));
    for (const [file, text] of [
      ["infra/some/used.ts", source],
      ["test/infra/some/used.test.ts", 'import "../../../infra/some/used.ts";'],
      ["test/infra/some/other.test.ts", 'import "../../../infra/some/used.ts";'],
      ["test/distant.test.ts", 'import "../infra/some/used.ts";'],
      ["test/separate.test.ts", ""],
    ] as const) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
  });
  after(() => rmSync(folder, { recursive: true }));

  const file = "infra/some/used.ts";
  const known = (test: string, more: Partial<PassingTest> = {}): PassingTest => ({
    ...{ test, milliseconds: 1000, hasProcesses: false },
    executed: { [file]: [[0, source.indexOf("() =>")]] },
    ...more,
  });
  const fault = (text: string) => {
    const start = source.indexOf(text);
    return { file, start, end: start + text.length };
  };

  it("import its file: first the test of the same name, then those of the same folder", () => {
    const order = new TestOrder(folder, [
      "test/distant.test.ts",
      "test/infra/some/other.test.ts",
      "test/infra/some/used.test.ts",
      "test/separate.test.ts",
    ]);
    assert.deepEqual(order.of(file), [
      "test/infra/some/used.test.ts",
      "test/infra/some/other.test.ts",
      "test/distant.test.ts",
    ]);
    order.drop("test/infra/some/other.test.ts");
    assert.deepEqual(order.of(file), ["test/infra/some/used.test.ts", "test/distant.test.ts"]);
  });

  it("begin with short ones, and with those that detected other faults of the file", () => {
    const order = new TestOrder(folder, ["test/infra/some/other.test.ts", "test/distant.test.ts"]);
    order.recordDuration(known("test/infra/some/other.test.ts", { milliseconds: 20_000 }));
    order.recordDuration(known("test/distant.test.ts"));
    assert.equal(order.of(file)[0], "test/distant.test.ts");
    for (let times = 0; times < 30; times++) {
      order.recordDetection(file, "test/infra/some/other.test.ts");
    }
    assert.equal(order.of(file)[0], "test/infra/some/other.test.ts");
  });

  it("execute its text, or start processes", () => {
    const test = known("test/distant.test.ts");
    assert.equal(runsText(test, fault('"one"')), true);
    assert.equal(runsText(test, fault('"never"')), false);
    assert.equal(runsText({ ...test, executed: {} }, fault('"one"')), false);
    const processes = { ...test, executed: {}, hasProcesses: true };
    assert.equal(runsText(processes, fault('"never"')), true);
  });

  it("are found by V8's coverage, mapped to the source", () => {
    const { code } = compile("used.ts", source);
    const uncalled = code.indexOf("() =>");
    const counted = [
      { startOffset: 0, endOffset: 10_000, count: 1 },
      { startOffset: uncalled, endOffset: code.indexOf("export"), count: 0 },
    ];
    const [parts] = Object.values(
      new Coverage(folder).executed([{ file: "infra/some/used.ts", ranges: counted }]),
    );
    const isExecuted = ({ start, end }: { start: number; end: number }) =>
      parts?.some(([from, to]) => from < end && start < to);
    assert.ok(isExecuted(fault('"many"')));
    assert.ok(!isExecuted(fault('"never"')));
  });
});
