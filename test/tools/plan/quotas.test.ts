import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { evaluate } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { quotasOf, tightQuotas } from "../../../tools/plan/quotas.ts";

for (const stack of ["dev", "prod"]) {
  describe(`quotas of stack ${stack}`, () => {
    let resources: Resource[];
    before(async () => {
      ({ resources } = await evaluate(stack));
    });
    const used = (what: string, of = resources) =>
      quotasOf(of).find((one) => one.what.includes(what))?.used;

    it("are not exceeded, and have a source", () => {
      for (const { what, used, limit, source } of quotasOf(resources)) {
        assert.ok(used <= limit, `${what}: ${used} of ${limit}`);
        assert.ok(source.length > 10, what);
      }
    });

    it("count a target group and a rule for each service, and for each environment", () => {
      assert.equal(used("target groups"), 1);
      assert.equal(used("rules of a listener"), 1);
      const class_ = {
        ...(resources[0] as Resource),
        inputs: { metadata: { annotations: { "platform/environments": "60" } } },
      };
      assert.equal(used("target groups", [...resources, class_]), 61);
      assert.ok(tightQuotas([...resources, class_]).some(({ what }) => /target groups/.test(what)));
    });

    it("count a private subnet's addresses by what nodes take of it", () => {
      const dense = resources.map((one) =>
        one.inputs.addonName === "vpc-cni"
          ? {
              ...one,
              inputs: {
                ...one.inputs,
                configurationValues: '{"env":{"ENABLE_PREFIX_DELEGATION":"true"}}',
              },
            }
          : one,
      );
      const limit = (of: Resource[]) =>
        quotasOf(of).find(({ what }) => what === "addresses of a private subnet")?.limit;
      assert.ok((used("private subnet", dense) ?? 0) > 5 * (used("private subnet") ?? 0));
      assert.deepEqual([limit(resources), limit(dense)], [4096 - 5, 4096 - 32]);
    });

    it("count the characters of policies as IAM does", () => {
      const [role] = resources.filter(({ type }) => type === "aws:iam/role:Role");
      assert.ok(role);
      const long = { ...role, inputs: { ...role.inputs, assumeRolePolicy: "x".repeat(2048) } };
      assert.equal(used("trust policy", [...resources, long]), 2048);
      assert.equal(tightQuotas([...resources, long])[0]?.limit, 2048);
    });

    it("include the max. addresses of the nodes", () => {
      const addresses = used("addresses") ?? 0;
      assert.ok(addresses > 0);
      const larger = resources.map((one) =>
        one.type === "aws:eks/nodeGroup:NodeGroup"
          ? {
              ...one,
              inputs: {
                ...one.inputs,
                scalingConfig: { ...one.inputs.scalingConfig, maxSize: 30 },
              },
            }
          : one,
      );
      assert.ok((used("addresses", larger) ?? 0) > 2 * addresses);
    });
  });
}
