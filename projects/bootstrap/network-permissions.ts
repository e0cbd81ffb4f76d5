import { actionsOf as to } from "../../infra/cluster/policy-document.ts";

/** What somebody needs who has resources of a type: to look at them, and to make and remove them. */
export interface Permissions {
  read: string[];
  write: string[];
}

const ec2Tags = to("ec2", "CreateTags DeleteTags");

/** A type of EC2: what describes it, and what changes it; all of them are tagged alike. */
const ec2 = (read: string, write: string): Permissions => ({
  read: to("ec2", read),
  write: [...to("ec2", write), ...ec2Tags],
});

/** Of what a network is made of. */
export const network: Record<string, Permissions> = {
  "aws:autoscaling/group:Group": {
    read: to("autoscaling", "DescribeAutoScalingGroups DescribeScalingActivities"),
    // Auto Scaling tries the launch template in the caller's name.
    write: [
      ...to(
        "autoscaling",
        "CreateAutoScalingGroup UpdateAutoScalingGroup DeleteAutoScalingGroup StartInstanceRefresh DescribeInstanceRefreshes CancelInstanceRefresh CreateOrUpdateTags DeleteTags",
      ),
      "ec2:RunInstances",
    ],
  },
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ec2(
    "DescribeSecurityGroups DescribeSecurityGroupRules",
    "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress RevokeSecurityGroupEgress",
  ),
  "aws:ec2/eip:Eip": ec2(
    "DescribeAddresses DescribeAddressesAttribute",
    "AllocateAddress ReleaseAddress AssociateAddress DisassociateAddress",
  ),
  "aws:ec2/flowLog:FlowLog": ec2("DescribeFlowLogs", "CreateFlowLogs DeleteFlowLogs"),
  "aws:ec2/internetGateway:InternetGateway": ec2(
    "DescribeInternetGateways",
    "CreateInternetGateway AttachInternetGateway DetachInternetGateway DeleteInternetGateway",
  ),
  "aws:ec2/launchTemplate:LaunchTemplate": ec2(
    "DescribeLaunchTemplates DescribeLaunchTemplateVersions",
    "CreateLaunchTemplate CreateLaunchTemplateVersion ModifyLaunchTemplate DeleteLaunchTemplate",
  ),
  "aws:ec2/natGateway:NatGateway": ec2("DescribeNatGateways", "CreateNatGateway DeleteNatGateway"),
  "aws:ec2/networkInterface:NetworkInterface": ec2(
    "DescribeNetworkInterfaces",
    "CreateNetworkInterface ModifyNetworkInterfaceAttribute DetachNetworkInterface DeleteNetworkInterface",
  ),
  "aws:ec2/route:Route": ec2("DescribeRouteTables", "CreateRoute ReplaceRoute DeleteRoute"),
  "aws:ec2/routeTable:RouteTable": ec2("DescribeRouteTables", "CreateRouteTable DeleteRouteTable"),
  "aws:ec2/routeTableAssociation:RouteTableAssociation": ec2(
    "DescribeRouteTables",
    "AssociateRouteTable DisassociateRouteTable ReplaceRouteTableAssociation",
  ),
  "aws:ec2/securityGroup:SecurityGroup": ec2(
    "DescribeSecurityGroups DescribeNetworkInterfaces",
    "CreateSecurityGroup DeleteSecurityGroup AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress RevokeSecurityGroupEgress",
  ),
  "aws:ec2/subnet:Subnet": ec2(
    "DescribeSubnets DescribeAvailabilityZones DescribeNetworkInterfaces",
    "CreateSubnet ModifySubnetAttribute DeleteSubnet",
  ),
  "aws:ec2/vpc:Vpc": ec2(
    "DescribeVpcs DescribeVpcAttribute DescribeNetworkAcls",
    "CreateVpc ModifyVpcAttribute DeleteVpc",
  ),
  "aws:ec2/vpcEndpoint:VpcEndpoint": ec2(
    "DescribeVpcEndpoints DescribePrefixLists DescribeVpcEndpointServices",
    "CreateVpcEndpoint ModifyVpcEndpoint DeleteVpcEndpoints",
  ),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ec2(
    "DescribeSecurityGroupRules",
    "AuthorizeSecurityGroupEgress ModifySecurityGroupRules RevokeSecurityGroupEgress",
  ),
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ec2(
    "DescribeSecurityGroupRules",
    "AuthorizeSecurityGroupIngress ModifySecurityGroupRules RevokeSecurityGroupIngress",
  ),
};
