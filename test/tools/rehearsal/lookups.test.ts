import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { aws } from "../../../tools/rehearsal/providers/aws.ts";
import { World } from "../../../tools/rehearsal/world/world.ts";

describe("a look-up on the simulated cloud", () => {
  const caller = { region: "eu-central-1" };
  const ask = (world: World, name: string, args: Record<string, unknown> = {}) =>
    aws.functions[name]?.(args, caller, world);
  const withRights = (...allowed: string[]) =>
    Object.assign(new World(), { rights: (action: string) => allowed.includes(action) });

  it("is refused, in AWS's words, to a role without one of its rights", () => {
    const world = withRights("elasticloadbalancing:DescribeLoadBalancers");
    assert.throws(() => ask(world, "aws:lb/getLoadBalancer:getLoadBalancer", { tags: {} }), {
      message:
        "https response error StatusCode: 403, api error AccessDenied: User: arn:aws:sts::111122223333:assumed-role/Deployer/session is not authorized to perform: elasticloadbalancing:DescribeTags because no identity-based policy allows the elasticloadbalancing:DescribeTags action",
    });
  });

  it("is answered to a role with its rights, and to anybody what needs none", () => {
    const zones = "aws:index/getAvailabilityZones:getAvailabilityZones";
    assert.ok(ask(withRights("ec2:DescribeAvailabilityZones"), zones));
    assert.ok(ask(withRights(), "aws:index/getCallerIdentity:getCallerIdentity"));
    assert.ok(ask(new World(), zones));
  });
});
