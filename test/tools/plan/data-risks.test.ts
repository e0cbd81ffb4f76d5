import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "mocha";
import { type Document, parse } from "yaml";
import { resourceTypes } from "../../../tools/cloud/catalogue.ts";
import { labelOf } from "../../../tools/graph/labels.ts";
import type { Evaluation, Resource } from "../../../tools/graph/resource.ts";
import { differenceOf } from "../../../tools/plan/diff/difference.ts";
import { evaluateData, inProduction } from "../../support/other-settings.ts";
import { partsOf } from "../../support/resource-access.ts";

/** Kinds whose data is nowhere but on its way. */
const withoutData = new Set(["topic"]);

const settings = parse(
  readFileSync(new URL("../../recorded/Pulumi.data.yaml", import.meta.url), "utf8"),
).config;
const resources: [name: string, kind: string][] = Object.entries<{ kind: string }>(
  settings["platform:resources"],
).map(([name, { kind }]) => [name, kind]);

const set = (path: string, value: unknown) => (file: Document) =>
  file.setIn(["config", ...path.split("/")], value);
const without =
  (...paths: string[]) =>
  (file: Document) => {
    for (const path of paths.map((one) => ["config", ...one.split("/")])) {
      if (file.hasIn(path)) file.deleteIn(path);
    }
  };
/** Takes a resource out of the settings, out of all `uses`, and a queue out of what follows it. */
const withoutResource = (name: string) =>
  without(
    `platform:resources/${name}`,
    ...["services", "jobs"].flatMap((slice) =>
      Object.keys(settings[`platform:${slice}`]).map(
        (workload) => `platform:${slice}/${workload}/uses/${name}`,
      ),
    ),
    ...resources
      .filter(([, kind]) => kind === "topic")
      .map(([topic]) => `platform:resources/${topic}/deliverTo`),
    ...Object.entries<{ scale?: { queue?: { resource?: string } } }>(settings["platform:services"])
      .filter(([, { scale }]) => scale?.queue?.resource === name)
      .map(([service]) => `platform:services/${service}/scale`),
  );

const holding = (name: string, of: Resource[]) =>
  partsOf(name, of).filter(
    ({ type }) => resourceTypes[type]?.holdsData && !type.endsWith(":LogGroup"),
  );

for (const environment of ["development", "production"]) {
  describe(`the risk of a change of a stack's data in ${environment}`, function () {
    this.timeout(60_000);
    const production = environment === "production";
    let from: Evaluation;
    const evaluated = (change: (file: Document) => void = () => {}) =>
      evaluateData((file) => {
        if (production) inProduction(file);
        change(file);
      });
    const version = (label: string, evaluation: Evaluation) => ({ label, evaluation, notes: [] });
    const risks = async (change: (file: Document) => void) => {
      const difference = differenceOf(
        version("old", from),
        version("new", await evaluated(change)),
      );
      return difference.risks.map(({ level, reason }) => `${level} ${reason}`);
    };
    const some = (list: string[], expected: RegExp) =>
      assert.ok(
        list.some((one) => expected.test(one)),
        `${expected} is not in\n${list.join("\n")}`,
      );
    before(async () => {
      from = await evaluated();
    });

    for (const [name, kind] of resources.filter((one) => !withoutData.has(one[1]))) {
      it(`is red for a removed ${kind}`, async () => {
        const held = holding(name, from.resources);
        assert.ok(held.length > 0, `${kind}: no type of it has holdsData in tools/cloud`);
        const found = await risks(withoutResource(name));
        for (const one of held) {
          const what = resourceTypes[one.type]?.holdsData?.what;
          some(
            found,
            production
              ? new RegExp(`^red data left behind: ${labelOf(one)} is deleted; AWS keeps it`)
              : new RegExp(`^red data deleted: ${labelOf(one)} is deleted with ${what}`),
          );
          if (production) some(found, new RegExp(`^red ${labelOf(one)} is protected: Pulumi`));
        }
      });
    }

    it("is red for an upgrade that AWS cannot reverse", async () => {
      some(
        await risks(set("platform:resources/ledger/version", "18")),
        /^red no way back: Cluster ledger gets another engineVersion in place, and is away for minutes; only a restore undoes it$/,
      );
    });

    it("names the property that replaces a table, and the data that AWS keeps", async () => {
      some(
        await risks(set("platform:resources/orders/partitionKey", "other")),
        production
          ? /^red data left behind: Table orders is replaced by another hashKey; AWS keeps it with its items, and the stack no longer knows it$/
          : /^red data deleted: Table orders is replaced by another hashKey with its items; AWS keeps a backup of it for 35 days$/,
      );
    });

    it("warns that a new name in the settings moves no data", async () => {
      const found = await risks((file) => {
        const table = file.getIn(["config", "platform:resources", "orders"]);
        withoutResource("orders")(file);
        set("platform:resources/purchases", table)(file);
      });
      some(
        found,
        /^red data (left behind|deleted): Table orders .*Table purchases is a new one without data: another name in the settings moves none, and settings have no aliases$/,
      );
    });

    it("is amber for a removed access, which ends after the old pods", async () => {
      const found = await risks(set("platform:services/shop/uses/orders", "read"));
      some(
        found,
        /^amber permission lost: shop may no longer dynamodb:BatchWriteItem on table\/orders-\w+, .* once its new pods run: an image from before/,
      );
      assert.ok(
        found.every((one) => !one.startsWith("red")),
        found.join("\n"),
      );
      const job = await risks(without("platform:jobs/tidy/uses"));
      some(job, /^amber permission lost: tidy may no longer .* once its new pods run/);
    });

    it("names a secret that the old pods lose before the new pods run", async () => {
      const both = (secrets: Record<string, object>) => (file: Document) =>
        set("platform:services/blog/secrets", secrets)(file);
      const [a, b] = [{ secret: "a" }, { secret: "b" }];
      const old = version("old", await evaluated(both({ A: a, B: b })));
      const now = version("new", await evaluated(both({ A: a })));
      some(
        differenceOf(old, now).risks.map(({ level, reason }) => `${level} ${reason}`),
        /^amber permission lost: blog may no longer secretsmanager:\w+ on secret:b-.*before its new pods run/,
      );
    });

    if (production) {
      it("is red if a stack leaves production, without a deletion", async () => {
        const found = await risks(set("platform:environment", "development"));
        const [lost = ""] = found.filter((one) => one.startsWith("red protection lost"));
        assert.match(lost, /nothing refuses any more to delete .*(Table orders| more$)/);
        assert.ok(
          found.every((one) => !/data (deleted|left)/.test(one)),
          found.join("\n"),
        );
      });
    } else {
      it("is green if a stack enters production", async () => {
        assert.deepEqual(
          (await risks(inProduction)).filter((one) => /protection|data/.test(one)),
          [],
        );
      });
    }
  });
}
