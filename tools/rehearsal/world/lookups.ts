import type { World } from "./world.ts";

const elb = (...actions: string[]) => actions.map((one) => `elasticloadbalancing:${one}`);

/**
 * The actions of AWS that each function of the aws package calls; terraform-provider-aws,
 * internal/service/<service>/<name>_data_source.go. A function without actions calls no
 * AWS API, or one that everybody may call (sts:GetCallerIdentity).
 */
export const actionsOfFunctions: Record<string, string[]> = {
  "aws:autoscaling/getAmiIds:getAmiIds": ["autoscaling:DescribeAutoScalingGroups"],
  "aws:autoscaling/getGroup:getGroup": ["autoscaling:DescribeAutoScalingGroups"],
  "aws:ec2/getInstanceType:getInstanceType": ["ec2:DescribeInstanceTypes"],
  "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": [
    "ec2:DescribeInstanceTypeOfferings",
  ],
  // Of a route to a network interface, whose that is.
  "aws:ec2/getRouteTable:getRouteTable": ["DescribeRouteTables", "DescribeNetworkInterfaces"].map(
    (one) => `ec2:${one}`,
  ),
  "aws:ec2/getRouteTables:getRouteTables": ["ec2:DescribeRouteTables"],
  "aws:ec2/getSubnet:getSubnet": ["ec2:DescribeSubnets"],
  "aws:ec2/getSubnets:getSubnets": ["ec2:DescribeSubnets"],
  "aws:ec2/getVpc:getVpc": ["DescribeVpcs", "DescribeVpcAttribute", "DescribeRouteTables"].map(
    (one) => `ec2:${one}`,
  ),
  "aws:ec2/getVpcs:getVpcs": ["ec2:DescribeVpcs"],
  "aws:ecr/getAuthorizationToken:getAuthorizationToken": ["ecr:GetAuthorizationToken"],
  "aws:ecr/getImages:getImages": ["ecr:ListImages"],
  "aws:eks/getAddonVersion:getAddonVersion": ["eks:DescribeAddonVersions"],
  "aws:eks/getCluster:getCluster": ["eks:DescribeCluster"],
  "aws:eks/getClusters:getClusters": ["eks:ListClusters"],
  "aws:eks/getClusterVersions:getClusterVersions": ["eks:DescribeClusterVersions"],
  "aws:eks/getNodeGroup:getNodeGroup": ["eks:DescribeNodegroup"],
  "aws:iam/getPolicyDocument:getPolicyDocument": [],
  "aws:index/getAvailabilityZones:getAvailabilityZones": ["ec2:DescribeAvailabilityZones"],
  "aws:index/getCallerIdentity:getCallerIdentity": [],
  "aws:index/getPartition:getPartition": [],
  "aws:index/getRegion:getRegion": [],
  "aws:lb/getHostedZoneId:getHostedZoneId": [],
  "aws:lb/getLoadBalancer:getLoadBalancer": elb(
    "DescribeLoadBalancers",
    "DescribeTags",
    "DescribeLoadBalancerAttributes",
  ),
  "aws:lb/getTargetGroup:getTargetGroup": elb(
    "DescribeTargetGroups",
    "DescribeTags",
    "DescribeTargetGroupAttributes",
  ),
  // The record sets of a private zone, whose name servers are in one.
  "aws:route53/getZone:getZone": [
    "GetHostedZone",
    "ListResourceRecordSets",
    "ListTagsForResource",
  ].map((one) => `route53:${one}`),
};

/** @throws {Error} with the message of AWS if the principal may not call the actions of the function */
export function authorize(token: string, { rights, principal, accountId }: World): void {
  const actions = actionsOfFunctions[token];
  if (!actions)
    throw new Error(`tools/rehearsal/world/lookups.ts does not know what ${token} calls`);
  const denied = rights && actions.find((action) => !rights(action));
  if (!denied) return;
  const session = `arn:aws:sts::${accountId}:assumed-role/${principal.split("/").at(-1)}/session`;
  throw new Error(
    `https response error StatusCode: 403, api error AccessDenied: User: ${session} is not authorized to perform: ${denied} because no identity-based policy allows the ${denied} action`,
  );
}
