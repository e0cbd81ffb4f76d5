import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import * as aws from "@pulumi/aws";
import { describe, it } from "mocha";
import { parse } from "yaml";
import { resourceTypes } from "../../../tools/cloud/catalogue.ts";
import { mocksOf } from "../../../tools/cloud/mocks.ts";
import type { Properties, Resource } from "../../../tools/graph/resource.ts";
import { withName } from "../../../tools/rehearsal/world/arguments.ts";
import { identityOf } from "../../../tools/rehearsal/world/identities.ts";
import { outputsOf } from "../../../tools/rehearsal/world/outputs.ts";
import { World } from "../../../tools/rehearsal/world/world.ts";
import { plans, recordedFile } from "../../recorded/plans.ts";

const own = /^(pulumi|platform|bootstrap):/;

function recordedTypes(): string[] {
  const types = Object.keys(plans).flatMap((name) => {
    const { resources } = parse(readFileSync(recordedFile(name), "utf8"));
    return Object.keys(resources).map((key) => key.split("::")[0] as string);
  });
  return [...new Set(types)].filter((type) => !own.test(type));
}

/** The types that the source of the rehearsal's components makes, by the SDK's token of each class. */
function componentTypes(): string[] {
  const folder = "tools/rehearsal/components";
  const made = readdirSync(folder).flatMap((file) => [
    ...readFileSync(`${folder}/${file}`, "utf8").matchAll(/new aws\.(\w+)\.(\w+)\(/g),
  ]);
  const services = aws as unknown as Record<string, Record<string, { __pulumiType: string }>>;
  return made.map(([, service = "", kind = ""]) => services[service]?.[kind]?.__pulumiType ?? kind);
}

/** Inputs with nothing but what must be given. */
function leastOf(type: string): Properties {
  const { required = [] } = resourceTypes[type] ?? {};
  const given = Object.fromEntries(required.map((property) => [property, property]));
  return withName(type, "one", given, undefined, new Uint8Array(8));
}

describe("the catalogue", () => {
  it("has every type that a recorded plan has", () => {
    const types = recordedTypes();
    assert.ok(types.length > 50);
    assert.deepEqual(
      types.filter((type) => !resourceTypes[type]),
      [],
    );
  });

  it("has a duration for every type of the rehearsal's components", () => {
    const types = componentTypes();
    assert.ok(types.length > 10);
    assert.deepEqual(
      types.filter((type) => !resourceTypes[type]?.duration),
      [],
    );
  });

  it("has each type in one file only", () => {
    const folder = "tools/cloud";
    const listed = readdirSync(folder).flatMap((file) => [
      ...readFileSync(`${folder}/${file}`, "utf8").matchAll(/^ {2}"([\w.\-/]+:[\w.\-/]+:\w+)":/gm),
    ]);
    const types = listed.map(([, type]) => type).filter((type) => !type?.includes("/get"));
    assert.deepEqual(types.sort(), Object.keys(resourceTypes).sort());
  });

  for (const [type, known] of Object.entries(resourceTypes)) {
    it(`has prerequisites of ${type} that follow from its rules`, async () => {
      const inputs = leastOf(type);
      const world = new World();
      if (known.duration) {
        const id = identityOf(type, inputs, world);
        const outputs = outputsOf(type, { world, id, inputs, caller: {} });
        assert.ok(known.recomputed?.every((property) => property in outputs) ?? true);
        known.updated?.(outputs, inputs);
      }
      const place = { region: world.region, accountId: world.accountId, caller: world.principal };
      const mocks = mocksOf(place);
      await mocks.newResource({ type, name: "one", inputs, custom: !known.chain });
      const resource = { type, inputs } as Resource;
      const { fixed = [], perUse = [] } = known.charges?.(resource, [resource]) ?? {};
      for (const { usd } of [...fixed.map(({ price }) => price), ...perUse]) assert.ok(usd > 0);
      for (const part of known.chain ?? []) assert.ok(resourceTypes[part]?.duration, part);
      assert.ok(known.duration || known.chain || known.charges || known.free || own.test(type));
    });
  }
});
