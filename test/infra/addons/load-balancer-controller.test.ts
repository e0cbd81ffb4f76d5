import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type * as aws from "@pulumi/aws";
import { describe, it } from "mocha";
import {
  controllerVersion,
  loadBalancerControllerPolicy,
} from "../../../infra/addons/load-balancer-controller-policy.ts";

const vpcArn = "arn:aws:ec2:eu-central-1:111122223333:vpc/vpc-0123456789abcdef0";

/**
 * Every grant of docs/install/iam_policy.json, of versions 2.13.0 to 3.5.0: sorted lines
 * `action | resource | condition`, as SHA-256. With the policy of another version this changes.
 */
const documented = "8f901f432494d104674ef9409cf9aaa0809fc2ca0a3091a538521450fd471c8e";

const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

function grants(policy: aws.iam.PolicyDocument): string[] {
  return (policy.Statement as aws.iam.PolicyStatement[])
    .flatMap((statement) =>
      list(statement.Action as string | string[]).flatMap((action) =>
        list(statement.Resource as string | string[]).map(
          (resource) => `${action} | ${resource} | ${JSON.stringify(statement.Condition ?? {})}`,
        ),
      ),
    )
    .sort();
}

describe("load balancer controller", () => {
  it("may do what its version documents, and nothing else", () => {
    const narrowing = JSON.stringify({ ArnEquals: { "ec2:Vpc": vpcArn } });
    const widened = grants(loadBalancerControllerPolicy(vpcArn)).map((grant) =>
      grant.replace(narrowing, "{}"),
    );
    assert.equal(
      createHash("sha256").update(widened.sort().join("\n")).digest("hex"),
      documented,
      `the permissions are no longer the documented ones of ${controllerVersion}:\n${widened.join("\n")}`,
    );
  });

  it("changes security group rules in our VPC, or of groups of its own, only", () => {
    const rules = grants(loadBalancerControllerPolicy(vpcArn)).filter((grant) =>
      /SecurityGroupIngress/.test(grant),
    );
    assert.equal(rules.length, 4);
    for (const grant of rules) assert.match(grant, /ec2:Vpc.*vpc-0123|ResourceTag/);
  });

  it("has a policy that fits a role", () => {
    assert.ok(JSON.stringify(loadBalancerControllerPolicy(vpcArn)).length < 10_240);
  });
});
