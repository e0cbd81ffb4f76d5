import type * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

/** The version whose documented permissions these are; the chart has the same number. */
// renovate: datasource=helm depName=aws-load-balancer-controller registryUrl=https://aws.github.io/eks-charts
export const controllerVersion = "3.5.0";

/** The tag that the controller puts on everything it makes. */
const clusterTag = "elbv2.k8s.aws/cluster";
const requestCarriesTag = { [`aws:RequestTag/${clusterTag}`]: "false" };
const resourceCarriesTag = { [`aws:ResourceTag/${clusterTag}`]: "false" };
/** The tag is on the resource already and the request does not set it anew. */
const retagsOwn = { [`aws:RequestTag/${clusterTag}`]: "true", ...resourceCarriesTag };

const securityGroups = "arn:aws:ec2:*:*:security-group/*";
const elb = (resource: string) => `arn:aws:elasticloadbalancing:*:*:${resource}`;
const targetGroups = elb("targetgroup/*/*");
const loadBalancers = [elb("loadbalancer/net/*/*"), elb("loadbalancer/app/*/*")];
const listenersAndRules = ["net", "app"].flatMap((kind) => [
  elb(`listener/${kind}/*/*/*`),
  elb(`listener-rule/${kind}/*/*/*`),
]);

const actions = (service: string, names: string[]) => names.map((name) => `${service}:${name}`);

/**
 * The permissions that AWS Load Balancer Controller documents for `controllerVersion`
 * (docs/install/iam_policy.json of its repository), grouped by purpose: every documented action
 * under every documented condition, and no other.
 *
 * One statement is narrower, as the document advises: security group rules may be changed only in
 * our VPC. The rest stays on `*` where AWS has nothing narrower or the document needs it so.
 */
