import { ACMClient } from "@aws-sdk/client-acm";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { CostExplorerClient } from "@aws-sdk/client-cost-explorer";
import { EKSClient } from "@aws-sdk/client-eks";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { ResourceGroupsTaggingAPIClient } from "@aws-sdk/client-resource-groups-tagging-api";

/** The IAM actions of `npm run status`. */
export const statusActions = [
  "acm:DescribeCertificate",
  "ce:GetCostAndUsage",
  "cloudwatch:DescribeAlarms",
  "cloudwatch:GetMetricData",
  "eks:DescribeAddon",
  "eks:DescribeAddonVersions",
  "eks:DescribeCluster",
  "eks:DescribeClusterVersions",
  "eks:DescribeNodegroup",
  "eks:ListAddons",
  "eks:ListNodegroups",
  "elasticloadbalancing:DescribeListenerCertificates",
  "elasticloadbalancing:DescribeListeners",
  "elasticloadbalancing:DescribeTargetHealth",
  "tag:GetResources",
] as const;

export type StatusAction = (typeof statusActions)[number];

/** AWS's clients of a region. Variables of the AWS SDK (AWS_PROFILE, AWS_ENDPOINT_URL) hold. */
export function awsClients(region: string) {
  const requestHandler = { connectionTimeout: 5000, requestTimeout: 15_000 };
  const settings = { region, requestHandler };
  return {
    acm: new ACMClient(settings),
    cloudWatch: new CloudWatchClient(settings),
    // Cost Explorer has this one endpoint.
    costs: new CostExplorerClient({ ...settings, region: "us-east-1" }),
    eks: new EKSClient(settings),
    balancing: new ElasticLoadBalancingV2Client(settings),
    tagging: new ResourceGroupsTaggingAPIClient(settings),
  };
}

export type AwsClients = ReturnType<typeof awsClients>;
