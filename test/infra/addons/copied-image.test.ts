import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import type { Resource } from "../../../tools/graph/resource.ts";
import { plans } from "../../recorded/plans.ts";

describe("the images of add-ons in a network without a way out", () => {
  let resources: Resource[];
  before(async () => {
    resources = (await plans.private?.())?.resources ?? [];
  });
  const releases = () => resources.filter(({ type }) => type === "kubernetes:helm.sh/v3:Release");

  it("are copies by digest, in repositories of the account", () => {
    const own = resources
      .filter(({ type }) => type === "aws:ecr/repository:Repository")
      .map(({ outputs }) => outputs.repositoryUrl);
    assert.deepEqual(
      releases()
        .map(({ name }) => name)
        .sort(),
      ["autoscaler", "load-balancer-controller"],
    );
    for (const { inputs } of releases()) {
      const { repository, tag } = inputs.values.image;
      assert.ok(own.includes(repository.replace(/@sha256$/, "")), repository);
      assert.match(`${repository}:${tag}`, /@sha256:[0-9a-f]{64}$/);
    }
  });

  it("are the charts' own", () => {
    const copied = resources
      .filter(({ type }) => type === "docker:index/image:Image")
      .flatMap(({ inputs }) => inputs.build.args.IMAGE ?? [])
      .sort();
    assert.deepEqual(
      copied.map((one: string) => one.replace(/:v[\d.]+$/, "")),
      [
        "public.ecr.aws/eks/aws-load-balancer-controller",
        "registry.k8s.io/autoscaling/cluster-autoscaler",
      ],
    );
  });

  it("come with a controller that asks neither Shield nor AWS WAF", () => {
    const controller = releases().find(({ name }) => name === "load-balancer-controller");
    const { enableShield, enableWaf, enableWafv2 } = controller?.inputs.values ?? {};
    assert.deepEqual([enableShield, enableWaf, enableWafv2], [false, false, false]);
  });
});
