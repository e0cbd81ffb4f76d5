import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { load, problems, type Slices, valid } from "../../support/setting-problems.ts";

const debugger_ = "arn:aws:iam::111122223333:role/Debugger";
const debug = [debugger_];
const [admin] = valid.cluster.admins;

describe("who debugs containers", () => {
  for (const list of ["admins", "deployers", "viewers", "auditors"]) {
    it(`is one of cluster.${list}`, () => {
      const cluster = { debug, [list]: list === "admins" ? [admin, debugger_] : debug };
      assert.deepEqual(problems({ cluster }), []);
    });
  }

  it("has an image of its own, whose name is taken then alone", () => {
    const changes = (cluster: Record<string, unknown>): Slices => ({
      cluster,
      nodes: { desiredSize: 4 },
      services: {
        ...valid.services,
        "debug-image": { ...valid.services.web, route: { path: "/debug" } },
      },
    });
    assert.deepEqual(problems(changes({})), []);
    assert.equal(problems(changes({ debug: valid.cluster.admins })).length, 1);
    assert.equal(load({}).images.debugImage, undefined);
    assert.match(load({ cluster: { debug: valid.cluster.admins } }).images.debugImage ?? "", /:/);
  });

  it("is everybody with the right in development, until somebody is named; in production nobody else", () => {
    const debuggers = (changes: Slices) => load(changes).services.admission.debuggers;
    const production: Slices = {
      environment: "production",
      network: { natPerZone: true },
      cluster: { deletionProtection: true },
      ingress: { deletionProtection: true },
      logs: { retentionDays: 90 },
    };
    assert.equal(debuggers({}), undefined);
    assert.deepEqual(debuggers({ cluster: { debug: valid.cluster.admins } }), valid.cluster.admins);
    assert.deepEqual(debuggers(production), []);
  });
});
