import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { download } from "../../../tools/deliver/artifacts.ts";
import { CommandFailed } from "../../../tools/shell.ts";
import { workflowFixture } from "../../support/workflow-fixtures.ts";

describe("the download of what a workflow run has left", function () {
  this.timeout(60_000);
  const given = workflowFixture();
  const tried = (answer: { err?: string; code?: number }, which: Parameters<typeof download>[2]) =>
    given.player.inside({ "gh run download": answer }, () =>
      download("example/platform", 99, which, "artifacts"),
    );

  it("asks for one by its name, or for those of a pattern", async () => {
    assert.equal(await tried({}, { name: "images" }), true);
    assert.equal(await tried({}, { pattern: "comment-*" }), true);
    const begin = "gh run download 99 --repo example/platform";
    assert.deepEqual(given.player.calls("gh"), [
      `${begin} --name images --dir artifacts`,
      `${begin} --pattern comment-* --dir artifacts`,
    ]);
  });

  it("tells that there is none any more, and fails of anything else", async () => {
    for (const err of ["no valid artifacts found to download", "no artifact matches any name"]) {
      assert.equal(await tried({ err, code: 1 }, { name: "images" }), false);
    }
    await assert.rejects(tried({ err: "HTTP 502", code: 1 }, { name: "images" }), CommandFailed);
  });
});
