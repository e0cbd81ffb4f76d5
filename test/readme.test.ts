import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { parse } from "yaml";
import { titleProblem } from "../compliance/titles.ts";
import { settingsSchema } from "../infra/config-schema.ts";
import { settingKeys } from "./infra/setting-keys.ts";

const readme = readFileSync("README.md", "utf8");

interface Row {
  keys: string[];
  cells: string[];
}

/** The rows of the configuration table, with whole keys: `….path` continues the service's. */
const rows: Row[] = readme
  .slice(readme.indexOf("## Configuration"))
  .split("\n")
  .filter((line) => /^\| `/.test(line))
  .map((line) => {
    const [first = "", ...cells] = line.split("|").slice(1, -1);
    const names = [...first.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    const whole = (names[0] ?? "").replace("….", "services.<name>.");
    const stem = whole.slice(0, whole.lastIndexOf(".") + 1);
    const keys = names.map((name, at) => (at === 0 ? whole : stem + name));
    return { keys, cells: cells.map((cell) => cell.trim()) };
  });

const given = (value: unknown, at = ""): string[] =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([key, of]) =>
        given(of, at === "services" ? `${at}.<name>` : at ? `${at}.${key}` : key),
      )
    : [at];

/** What is wrong with the claims of "What you get": without a test, or with one that is not there. */
function unproved(text: string): string[] {
  const [, section = ""] = text.split("## What you get");
  const claims = section.slice(0, section.indexOf("\n## ")).split(/^- /m).slice(1);
  assert.ok(claims.length > 10);
  return claims.flatMap((claim) => {
    const tests = [...claim.matchAll(/\]\((test\/\S+) "([^"]+)"\)/g)];
    return tests.length === 0
      ? `no test: ${claim}`
      : tests.flatMap(([, file = "", title = ""]) => titleProblem(file, title) ?? []);
  });
}

describe("README", () => {
  it("has at most 150 lines", () => assert.ok(readme.split("\n").length <= 151));

  it("claims nothing without a test that is there", () => {
    assert.deepEqual(unproved(readme), []);
    const claim = "- **One server**: it never fails.";
    const plant = (line: string) => unproved(readme.replace(/^- \*\*/m, `${line}\n$&`)).join();
    assert.match(plant(claim), /^no test: .+never fails/);
    const gone = `${claim} [✓](test/infra/drain.test.ts "never fails")`;
    assert.equal(plant(gone), 'test/infra/drain.test.ts has no test "never fails"');
    const noFile = `${claim} [✓](test/gone.test.ts "never fails")`;
    assert.equal(plant(noFile), "there is no test file test/gone.test.ts");
  });

  it("explains every setting, and no other", () => {
    const known = settingKeys(settingsSchema);
    assert.ok(known.length > 40);
    const told = rows.flatMap(({ keys }) => keys).filter((key) => key !== "services.<name>");
    assert.deepEqual(told.sort(), known.sort());
  });

  for (const [at, stack] of [
    [2, "dev"],
    [3, "prod"],
  ] as const) {
    it(`has a value of ${stack} wherever the stack gives one`, () => {
      const { config } = parse(readFileSync(`Pulumi.${stack}.yaml`, "utf8"));
      const keys = Object.entries(config)
        .filter(([key]) => key !== "platform:accountId")
        .flatMap(([key, value]) => given(value, key.replace("platform:", "")));
      for (const key of keys) {
        const row = rows.find((one) => one.keys.includes(key));
        assert.ok(row?.cells[at], `${key} has no value in the column of ${stack}`);
      }
    });
  }
});
