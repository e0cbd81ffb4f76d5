import { type Statement, actionsOf as to } from "../../infra/cluster/policy-document.ts";
import type { Place } from "./policies.ts";

/** What the commands of tools/operate/ read of a region. A test compares it with their own lists. */
const reads = [
  ...to("acm", "DescribeCertificate ListCertificates"),
  ...to("autoscaling", "DescribeAutoScalingGroups DescribeScalingActivities"),
  ...to("cloudwatch", "DescribeAlarms GetMetricData"),
  ...to("ec2", "DescribeAddresses DescribeInstances DescribeInternetGateways"),
  ...to("ec2", "DescribeLaunchTemplates DescribeNatGateways DescribeNetworkInterfaces"),
  ...to("ec2", "DescribeRouteTables DescribeSecurityGroups DescribeSnapshots DescribeSubnets"),
  ...to("ec2", "DescribeVolumes DescribeVpcEndpoints DescribeVpcs"),
  ...to("ecr", "DescribeImages DescribeRepositories ListTagsForResource"),
  ...to("eks", "DescribeAccessEntry DescribeAddon DescribeAddonVersions DescribeCluster"),
  ...to("eks", "DescribeClusterVersions DescribeInsight DescribeNodegroup DescribeUpdate"),
  ...to("eks", "ListAccessEntries ListAddons ListInsights ListNodegroups ListUpdates"),
  ...to("elasticloadbalancing", "DescribeListenerCertificates DescribeListeners"),
  ...to("elasticloadbalancing", "DescribeLoadBalancers DescribeTags"),
  ...to("elasticloadbalancing", "DescribeTargetGroups DescribeTargetHealth"),
  ...to("kms", "DescribeKey"),
  ...to("logs", "DescribeLogGroups ListTagsForResource"),
  ...to("secretsmanager", "ListSecrets"),
  ...to("tag", "GetResources"),
];

/** Of these AWS has no region, or only us-east-1. */
const globalReads = [
  ...to("iam", "ListOpenIDConnectProviders ListOpenIDConnectProviderTags"),
  ...to("sts", "GetCallerIdentity"),
  ...to("ce", "GetCostAndUsage"),
];

/**
 * Reading all that the operate commands read, in one region: of data the application's logs and the
 * account's costs, no secret's value, nothing of a bucket or database. Each request to Cost Explorer
 * costs $0.01.
 */
export function operateStatements({ region, accountId }: Place): Statement[] {
  return [
    {
      Sid: "InRegion",
      Effect: "Allow",
      Action: reads,
      Resource: "*",
      Condition: { StringEquals: { "aws:RequestedRegion": region } },
    },
    { Sid: "Global", Effect: "Allow", Action: globalReads, Resource: "*" },
    {
      Sid: "ApplicationLogs",
      Effect: "Allow",
      Action: ["logs:FilterLogEvents"],
      Resource: `arn:aws:logs:${region}:${accountId}:log-group:/aws/containerinsights/*/application:*`,
    },
    nodeImageStatement({ region }),
  ];
}

/**
 * Reading which node images there are. They are AWS's public parameters, whose ARN has no account
 * (Systems Manager User Guide, "Calling the EKS optimized AMI public parameter").
 */
export function nodeImageStatement({ region }: Pick<Place, "region">): Statement {
  return {
    Sid: "NodeImages",
    Effect: "Allow",
    Action: ["ssm:GetParameter"],
    Resource: `arn:aws:ssm:${region}::parameter/aws/service/*`,
  };
}
