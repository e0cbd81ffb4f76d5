import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { nearest, ownerOf } from "../../../infra/config/known-names.ts";
import { evaluate } from "../../../tools/graph/evaluate.ts";
import { namespacesOf } from "../../../tools/graph/labels.ts";

describe("names that somebody has", () => {
  for (const stack of ["dev", "prod"]) {
    it(`are all namespaces of ${stack} that no service has`, async () => {
      const { resources } = await evaluate(stack);
      const services = resources
        .filter(({ type }) => type === "kubernetes:core/v1:Namespace")
        .map(({ inputs }) => inputs.metadata.name);
      const others = namespacesOf(resources).filter((name) => !services.includes(name));
      assert.ok(others.includes("kube-system") && others.includes("amazon-cloudwatch"));
      for (const name of others) assert.ok(ownerOf(name), `${name} is free for a service`);
      assert.equal(ownerOf("web"), undefined);
    });
  }

  it("do not keep a service from a name that only looks alike", () => {
    for (const name of ["web", "kubernetes", "awsome", "amazons", "defaults"]) {
      assert.equal(ownerOf(name), undefined, name);
    }
  });

  it("are found by the fewest changed characters", () => {
    assert.equal(nearest("m7g.lrge", ["m7g.large", "m7g.xlarge", "t4g.large"]), "m7g.large");
  });
});
