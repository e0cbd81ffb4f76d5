import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";

const runbooks = readFileSync("docs/runbooks.md", "utf8");
const anchors = (page: string) =>
  [...readFileSync(page, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title.toLowerCase().replaceAll(" ", "-"),
  );

describe("docs/runbooks.md", () => {
  for (const command of ["doctor", "status", "logs", "exec", "leftovers", "upgrade", "pins"]) {
    it(`says before the alarms when to ask ${command}, and where its page is`, () => {
      const [first = ""] = runbooks.split("\n## ");
      const rows = first.split("\n").filter((line) => line.startsWith("| "));
      const row = rows.find((line) => line.includes(`npm run ${command} -- --stack `));
      assert.match(row ?? "", new RegExp(`\\[${command}\\]\\(operate\\.md#${command}\\)`));
    });
  }

  it("leads to sections that are there", () => {
    const links = [...runbooks.matchAll(/\]\(([a-z-]+\.md)?#([\w-]+)\)/g)];
    assert.ok(links.length > 25);
    for (const [link, page = "runbooks.md", anchor = ""] of links) {
      assert.ok(anchors(`docs/${page}`).includes(anchor), link);
    }
  });
});