export function loadBalancerControllerPolicy(vpcArn: pulumi.Input<string>): aws.iam.PolicyDocument {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "Discover",
        Effect: "Allow",
        Action: [
          ...actions("ec2", [
            "DescribeAccountAttributes",
            "DescribeAddresses",
            "DescribeAvailabilityZones",
            "DescribeCoipPools",
            "DescribeInstances",
            "DescribeInternetGateways",
            "DescribeIpamPools",
            "DescribeNetworkInterfaces",
            "DescribeRouteTables",
            "DescribeSecurityGroups",
            "DescribeSubnets",
            "DescribeTags",
            "DescribeVpcPeeringConnections",
            "DescribeVpcs",
            "GetCoipPoolUsage",
            "GetSecurityGroupsForVpc",
          ]),
          ...actions("elasticloadbalancing", [
            "DescribeCapacityReservation",
            "DescribeListenerAttributes",
            "DescribeListenerCertificates",
            "DescribeListeners",
            "DescribeLoadBalancerAttributes",
            "DescribeLoadBalancers",
            "DescribeRules",
            "DescribeSSLPolicies",
            "DescribeTags",
            "DescribeTargetGroupAttributes",
            "DescribeTargetGroups",
            "DescribeTargetHealth",
            "DescribeTrustStores",
          ]),
          ...actions("acm", ["DescribeCertificate", "ListCertificates"]),
          ...actions("iam", ["GetServerCertificate", "ListServerCertificates"]),
          ...actions("cognito-idp", ["DescribeUserPoolClient"]),
        ],
        Resource: "*",
      },
      {
        Sid: "Protect",
        Effect: "Allow",
        Action: [
          ...["waf-regional", "wafv2"].flatMap((service) =>
            actions(service, [
              "AssociateWebACL",
              "DisassociateWebACL",
              "GetWebACL",
              "GetWebACLForResource",
            ]),
          ),
          ...actions("shield", [
            "CreateProtection",
            "DeleteProtection",
            "DescribeProtection",
            "GetSubscriptionState",
          ]),
        ],
        Resource: "*",
      },
      {
        Sid: "CreateServiceLinkedRole",
        Effect: "Allow",
        Action: "iam:CreateServiceLinkedRole",
        Resource: "*",
        Condition: {
          StringEquals: { "iam:AWSServiceName": "elasticloadbalancing.amazonaws.com" },
        },
      },
      {
        Sid: "ChangeSecurityGroupRulesOfVpc",
        Effect: "Allow",
        Action: actions("ec2", ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"]),
        Resource: "*",
        Condition: { ArnEquals: { "ec2:Vpc": vpcArn } },
      },
      {
        Sid: "ChangeOwnSecurityGroups",
        Effect: "Allow",
        Action: actions("ec2", [
          "AuthorizeSecurityGroupIngress",
          "DeleteSecurityGroup",
          "RevokeSecurityGroupIngress",
        ]),
        Resource: "*",
        Condition: { Null: resourceCarriesTag },
      },
      {
        Sid: "CreateSecurityGroups",
        Effect: "Allow",
        Action: "ec2:CreateSecurityGroup",
        Resource: "*",
      },
      {
        Sid: "TagNewSecurityGroups",
        Effect: "Allow",
        Action: "ec2:CreateTags",
        Resource: securityGroups,
        Condition: {
          StringEquals: { "ec2:CreateAction": "CreateSecurityGroup" },
          Null: requestCarriesTag,
        },
      },
      {
        Sid: "TagOwnSecurityGroups",
        Effect: "Allow",
        Action: actions("ec2", ["CreateTags", "DeleteTags"]),
        Resource: securityGroups,
        Condition: { Null: retagsOwn },
      },
      {
        Sid: "CreateLoadBalancers",
        Effect: "Allow",
        Action: actions("elasticloadbalancing", ["CreateLoadBalancer", "CreateTargetGroup"]),
        Resource: "*",
        Condition: { Null: requestCarriesTag },
      },
      {
        Sid: "TagNewLoadBalancers",
        Effect: "Allow",
        Action: "elasticloadbalancing:AddTags",
        Resource: [targetGroups, ...loadBalancers],
        Condition: {
          StringEquals: {
            "elasticloadbalancing:CreateAction": ["CreateTargetGroup", "CreateLoadBalancer"],
          },
          Null: requestCarriesTag,
        },
      },
      {
        Sid: "TagOwnLoadBalancers",
        Effect: "Allow",
        Action: actions("elasticloadbalancing", ["AddTags", "RemoveTags"]),
        Resource: [targetGroups, ...loadBalancers],
        Condition: { Null: retagsOwn },
      },
      {
        Sid: "ChangeOwnLoadBalancers",
        Effect: "Allow",
        Action: actions("elasticloadbalancing", [
          "DeleteLoadBalancer",
          "DeleteTargetGroup",
          "ModifyCapacityReservation",
          "ModifyIpPools",
          "ModifyListenerAttributes",
          "ModifyLoadBalancerAttributes",
          "ModifyTargetGroup",
          "ModifyTargetGroupAttributes",
          "SetIpAddressType",
          "SetSecurityGroups",
          "SetSubnets",
        ]),
        Resource: "*",
        Condition: { Null: resourceCarriesTag },
      },
      {
        Sid: "ChangeListeners",
        Effect: "Allow",
        Action: actions("elasticloadbalancing", [
          "AddListenerCertificates",
          "CreateListener",
          "CreateRule",
          "DeleteListener",
          "DeleteRule",
          "ModifyListener",
          "ModifyRule",
          "RemoveListenerCertificates",
          "SetRulePriorities",
          "SetWebAcl",
        ]),
        Resource: "*",
      },
      {
        Sid: "TagListeners",
        Effect: "Allow",
        Action: actions("elasticloadbalancing", ["AddTags", "RemoveTags"]),
        Resource: listenersAndRules,
      },
      {
        Sid: "RegisterTargets",
        Effect: "Allow",
        Action: actions("elasticloadbalancing", ["DeregisterTargets", "RegisterTargets"]),
        Resource: targetGroups,
      },
    ],
  };
}
