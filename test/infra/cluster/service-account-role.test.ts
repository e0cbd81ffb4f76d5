import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import { ServiceAccountRole } from "../../../infra/cluster/service-account-role.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";
import { rolesOf } from "../../../tools/graph/roles.ts";
import { admits } from "../../support/iam-simulate.ts";

const issuer = "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE";
const providerArn = `arn:aws:iam::111122223333:oidc-provider/${issuer}`;

const role = () =>
  deploy(
    () =>
      new ServiceAccountRole("reader", {
        identity: { oidc: { arn: pulumi.output(providerArn), issuer: pulumi.output(issuer) } },
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

  describe("by EKS Pod Identity", () => {
    const clusterArn = "arn:aws:eks:eu-central-1:111122223333:cluster/platform";
    const byPodIdentity = async (more: { ofAddon?: boolean } = {}) => {
      let made: ServiceAccountRole | undefined;
      const resources = await deploy(() => {
        made = new ServiceAccountRole("reader", {
          identity: {
            podIdentity: {
              clusterName: pulumi.output("platform"),
              clusterArn: pulumi.output(clusterArn),
            },
          },
          namespace: "shop",
          serviceAccount: "cart",
          policyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"],
          ...more,
        });
      });
      return { resources, made: made as unknown as ServiceAccountRole };
    };

    it("trusts one service account of one cluster, and nothing else", async () => {
      const { resources } = await byPodIdentity();
      const { assumeRolePolicy } = only(resources, "aws:iam/role:Role").inputs;
      assert.deepEqual(JSON.parse(assumeRolePolicy).Statement, [
        {
          Effect: "Allow",
          Action: ["sts:AssumeRole", "sts:TagSession"],
          Principal: { Service: "pods.eks.amazonaws.com" },
          Condition: {
            StringEquals: {
              "aws:RequestTag/eks-cluster-arn": clusterArn,
              "aws:RequestTag/kubernetes-namespace": "shop",
              "aws:RequestTag/kubernetes-service-account": "cart-pod-identity",
            },
          },
        },
      ]);
    });

    it("is admitted by AWS for that account, and for no other, by the policy simulator", async () => {
      const { resources } = await byPodIdentity();
      const [{ name = "", trust } = {}] = rolesOf(resources);
      assert.ok(trust && trust !== "[secret]");
      const own = {
        "eks-cluster-arn": clusterArn,
        "kubernetes-namespace": "shop",
        "kubernetes-service-account": "cart-pod-identity",
      };
      const asked = (tags: Record<string, string>, principal = "pods.eks.amazonaws.com") =>
        admits({ name, trust }, { principal, tags });
      assert.equal(await asked(own), true);
      for (const tag of Object.keys(own)) {
        assert.equal(await asked({ ...own, [tag]: "another" }), false, tag);
      }
      assert.equal(await asked(own, "ec2.amazonaws.com"), false);
    });

    it("is associated once its policies are there, and the account has no annotation", async () => {
      const { resources, made } = await byPodIdentity();
      const association = only(resources, "aws:eks/podIdentityAssociation:PodIdentityAssociation");
      assert.deepEqual(association.inputs, {
        clusterName: "platform",
        namespace: "shop",
        serviceAccount: "cart-pod-identity",
        roleArn: only(resources, "aws:iam/role:Role").outputs.arn,
      });
      const { urn } = only(resources, "aws:iam/rolePolicyAttachment:RolePolicyAttachment");
      assert.ok(association.dependsOn.includes(urn));
      assert.deepEqual([made.serviceAccount, made.annotations], ["cart-pod-identity", {}]);
    });

    it("leaves account and association to the add-on that owns them", async () => {
      const { resources, made } = await byPodIdentity({ ofAddon: true });
      assert.deepEqual(
        resources.filter(({ type }) => type.endsWith(":PodIdentityAssociation")),
        [],
      );
      const [given] = made.addonArgs.podIdentityAssociations as { serviceAccount: string }[];
      assert.equal(given?.serviceAccount, "cart");
      assert.equal(made.addonArgs.serviceAccountRoleArn, undefined);
    });
  });

  it("is of the type that its URN promises", async () => {
    only(await role(), "platform:iam:ServiceAccountRole");
  });
});
