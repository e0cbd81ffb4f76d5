import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { settingsSchema } from "../infra/config/schema.ts";
import { titleProblem } from "../tools/checks/compliance/titles.ts";
import { configurationPage, settingsOfSchema } from "../tools/docs/configuration.ts";
import { evaluate } from "../tools/graph/evaluate.ts";
import { render } from "../tools/plan/render.ts";
import { settingKeys } from "./support/setting-keys.ts";

const readme = readFileSync("README.md", "utf8");

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
  it("has at most 100 lines", () => assert.ok(readme.split("\n").length <= 101));

  it("claims nothing without a test that is there", () => {
    assert.deepEqual(unproved(readme), []);
    const claim = "- **One server**: it never fails.";
    const plant = (line: string) => unproved(readme.replace(/^- \*\*/m, `${line}\n$&`)).join();
    assert.match(plant(claim), /^no test: .+never fails/);
    const gone = `${claim} [✓](test/infra/services/drain.test.ts "never fails")`;
    assert.equal(plant(gone), 'test/infra/services/drain.test.ts has no test "never fails"');
    const noFile = `${claim} [✓](test/gone.test.ts "never fails")`;
    assert.equal(plant(noFile), "there is no test file test/gone.test.ts");
  });

  it("shows what npm start prints", async () => {
    const [, shown = ""] = /begins so:\n\n```\n([^`]+)```/.exec(readme) ?? [];
    const evaluation = await evaluate("dev");
    const printed = render(evaluation);
    assert.ok(shown.split("\n").length > 5);
    assert.ok(printed.startsWith(shown), printed.slice(0, shown.length));
  });
});

describe("docs/configuration.md", () => {
  it("is what npm run docs writes", () => {
    assert.equal(readFileSync("docs/configuration.md", "utf8"), configurationPage());
  });

  it("says of every setting what it means and what is allowed", () => {
    const settings = settingsOfSchema(settingsSchema);
    assert.ok(settings.length > 80);
    for (const { key, meaning, allowed } of settings) {
      assert.match(meaning, /^\S.+\.$/, key);
      assert.notEqual(allowed, "", key);
    }
    const keys = settings
      // A resource is one setting by its kind.
      .map(({ key }) => key.replace(/^(resources\.<\w+>)\.kind$/, "$1"))
      .filter((key) => !/^(services|jobs|nodes\.groups)\.<name>$/.test(key));
    assert.deepEqual(keys.sort(), settingKeys(settingsSchema).sort());
  });
});
