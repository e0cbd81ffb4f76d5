import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { workflowFixture } from "../../support/workflow-fixtures.ts";

describe("a command that fails in a release", function () {
  this.timeout(60_000);
  const given = workflowFixture();
  const outputs = () =>
    JSON.stringify({
      url: given.url,
      imageReferences: { web: `registry/web@sha256:${"b".repeat(64)}` },
      kubeconfig: { clusters: [{ cluster: { server: given.url } }] },
    });
  const approved = {
    "gh api repos/example/platform/environments/prod": {
      out: JSON.stringify({
        protection_rules: [{ type: "required_reviewers", reviewers: [{ type: "User" }] }],
      }),
    },
  };

  it("ends it with 1 and the command's own words, and nothing is changed", async () => {
    const { code, text } = await given.player.play(
      "rollback/prod",
      {},
      {
        ...approved,
        "pulumi stack output": { out: outputs() },
        "pulumi stack history": { err: "error: the state is out of reach", code: 255 },
      },
    );
    assert.equal(code, 1, text);
    assert.match(text, /the state is out of reach/);
    assert.deepEqual(
      [...given.player.calls("pulumi up"), ...given.player.calls("pulumi config")],
      [],
    );
  });

  it("is a refusal with 2 where the stack itself cannot be read", async () => {
    const { code, text } = await given.player.play(
      "rollback/prod",
      {},
      { ...approved, "pulumi stack output": { err: "error: no stack named 'prod'", code: 255 } },
    );
    assert.equal(code, 2, text);
    assert.match(text, /no stack named 'prod'/);
  });
});
