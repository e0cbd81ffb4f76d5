import assert from "node:assert/strict";
import * as aws from "@pulumi/aws";
import * as eks from "@pulumi/eks";
import { describe, it } from "mocha";
import { terraformPlan, terraformType } from "../../../tools/checks/terraform.ts";
import { deploy } from "../../../tools/graph/evaluate.ts";

interface Plan {
  planned_values: { root_module: { resources: { address: string; values: object }[] } };
  configuration: { root_module: { resources: { address: string; expressions: object }[] } };
}
const planOf = async (build: () => void) => {
  // As checkov reads it: what is undefined is not there.
  const plan: Plan = JSON.parse(JSON.stringify(terraformPlan(await deploy(build))));
  const values = (address: string) =>
    plan.planned_values.root_module.resources.find((one) => one.address === address)?.values;
  return { plan, values };
};

describe("the plan in Terraform's format", () => {
  it("names types as Terraform does", () => {
    const types = {
      "aws:acm/certificate:Certificate": "aws_acm_certificate",
      "aws:cloudwatch/metricAlarm:MetricAlarm": "aws_cloudwatch_metric_alarm",
      "aws:ec2/launchTemplate:LaunchTemplate": "aws_launch_template",
      "aws:ec2/vpcEndpoint:VpcEndpoint": "aws_vpc_endpoint",
      "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "aws_iam_openid_connect_provider",
      "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "aws_iam_role_policy_attachment",
      "aws:lb/listener:Listener": "aws_lb_listener",
      "aws:route53/record:Record": "aws_route53_record",
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "aws_s3_bucket_public_access_block",
      "aws:sns/topic:Topic": "aws_sns_topic",
      "aws:wafv2/webAcl:WebAcl": "aws_wafv2_web_acl",
    };
    for (const [type, name] of Object.entries(types)) assert.equal(terraformType(type), name);
    assert.equal(terraformType("kubernetes:core/v1:Service"), undefined);
  });

  it("has nested blocks as lists with a singular name, and leaves maps unchanged", async () => {
    const { values } = await planOf(() => {
      new aws.ecr.Repository("images", {
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfigurations: [{ encryptionType: "KMS" }],
        tags: { costCenter: "shop" },
      });
    });
    const { name, ...rest } = values("aws_ecr_repository.images") as { name: string };
    assert.ok(name);
    assert.deepEqual(rest, {
      image_scanning_configuration: [{ scan_on_push: true }],
      encryption_configuration: [{ encryption_type: "KMS" }],
      tags: { costCenter: "shop" },
    });
  });

  it("has policy documents as JSON text", async () => {
    const { values } = await planOf(() => {
      new aws.iam.Role("reader", { assumeRolePolicy: { Version: "2012-10-17", Statement: [] } });
    });
    const { assume_role_policy } = values("aws_iam_role.reader") as { assume_role_policy: string };
    assert.deepEqual(JSON.parse(assume_role_policy), { Version: "2012-10-17", Statement: [] });
  });

  it("has the references of each value", async () => {
    const { plan } = await planOf(() => {
      const key = new aws.kms.Key("key");
      new aws.sns.Topic("alarms", { kmsMasterKeyId: key.arn });
    });
    const topic = plan.configuration.root_module.resources.find(
      ({ address }) => address === "aws_sns_topic.alarms",
    );
    assert.deepEqual(topic?.expressions, {
      kms_master_key_id: { references: ["aws_kms_key.key"] },
    });
  });

  it("has the cluster of the component", async () => {
    const { values } = await planOf(() => {
      new eks.Cluster("cluster", {
        version: "1.36",
        endpointPublicAccess: true,
        publicAccessCidrs: ["0.0.0.0/0"],
        encryptionConfigKeyArn: "arn",
      });
    });
    assert.deepEqual(values("aws_eks_cluster.cluster"), {
      version: "1.36",
      vpc_config: [{ endpoint_public_access: true, public_access_cidrs: ["0.0.0.0/0"] }],
      encryption_config: [{ provider: [{ key_arn: "arn" }], resources: ["secrets"] }],
    });
  });
});
