import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "mocha";
import { compile } from "../../../tools/checks/mutation/compile.js";
import { Coverage } from "../../../tools/checks/mutation/coverage.ts";
import { type Known, Order } from "../../../tools/checks/mutation/tests.ts";

const source = `export interface Unused { a: string }
export function used(n: number) {
  if (n > 1) return "many";
  return "one";
}
export const unused = () => "never";
`;

describe("what the tests of a fault are", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "order-"));
    for (const [file, text] of [
      ["infra/some/used.ts", source],
      ["test/infra/some/used.test.ts", 'import "../../../infra/some/used.ts";'],
      ["test/infra/some/other.test.ts", 'import "../../../infra/some/used.ts";'],
      ["test/far.test.ts", 'import "../infra/some/used.ts";'],
      ["test/apart.test.ts", ""],
    ] as const) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
  });
  after(() => rmSync(folder, { recursive: true }));

  const known = (test: string, more: Partial<Known> = {}): Known => ({
    ...{ test, milliseconds: 1000, hasProcesses: false },
    executed: { "infra/some/used.ts": [[0, source.indexOf("() =>")]] },
    ...more,
  });
  const fault = (text: string) => {
    const start = source.indexOf(text);
    return { file: "infra/some/used.ts", start, end: start + text.length };
  };

  it("are those that execute its place, its own spec and its folder's first", () => {
    const order = new Order(folder, [
      known("test/far.test.ts"),
      known("test/infra/some/other.test.ts"),
      known("test/infra/some/used.test.ts"),
      known("test/apart.test.ts", { executed: {} }),
    ]);
    assert.deepEqual(order.of(fault('"one"')), [
      "test/infra/some/used.test.ts",
      "test/infra/some/other.test.ts",
      "test/far.test.ts",
    ]);
    assert.deepEqual(order.of(fault('"never"')), []);
  });

  it("begin with cheap ones, and with one that noticed a fault of the file before", () => {
    const order = new Order(folder, [
      known("test/infra/some/other.test.ts", { milliseconds: 20_000 }),
      known("test/far.test.ts"),
    ]);
    assert.equal(order.of(fault('"one"'))[0], "test/far.test.ts");
    for (let times = 0; times < 30; times++) {
      order.noticed("infra/some/used.ts", "test/infra/some/other.test.ts");
    }
    assert.equal(order.of(fault('"one"'))[0], "test/infra/some/other.test.ts");
  });

  it("are all that import the file where a test has other processes, which nothing counts", () => {
    const processes = { executed: {}, hasProcesses: true };
    const order = new Order(folder, [
      known("test/far.test.ts", processes),
      known("test/apart.test.ts", processes),
    ]);
    assert.deepEqual(order.of(fault('"never"')), ["test/far.test.ts"]);
  });

  it("are told by what V8 has counted, at its place in the source", () => {
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
