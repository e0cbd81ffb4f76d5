import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { before, describe, it } from "mocha";
import { projectFolder } from "../../../tools/graph/evaluate.ts";

/** Prints the files that an evaluation has loaded, and a function as Pulumi writes it for AWS Lambda. */
const script = `
  import { createRequire } from "node:module";
  const { evaluate } = await import("./tools/graph/evaluate.ts");
  await evaluate("dev");
  const loaded = Object.keys(createRequire(process.cwd() + "/index.ts").cache);
  const { runtime } = await import("@pulumi/pulumi");
  const { text } = await runtime.serializeFunction(() => 42);
  process.stdout.write(JSON.stringify({ loaded, text }));
  process.exit(0);`;

describe("closures on demand", () => {
  let printed: { loaded: string[]; text: string };
  before(() => {
    const args = ["--import", "./tools/typescript.js", "--input-type=module", "--eval", script];
    printed = JSON.parse(
      execFileSync(process.execPath, args, { cwd: projectFolder, encoding: "utf8" }),
    );
  });

  it("keep TypeScript and Arborist out of an evaluation", () => {
    const of = (packages: RegExp) => printed.loaded.filter((file) => packages.test(file));
    assert.notDeepEqual(of(/node_modules\/@pulumi\/pulumi\/runtime\//), []);
    assert.deepEqual(of(/node_modules\/(typescript|@npmcli)\//), []);
  });

  it("leave Pulumi able to write a function for AWS Lambda", () => {
    assert.match(printed.text, /=> 42/);
  });
});
