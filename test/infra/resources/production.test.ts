import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "mocha";
import { type Document, parse, parseDocument } from "yaml";
import { resourceTypes } from "../../../tools/cloud/catalogue.ts";
import { PlanError } from "../../../tools/graph/plan-error.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { replacementsOf } from "../../../tools/plan/diff/caused-replacements.ts";
import { evaluateWith } from "../../support/other-settings.ts";
import { cases } from "../../support/settings-table.ts";

const root = new URL("../../../", import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), "utf8");
const resources = parse(read("test/recorded/Pulumi.data.yaml")).config["platform:resources"];

/** The stack prod with a resource of each kind. */
function production(change: (settings: Document) => void = () => {}) {
  const settings = parseDocument(read("Pulumi.prod.yaml"));
  settings.setIn(["config", "platform:resources"], settings.createNode(resources));
  change(settings);
  return evaluateWith("prod", String(settings));
}

const pathOf = (key: string) => {
  const [slice = "", ...rest] = key.split(".");
  return ["config", `platform:${slice}`, ...rest];
};
const put = (key: string, value: unknown) => (settings: Document) =>
  value === undefined
    ? settings.hasIn(pathOf(key)) && settings.deleteIn(pathOf(key))
    : settings.setIn(pathOf(key), settings.createNode(value));

const holding = ({ type, urn }: Resource) =>
  resourceTypes[type]?.holdsData !== undefined && urn.includes("platform:resources:");

/** Pulumi's own option; the logs of a database have the provider's. */
const retained = ({ options, inputs }: Resource) =>
  options?.retainOnDelete === true || inputs.skipDestroy === true;

/** Data that this change of settings would delete from AWS, as Pulumi's engine does it (data.test.ts). */
function lostData(from: Resource[], to: Resource[]): string[] {
  const now = new Map(to.map((one) => [one.urn, one]));
  const replaced = new Set(replacementsOf(from, to).map(({ urn }) => urn));
  return from.filter(holding).flatMap((one) => {
    const goes = !now.has(one.urn);
    if (!goes && !replaced.has(one.urn)) return [];
    // What the state protects is not deleted; what the program protects too is not replaced.
    const refused = one.protect && (goes || now.get(one.urn)?.protect);
    return refused || retained(one) ? [] : [one.urn];
  });
}

describe("production's data", function () {
  this.timeout(15 * 60_000);
  let from: Resource[];
  before(async () => {
    ({ resources: from } = await production());
  });

  it("is protected by Pulumi, retained, and by AWS where AWS can", () => {
    const held = from.filter(holding);
    assert.ok(held.length >= 2);
    for (const one of held) {
      const { name, type, protect, inputs } = one;
      assert.ok(retained(one) && (protect || inputs.skipDestroy), name);
      const protection = resourceTypes[type]?.holdsData?.protection;
      if (protection) assert.equal(inputs[protection], true, `${name}: ${protection}`);
    }
  });

  it("is noticed when a change would delete it", async () => {
    const bare = from.map((one) => ({
      ...one,
      protect: false,
      options: {},
      inputs: { ...one.inputs, skipDestroy: false },
    }));
    const { resources: to } = await production(put("resources", {}));
    assert.equal(lostData(bare, to).length, from.filter(holding).length);
    assert.deepEqual(lostData(from, to), []);
  });

  // Settings of containers reach no resource but by `uses`.
  const changes = [
    ...cases
      .filter(({ key }) => !/^(services\.web|jobs\.tidy)\.(?!uses)/.test(key))
      .map(({ key, to, with: given = {}, also = {} }) => ({
        what: `${key} = ${JSON.stringify(to)}`,
        settings: { ...given, ...also, [key]: to },
      })),
    ...Object.entries(resources as Record<string, object>).flatMap(([name, one]) => [
      { what: `no resources.${name}`, settings: { [`resources.${name}`]: undefined } },
      ...Object.keys(one).map((key) => ({
        what: `no resources.${name}.${key}`,
        settings: { [`resources.${name}.${key}`]: undefined },
      })),
      ...Object.entries(resources as Record<string, object>)
        .filter(([other]) => other !== name)
        .map(([other, kind]) => ({
          what: `resources.${name} as ${other}`,
          settings: { [`resources.${name}`]: kind },
        })),
    ]),
    ...Object.keys(parse(read("Pulumi.prod.yaml")).config).map((key) => {
      const slice = key.replace("platform:", "");
      return { what: `no ${slice}`, settings: { [slice]: undefined } };
    }),
  ];

  it("is deleted by no single setting, whichever is changed or removed", async () => {
    let valid = 0;
    for (const { what, settings } of changes) {
      try {
        const { resources: to } = await production((file) => {
          for (const [key, value] of Object.entries(settings)) put(key, value)(file);
        });
        assert.deepEqual(lostData(from, to), [], what);
        valid++;
      } catch (error) {
        // Such settings are refused before anything is done.
        if (!(error instanceof PlanError)) throw error;
      }
    }
    assert.ok(valid > changes.length / 2, `only ${valid} of ${changes.length} are valid`);
  });
});
