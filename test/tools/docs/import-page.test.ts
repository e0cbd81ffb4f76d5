import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { importPage } from "../../../tools/docs/import-page.ts";
import { sampleSources } from "../../../tools/import/samples.ts";

describe("docs/import.md", () => {
  const page = readFileSync("docs/import.md", "utf8");

  it("is what npm run docs writes, with the public samples where they are", async () => {
    assert.equal(page, await importPage(process.env.IMPORT_SAMPLES));
  });

  it("has the numbers of more than 25 public files, each of a commit and a licence", () => {
    assert.ok(sampleSources.flatMap(({ files }) => files).length > 25);
    for (const { repository, commit, licence, files } of sampleSources) {
      assert.match(commit, /^[0-9a-f]{40}$/);
      assert.match(licence, /^(CC0-1\.0|Apache-2\.0|MIT)$/);
      assert.ok(page.includes(`| ${repository} | ${files.length} |`), repository);
    }
  });
});
