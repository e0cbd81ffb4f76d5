import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { before, describe, it } from "mocha";
import { evaluate } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { allows } from "../../support/iam-simulate.ts";

const folder = fileURLToPath(new URL("../../../projects/bootstrap", import.meta.url));
const here = "eu-central-1:111122223333";

describe("bootstrap's policy for people who shift zones", () => {
  let policy: Resource;
  before(async () => {
    const { resources, outputs } = await evaluate("main", folder);
    policy =
      resources.find(({ inputs }) => inputs.name === "shift-eu-central-1") ?? assert.fail("none");
    assert.equal(outputs.shiftPolicyArn, policy.outputs.arn);
  });
  const may = (action: string, of: string) =>
    allows(
      {
        name: "OnCall",
        policies: [{ name: "shift", document: JSON.parse(policy.inputs.policy) }],
      },
      {
        action: `arc-zonal-shift:${action}`,
        resource: "*",
        context: { "arc-zonal-shift:ResourceIdentifier": of },
      },
    );

  it("starts, extends and cancels shifts of the region's clusters and load balancers", async () => {
    for (const action of ["StartZonalShift", "UpdateZonalShift", "CancelZonalShift"]) {
      assert.equal(await may(action, `arn:aws:eks:${here}:cluster/platform-prod`), true, action);
      const balancer = `arn:aws:elasticloadbalancing:${here}:loadbalancer/app/k8s-platform/0a1b`;
      assert.equal(await may(action, balancer), true, action);
    }
  });

  it("touches nothing else, and lets AWS shift nothing by itself", async () => {
    for (const other of [
      `arn:aws:eks:${here.replace("central", "west")}:cluster/platform-prod`,
      `arn:aws:autoscaling:${here}:autoScalingGroup:x:autoScalingGroupName/eks`,
    ]) {
      assert.equal(await may("StartZonalShift", other), false, other);
    }
    for (const action of ["UpdateZonalAutoshiftConfiguration", "CreatePracticeRunConfiguration"]) {
      assert.equal(await may(action, `arn:aws:eks:${here}:cluster/platform-prod`), false, action);
    }
  });
});
