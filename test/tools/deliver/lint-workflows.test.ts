import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, it } from "mocha";
import { root } from "../../support/workflow-runner.ts";

const script = "tools/checks/lint-workflows.sh";
const missing = (...tools: string[]) =>
  tools.some((tool) => spawnSync(tool, ["--version"]).error !== undefined);

/** What is said of this repository with another Dockerfile, by hadolint alone. */
function lintDockerfile(content: string) {
  const scratch = mkdtempSync(join(tmpdir(), "lint-"));
  try {
    for (const folder of ["bin", "service"]) mkdirSync(join(scratch, folder));
    cpSync(join(root, script), join(scratch, script));
    for (const silent of ["actionlint", "zizmor"]) {
      writeFileSync(join(scratch, "bin", silent), "#!/bin/sh\n", { mode: 0o755 });
    }
    writeFileSync(join(scratch, "service/Dockerfile"), content);
    const PATH = [join(scratch, "bin"), process.env.PATH].join(delimiter);
    return spawnSync("bash", [join(scratch, script)], {
      encoding: "utf8",
      env: { ...process.env, PATH },
    });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

describe("linting of the workflows and the Dockerfile", function () {
  this.timeout(60_000);

  it("finds nothing", function () {
    if (missing("actionlint", "zizmor", "hadolint")) this.skip();
    const { status, stdout, stderr } = spawnSync("bash", [join(root, script)], {
      encoding: "utf8",
    });
    assert.equal(status, 0, stdout + stderr);
  });

  it("lets no fault of the Dockerfile through, not even one of style", function () {
    if (missing("hadolint")) this.skip();
    const ours = readFileSync(join(root, "service/Dockerfile"), "utf8");
    const { status, stdout, stderr } = lintDockerfile(ours);
    assert.equal(status, 0, stdout + stderr);
    for (const [fault, says] of [
      ["ADD . /app", /DL3020.*error/],
      ["FROM node", /DL3006.*warning/],
      ["RUN true\nRUN true", /DL3059.*info/],
      ['LABEL Title="web"', /DL3048.*style/],
    ] as const) {
      const found = lintDockerfile(`${ours}${fault}\n`);
      assert.match(found.stdout, says);
      assert.equal(found.status, 1, fault);
    }
  });
});
