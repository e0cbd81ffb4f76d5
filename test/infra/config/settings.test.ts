import assert from "node:assert/strict";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "mocha";
import { parseDocument } from "yaml";
import { settingsSchema } from "../../../infra/config/schema.ts";
import { evaluate } from "../../../tools/graph/evaluate.ts";
import { linkedProject } from "../../../tools/graph/linked-project.ts";
import type { Evaluation } from "../../../tools/graph/resource.ts";
import { changesOf } from "../../../tools/plan/diff/changes.ts";
import { settingKeys } from "../../support/setting-keys.ts";
import { cases } from "../../support/settings-table.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

describe("each setting", function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = linkedProject("settings-");
    // Another build context with other content.
    cpSync(join(root, "service"), join(folder, "other"), {
      recursive: true,
      filter: (path) => !path.includes("node_modules"),
    });
    writeFileSync(
      join(folder, "other/package.json"),
      `${readFileSync(join(root, "service/package.json"), "utf8")}\n`,
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const plans = new Map<string, Promise<Evaluation>>();
  const plan = (settings: Record<string, unknown>) => {
    const key = JSON.stringify(settings);
    const made = plans.get(key) ?? evaluated(settings);
    plans.set(key, made);
    return made;
  };
  async function evaluated(settings: Record<string, unknown>): Promise<Evaluation> {
    const file = parseDocument(readFileSync(join(root, "Pulumi.prod.yaml"), "utf8"));
    for (const [key, value] of Object.entries(settings)) {
      const [first = "", ...rest] = key.split(".");
      const path = ["config", `platform:${first}`, ...rest];
      if (value === undefined) file.deleteIn(path);
      else file.setIn(path, file.createNode(value));
    }
    writeFileSync(join(folder, "Pulumi.prod.yaml"), String(file));
    return evaluate("prod", folder);
  }
  const kind = (type: string) => type.split(":").at(-1) ?? "";
  /** The kinds of resources that come, go or change, and the outputs that do. */
  const moved = (from: Evaluation, to: Evaluation): string[] => {
    const [old, now] = [from, to].map(
      ({ resources }) => new Map(resources.map((one) => [one.urn, one])),
    );
    const found = [...new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])].flatMap((urn) => {
      const [a, b] = [old?.get(urn), now?.get(urn)];
      const type = kind(a?.type ?? b?.type ?? "");
      if (!a || !b) return [type];
      const same =
        changesOf(a.inputs, b.inputs).length === 0 &&
        a.protect === b.protect &&
        JSON.stringify(a.ignoreChanges) === JSON.stringify(b.ignoreChanges);
      return same ? [] : [type];
    });
    const outputs = Object.keys(to.outputs)
      .filter((name) => JSON.stringify(from.outputs[name]) !== JSON.stringify(to.outputs[name]))
      .map((name) => `output ${name}`);
    return [...new Set([...found, ...outputs])].sort();
  };

  for (const { key, to, with: first = {}, also = {}, moves } of cases) {
    it(`${key} changes what it says, and nothing else`, async () => {
      const change = moved(await plan(first), await plan({ ...first, ...also, [key]: to }));
      assert.deepEqual(change, moves.toSorted());
    });
  }

  it("is in the table", () => {
    const told = cases.map(({ key }) =>
      key
        .replace("services.web.", "services.<name>.")
        .replace("jobs.tidy.", "jobs.<name>.")
        .replace("nodes.groups.spot.", "nodes.groups.<name>.")
        .replace(/^resources\.(\w+)/, "resources.<$1>"),
    );
    // What a release writes is read by people.
    const known = settingKeys(settingsSchema).filter((key) => key !== "release");
    assert.deepEqual(told.toSorted(), known.toSorted());
  });

  it("changes something, or is for delivery alone", () => {
    const idle = cases.filter(({ moves }) => moves.length === 0).map(({ key }) => key);
    // An architecture is compared with the nodes' and reaches nothing else.
    assert.deepEqual(idle, [
      "registry.signingKey",
      "services.web.architecture",
      "jobs.tidy.architecture",
    ]);
  });
});
