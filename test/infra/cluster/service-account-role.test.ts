import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import { ServiceAccountRole } from "../../../infra/cluster/service-account-role.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";

const issuer = "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE";
const providerArn = `arn:aws:iam::111122223333:oidc-provider/${issuer}`;

const role = () =>
  deploy(
    () =>
      new ServiceAccountRole("reader", {
        oidc: { arn: pulumi.output(providerArn), issuer: pulumi.output(issuer) },
        namespace: "shop",
        serviceAccount: "cart",
        policyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"],
        policy: { Version: "2012-10-17", Statement: [] },
      }),
  );

describe("service account role", () => {
  it("trusts one service account, for the STS audience, and nothing else", async () => {
    const { assumeRolePolicy } = only(await role(), "aws:iam/role:Role").inputs;
    assert.deepEqual(JSON.parse(assumeRolePolicy), {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: "sts:AssumeRoleWithWebIdentity",
          Principal: { Federated: providerArn },
          Condition: {
            StringEquals: {
              [`${issuer}:sub`]: "system:serviceaccount:shop:cart",
              [`${issuer}:aud`]: "sts.amazonaws.com",
            },
          },
        },
      ],
    });
  });

  it("has the policies it was given", async () => {
    const resources = await role();
    assert.equal(
      only(resources, "aws:iam/rolePolicyAttachment:RolePolicyAttachment").inputs.policyArn,
      "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
    );
    only(resources, "aws:iam/rolePolicy:RolePolicy");
  });

  it("is of the type that its URN promises", async () => {
    only(await role(), "platform:iam:ServiceAccountRole");
  });
});
