import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "mocha";
import { mutantsOf } from "../../../tools/checks/mutation/mutants.ts";
import { run } from "../../../tools/checks/mutation/mutation-run.ts";

const source = `export const limit = 7;
export const spare = 5;
export const reached = (n: number) => n >= limit;
`;
const test = `import assert from "node:assert/strict";
import { it } from "mocha";
import { limit, reached } from "../infra/limit.ts";
it("is reached at the limit", () => {
  assert.equal(limit, 7);
  assert.ok(reached(7) && !reached(6));
});
`;
const broken = `import assert from "node:assert/strict";
import { it } from "mocha";
import "../infra/limit.ts";
it("fails always", () => assert.ok(false));
`;

const flaky = `import assert from "node:assert/strict";
import { appendFileSync, readFileSync } from "node:fs";
import { it } from "mocha";
import "../infra/limit.ts";
it("fails from its third run on", () => {
  appendFileSync("runs", ".");
  assert.ok(readFileSync("runs", "utf8").length <= 2);
});
`;
const unrelated = `import { it } from "mocha";
it("has nothing to do with it", () => {});
`;
const idle = `import { it } from "mocha";
import "../infra/limit.ts";
it("detects nothing", () => {});
`;

describe("the mutation check", function () {
  this.timeout(120_000);
  let folder: string;
  const said: string[] = [];
  const all = mutantsOf("infra/limit.ts", source);
  const check = (more: Partial<Parameters<typeof run>[0]> = {}) =>
    run({
      sources: folder,
      folders: [folder],
      mutants: all,
      tests: ["test/limit.test.ts", "test/broken.test.ts"],
      equivalent: [],
      budgetMs: 60_000,
      say: (line) => said.push(line),
      ...more,
    });

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "mutation-test-"));
    for (const name of ["infra", "test"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    writeFileSync(join(folder, "infra/limit.ts"), source);
    writeFileSync(join(folder, "test/limit.test.ts"), test);
    writeFileSync(join(folder, "test/broken.test.ts"), broken);
    const packages = fileURLToPath(new URL("../../../node_modules", import.meta.url));
    symlinkSync(packages, join(folder, "node_modules"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("finds the faults that a test detects, and restores the source", async () => {
    const results = await check();
    const outcome = (original: string, text: string) =>
      results.find((one) => one.original === original && one.text === text)?.outcome;
    assert.equal(outcome("7", "21"), "detected");
    assert.equal(outcome(">=", ">"), "detected");
    assert.equal(outcome("5", "15"), "survived");
    assert.equal(readFileSync(join(folder, "infra/limit.ts"), "utf8"), source);
  });

  it("leaves out a test that fails without a fault", () => {
    assert.ok(said.some((line) => /without a fault, test\/broken\.test\.ts fails too/.test(line)));
  });

  it("continues from written results, and runs survived faults again", async () => {
    const results = join(folder, "results.jsonl");
    const [first, ...rest] = await check({ results });
    assert.equal(rest.length, all.length - 1);
    said.length = 0;
    const again = await check({ results });
    assert.equal(again.length, all.length);
    assert.ok(first && said.some((line) => /survived/.test(line)));
    assert.ok(!said.some((line) => / detected /.test(line)));
  });

  it("leaves out a test that begins to fail, and runs again the faults that it detected", async () => {
    said.length = 0;
    writeFileSync(join(folder, "test/flaky.test.ts"), flaky);
    const results = await check({ tests: ["test/flaky.test.ts", "test/limit.test.ts"] });
    const by = results.flatMap((one) => one.by ?? []).join("\n");
    assert.match(by, /limit\.test\.ts/);
    assert.doesNotMatch(by, /flaky/);
    assert.ok(results.some(({ outcome }) => outcome === "survived"));
    assert.ok(said.some((line) => /without a fault, test\/flaky\.test\.ts fails too/.test(line)));
  });

  it("measures a test that a second fault needs, and again after a change of its files", async () => {
    const results = join(folder, "measured.jsonl");
    writeFileSync(join(folder, "test/unrelated.test.ts"), unrelated);
    writeFileSync(join(folder, "test/idle.test.ts"), idle);
    const tests = ["test/limit.test.ts", "test/unrelated.test.ts", "test/idle.test.ts"];
    const measured = async (original: string) => {
      const mutants = all.filter((mutant) => mutant.original === original);
      await check({ results, tests, mutants });
      const lines = readFileSync(results, "utf8").split("\n").filter(Boolean);
      return lines.flatMap((line) => JSON.parse(line).test ?? []);
    };
    assert.deepEqual(await measured(">="), [], "one fault");
    const both = ["test/limit.test.ts", "test/idle.test.ts"];
    assert.deepEqual(await measured("5"), both);
    assert.deepEqual(await measured("5"), both);
    writeFileSync(join(folder, "test/idle.test.ts"), `${idle}\n`);
    assert.deepEqual(await measured("5"), [...both, "test/idle.test.ts"]);
  });

  it("runs no test for a listed equivalent mutant", async () => {
    const equivalent = [{ file: "infra/limit.ts", original: "5", text: "15", reason: "spare" }];
    const results = await check({ equivalent });
    const spare = results.find(({ original, text }) => original === "5" && text === "15");
    assert.equal(spare?.outcome, "equivalent");
  });
});
