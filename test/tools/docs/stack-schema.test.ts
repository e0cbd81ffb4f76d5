import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, describe, it } from "mocha";
import { stackSchema } from "../../../tools/docs/stack-schema.ts";
import { type Editor, openEditor } from "../../support/language-server.ts";

const modeline = "# yaml-language-server: $schema=docs/stack.schema.json\n";
const stackFiles = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /(^|\/)Pulumi\.[\w-]+\.yaml$/.test(file))
    .map((file) => `${folder}/${file}`);
const start = `${modeline}config:\n`;

describe("the stack files in an editor", function () {
  this.timeout(60_000);
  let editor: Editor;
  const problems = (settings: string) => editor.problems("Pulumi.new.yaml", start + settings);
  before(async () => {
    editor = await openEditor();
  });
  after(() => editor?.close());

  it("have the schema that docs/ has", () =>
    assert.equal(
      readFileSync("docs/stack.schema.json", "utf8"),
      `${JSON.stringify(stackSchema(), null, 2)}\n`,
    ));

  for (const path of ["Pulumi.dev.yaml", "Pulumi.prod.yaml", ...stackFiles("examples")]) {
    it(`have no problem: ${path}`, async () => {
      const text = readFileSync(path, "utf8");
      assert.match(
        text,
        /^# yaml-language-server: \$schema=(\.\.\/\.\.\/)?docs\/stack\.schema\.json\n/,
      );
      assert.deepEqual(await editor.problems(path, text), []);
    });
  }

  it("have no problem with any setting that a recorded stack has", async () => {
    for (const path of stackFiles("test/recorded")) {
      const text = modeline + readFileSync(path, "utf8");
      assert.deepEqual(await editor.problems(path.replace("test/recorded/", ""), text), [], path);
    }
  });

  const wrong: [what: string, settings: string, problem: RegExp][] = [
    ["a value", '  platform:accountId: "12"\n', /^3: 12 digits, in quotes$/m],
    ["a key", "  platform:nodes: { minsize: 2 }\n", /^3: Property minsize is not allowed/m],
    ["a slice", "  platform:nodez: {}\n", /^3: Property platform:nodez is not allowed/m],
    ["a missing one", "  platform:logs: {}\n", /^3: Missing property "retentionDays"/m],
    [
      "one of another kind of resource",
      "  platform:resources: { orders: { kind: queue, partitionKey: id } }\n",
      /^3: Property partitionKey is not allowed/m,
    ],
  ];
  for (const [what, settings, problem] of wrong) {
    it(`show ${what} that is wrong, in its line`, async () => {
      const found = await problems(settings);
      assert.match(found.join("\n"), problem);
    });
  }

  it("leave settings of others alone", async () => {
    const found = await problems("  aws:region: eu-west-1\n");
    assert.deepEqual(
      found.filter((one) => !one.includes("Missing property")),
      [],
    );
  });

  it("get proposals of keys and of values", async () => {
    const proposals = (settings: string) => editor.proposals("Pulumi.other.yaml", start + settings);
    assert.ok((await proposals("  ")).includes("platform:cluster"));
    assert.ok((await proposals("  platform:nodes:\n    ")).includes("minSize"));
    assert.deepEqual((await proposals("  platform:environment: ")).sort(), [
      "development",
      "production",
    ]);
  });
});
