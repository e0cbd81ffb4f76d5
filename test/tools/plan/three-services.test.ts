import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "mocha";
import { parseDocument } from "yaml";
import { evaluate } from "../../../tools/graph/evaluate.ts";
import { missingEdges } from "../../../tools/graph/required-order.ts";
import type { Evaluation } from "../../../tools/graph/resource.ts";
import { capacityOf } from "../../../tools/plan/capacity-section.ts";
import { costOf } from "../../../tools/plan/cost/cost.ts";
import { policyViolations } from "../../../tools/plan/violations.ts";

/** The whole program for a stack like dev, and the same with all that a stack may have more of. */
describe("a stack of three services", () => {
  let folder: string;
  let one: Evaluation;
  let three: Evaluation;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "three-services-"));
    for (const entry of ["index.ts", "infra", "service", "Pulumi.yaml", "node_modules"]) {
      symlinkSync(resolve(entry), join(folder, entry));
    }
    const settings = parseDocument(readFileSync("Pulumi.dev.yaml", "utf8"));
    settings.setIn(["config", "platform:domain"], {
      hostedZoneId: "Z0123456789ABC",
      hostName: "dev.example.com",
    });
    settings.setIn(["config", "platform:nodes", "maxSize"], 9);
    writeFileSync(join(folder, "Pulumi.one.yaml"), String(settings));
    const image = { context: "service" };
    const services = ["config", "platform:services"];
    settings.setIn([...services, "orders"], { image, route: { path: "/orders" } });
    settings.setIn([...services, "shop"], { image, route: { hosts: ["shop.dev.example.com"] } });
    settings.setIn(["config", "platform:autoscaler", "spareCapacity"], { replicas: 1 });
    settings.setIn(["config", "platform:pullRequests"], { environments: 1 });
    writeFileSync(join(folder, "Pulumi.three.yaml"), String(settings));
    one = await evaluate("one", folder);
    three = await evaluate("three", folder);
  });
  after(() => rmSync(folder, { recursive: true }));

  it("is created and deleted without errors", () =>
    assert.deepEqual(missingEdges(three.resources), []));

  it("needs the dependency of the owner of preview environments on the load balancer controller", () => {
    const alone = three.resources.map((one) =>
      one.name === "pull-requests" ? { ...one, dependsOn: [], parent: undefined } : one,
    );
    assert.match(
      missingEdges(alone).join(),
      /PriorityClass pull-requests must be deleted before Release load-balancer-controller/,
    );
  });

  it("has no policy violation", () => assert.deepEqual(policyViolations(three.resources), []));

  it("counts one pod of each service in a preview environment", () => {
    const { what = "" } = capacityOf(three.resources).find(({ of }) => of === "pods") ?? {};
    for (const service of ["web", "orders", "shop"]) {
      assert.match(what, new RegExp(`\\b2 ${service} of pull requests\\b`));
    }
    assert.doesNotMatch(what, /spare-capacity of/);
  });

  it("has the fixed cost of one service", () => {
    assert.equal(costOf(three.resources).monthly, costOf(one.resources).monthly);
    assert.deepEqual(costOf(three.resources).unknown, []);
  });
});
