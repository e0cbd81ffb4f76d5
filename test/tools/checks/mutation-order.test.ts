import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "mocha";
import { compile } from "../../../tools/checks/mutation/compile.js";
import { Coverage } from "../../../tools/checks/mutation/coverage.ts";
import { type PassingTest, TestOrder } from "../../../tools/checks/mutation/test-order.ts";

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

  const known = (test: string, more: Partial<PassingTest> = {}): PassingTest => ({
    ...{ test, milliseconds: 1000, hasProcesses: false },
    executed: { "infra/some/used.ts": [[0, source.indexOf("() =>")]] },
    ...more,
  });
  const fault = (text: string) => {
    const start = source.indexOf(text);
    return { file: "infra/some/used.ts", start, end: start + text.length };
  };

  it("execute its text: first the test of the same name, then those of the same folder", () => {
    const order = new TestOrder(folder, [
      known("test/distant.test.ts"),
      known("test/infra/some/other.test.ts"),
      known("test/infra/some/used.test.ts"),
      known("test/separate.test.ts", { executed: {} }),
    ]);
    assert.deepEqual(order.of(fault('"one"')), [
      "test/infra/some/used.test.ts",
      "test/infra/some/other.test.ts",
      "test/distant.test.ts",
    ]);
    assert.deepEqual(order.of(fault('"never"')), []);
  });

  it("begin with short ones, and with those that detected other faults of the file", () => {
    const order = new TestOrder(folder, [
      known("test/infra/some/other.test.ts", { milliseconds: 20_000 }),
      known("test/distant.test.ts"),
    ]);
    assert.equal(order.of(fault('"one"'))[0], "test/distant.test.ts");
    for (let times = 0; times < 30; times++) {
      order.recordDetection("infra/some/used.ts", "test/infra/some/other.test.ts");
    }
    assert.equal(order.of(fault('"one"'))[0], "test/infra/some/other.test.ts");
  });

  it("include those that start processes and import the file", () => {
    const processes = { executed: {}, hasProcesses: true };
    const order = new TestOrder(folder, [
      known("test/distant.test.ts", processes),
      known("test/separate.test.ts", processes),
    ]);
    assert.deepEqual(order.of(fault('"never"')), ["test/distant.test.ts"]);
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
