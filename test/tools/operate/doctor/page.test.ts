import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { checks } from "../../../../tools/operate/doctor/diagnose.ts";
import { actions } from "../../../../tools/operate/doctor/read-aws.ts";
import { allows } from "../../../support/iam-simulate.ts";

const folder = "tools/operate/doctor/checks";
const said = readdirSync(folder)
  .map((file) => readFileSync(join(folder, file), "utf8"))
  .flatMap((source) => source.match(/"(?:[^"\\]|\\.)*"|`[^`]*`/g) ?? [])
  .join("\n")
  .replaceAll(/\$\{[^}]*\}/g, "");

const page = readFileSync("docs/operate.md", "utf8").split("## Doctor\n")[1] ?? "";

describe("docs/operate.md, Doctor", () => {
  it("has the checks, in their order", () => {
    const [, table = ""] = page.split("| check | finds |\n| --- | --- |\n");
    const rows = (table.split("\n\n")[0] ?? "").split("\n");
    assert.deepEqual(
      rows,
      checks.map(({ name, finds }) => `| ${name} | ${finds} |`),
    );
    assert.equal(new Set(checks.map(({ name }) => name)).size, checks.length);
  });

  it("has the actions in AWS, which exist and only read", async () => {
    const [, listed = ""] = page.split("all of them on `*`:\n\n```text\n");
    assert.deepEqual((listed.split("```")[0] ?? "").trim().split(/\s+/), actions);
    for (const action of actions) {
      assert.match(action, /^[a-z0-9]+:(Describe|List|Get)[A-Z]/);
      const Statement = [{ Effect: "Allow", Action: action, Resource: "*" }];
      const policies = [{ name: "doctor", document: { Version: "2012-10-17", Statement } }];
      // An action that AWS does not have is an error of the simulator.
      assert.ok(
        await allows({ name: "Doctor", policies } as unknown as Parameters<typeof allows>[0], {
          action,
          resource: "*",
          context: {},
        }),
      );
    }
  });

  it("is not sent to settings or pages that are not there", () => {
    const settings = readFileSync("docs/configuration.md", "utf8");
    const named =
      said.match(
        /\b(?:network|nodes|cluster|registry|autoscaler|domain|ingress)(?:\.[a-z]\w+)+/gi,
      ) ?? [];
    assert.ok(named.length > 10);
    for (const setting of new Set(named)) {
      assert.ok(settings.includes(`| \`${setting}\` |`), setting);
    }
    const links = said.match(/docs\/[a-z]+\.md(?:#[a-z-]+)?/g) ?? [];
    for (const link of new Set(links)) {
      const [file = "", anchor] = link.split("#");
      const titles = readFileSync(file, "utf8").match(/^#+ .*$/gm) ?? [];
      const anchors = titles.map((one) =>
        one.replace(/^#+ /, "").toLowerCase().replaceAll(" ", "-"),
      );
      assert.ok(anchor === undefined || anchors.includes(anchor), link);
    }
  });
});
