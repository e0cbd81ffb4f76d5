import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, it } from "mocha";
import { findEngine } from "../../../tools/rehearsal/engine.ts";
import { needsEngine } from "../../support/separate-process.ts";
import { root } from "../../support/workflow-runner.ts";

/** The commands of docs/delivery.md that stand after a sentence. */
function commandsAfter(sentence: RegExp): string {
  const text = readFileSync(join(root, "docs/delivery.md"), "utf8").replaceAll("\r", "");
  const [, rest = ""] = text.split(sentence);
  const [, commands = ""] = /^\s*```sh\n([\s\S]*?)```/.exec(rest) ?? [];
  assert.ok(commands, String(sentence));
  return commands;
}

describe("docs/delivery.md", function () {
  this.timeout(120_000);

  it("moves bootstrap's state into the bucket, by commands that work and leave no copy behind", async function () {
    await needsEngine.call(this);
    const { path } = await findEngine();
    const scratch = mkdtempSync(join(tmpdir(), "state-move-"));
    try {
      const folder = join(scratch, "projects/bootstrap");
      const bin = join(scratch, "bin");
      for (const one of [folder, bin, join(scratch, "local"), join(scratch, "bucket")]) {
        mkdirSync(one, { recursive: true });
      }
      for (const file of ["Pulumi.yaml", "Pulumi.main.yaml"]) {
        cpSync(join(root, "projects/bootstrap", file), join(folder, file));
      }
      symlinkSync(path, join(bin, "pulumi"));
      // In place of npm's launcher, which would download another version.
      writeFileSync(join(bin, "npx"), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
      const bucket = pathToFileURL(join(scratch, "bucket")).href;
      const shell = (script: string) =>
        execFileSync("bash", ["-e", "-o", "pipefail", "-c", script], {
          cwd: scratch,
          encoding: "utf8",
          stdio: "pipe",
          env: {
            HOME: scratch,
            PATH: `${bin}:${process.env.PATH}`,
            PULUMI_HOME: join(scratch, ".pulumi"),
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_CONFIG_PASSPHRASE: "",
          },
        });

      shell(`npx pulumi login ${pathToFileURL(join(scratch, "local")).href}`);
      shell("npx pulumi -C projects/bootstrap stack init main");
      // As `up` would leave it: a stack with an output.
      const exported = JSON.parse(
        shell("npx pulumi -C projects/bootstrap stack export --stack main"),
      );
      const urn = "urn:pulumi:main::bootstrap::pulumi:pulumi:Stack::bootstrap-main";
      const resource = { urn, custom: false, type: "pulumi:pulumi:Stack" };
      exported.deployment.resources = [{ ...resource, outputs: { backendUrl: bucket } }];
      writeFileSync(join(scratch, "made.json"), JSON.stringify(exported));
      shell(
        `npx pulumi -C projects/bootstrap stack import --stack main --file ${scratch}/made.json`,
      );

      shell(commandsAfter(/Then its own state moves into\s+the bucket:/));

      assert.match(shell("npx pulumi whoami --verbose"), new RegExp(bucket));
      const moved = shell("npx pulumi -C projects/bootstrap stack output backendUrl --stack main");
      assert.equal(moved.trim(), bucket);
      for (const file of ["state.json", "projects/bootstrap/state.json"]) {
        assert.equal(existsSync(join(scratch, file)), false, file);
      }
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
});
