import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as automation from "@pulumi/pulumi/automation/index.js";
import { describe, it } from "mocha";
import { rules } from "../../policy/rules.ts";
import { RehearsalStack } from "../../tools/rehearsal/rehearsal-stack.ts";

const pack = fileURLToPath(new URL("../../policy", import.meta.url));

/** Whether the rehearsal has an engine already: to build one here would take minutes. */
function hasEngine(): boolean {
  const cache = join(
    process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
    "eks-container-platform",
  );
  const folders = [
    ...(process.env.PATH ?? "")
      .split(delimiter)
      .filter((folder) => !folder.includes("node_modules")),
    ...(existsSync(cache) ? readdirSync(cache).map((version) => join(cache, version, "bin")) : []),
  ];
  return folders.some((folder) => existsSync(join(folder, "pulumi")));
}

describe("the policy pack in the engine", () => {
  it("fails a preview of the program with one violation, and names its rule", async function () {
    if (!hasEngine()) {
      console.log("      no Pulumi CLI here: npm run rehearse builds one");
      return this.skip();
    }
    this.timeout(180_000);
    const { preview } = automation.Stack.prototype;
    const { PATH } = process.env;
    const shims = mkdtempSync(join(tmpdir(), "policy-"));
    // An engine built from source has no language host, which otherwise does the same.
    const shim = join(shims, "pulumi-analyzer-policy-nodejs");
    writeFileSync(
      shim,
      `#!/bin/sh\nexec node "$(node -p 'require.resolve("@pulumi/pulumi/cmd/run-policy-pack")')" "$@"\n`,
    );
    chmodSync(shim, 0o755);
    process.env.PATH = `${shims}${delimiter}${PATH}`;
    const found: automation.PolicyEvent[] = [];
    automation.Stack.prototype.preview = function (options) {
      const onEvent = (event: automation.EngineEvent) => {
        if (event.policyEvent) found.push(event.policyEvent);
        options?.onEvent?.(event);
      };
      return preview.call(this, { ...options, onEvent, policyPacks: [pack] });
    };
    const stack = await RehearsalStack.open({
      stack: "dev",
      transformation: ({ type, props, opts }) => {
        if (type === "aws:ec2/launchTemplate:LaunchTemplate") delete props.metadataOptions;
        return { props, opts };
      },
    });
    try {
      const { failed } = await stack.preview();
      const mandatory = found.filter(({ enforcementLevel }) => enforcementLevel === "mandatory");
      assert.deepEqual(
        mandatory.map(({ policyName }) => policyName),
        ["imds-v2"],
      );
      assert.match(mandatory[0]?.message ?? "", /It allows IMDSv1\. Set metadataOptions/);
      assert.equal(failed, true);
      // The rest of what it says is what no preview can know.
      const others = found.filter((event) => !mandatory.includes(event));
      for (const { message } of others) assert.match(message, /can't be known during preview/);
      for (const { policyName } of found) assert.ok(rules.some(({ name }) => name === policyName));
    } finally {
      await stack.close();
      automation.Stack.prototype.preview = preview;
      process.env.PATH = PATH;
      rmSync(shims, { recursive: true });
    }
  });
});
