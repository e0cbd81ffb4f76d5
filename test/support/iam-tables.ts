import { only } from "../../tools/graph/evaluate.ts";
import type { Resource } from "../../tools/graph/resource.ts";
import type { Caller, Request } from "./iam-simulate.ts";

/** The requests that a role must allow, and those that it must deny. */
export interface Table {
  admits: Caller[];
  refuses: Caller[];
  may: Request[];
  mayNot: Request[];
  /** By Sid: the reason for all resources, although AWS has narrower ones. */
  everywhere?: Record<string, string>;
  /** Granted actions that this program does not call, and changes without effect in AWS. */
  unnoticed?: string[];
}

/** Requests to a service, one for each action. */
const to =
  (service: string) =>
  (actions: string | string[], resource = "*", context: Request["context"] = {}): Request[] =>
    [actions].flat().map((action) => ({ action: `${service}:${action}`, resource, context }));

const ec2 = to("ec2");
const elb = to("elasticloadbalancing");
const ecr = to("ecr");
const eks = to("eks");
const iam = to("iam");
const logs = to("logs");
const autoscaling = to("autoscaling");

/** The tables of all roles of a stack, by the logical name of the role. */
export function tablesOf(resources: Resource[]): Record<string, Table> {
  const { eksCluster, oidcIssuer } = only(resources, "eks:index:Cluster").outputs;
  const vpc = only(resources, "awsx:ec2:Vpc").outputs.vpc;
  const logGroup = (name: string) =>
    resources.find((one) => one.type === "aws:cloudwatch/logGroup:LogGroup" && one.name === name)
      ?.outputs.arn;
  const here = "eu-central-1:111122223333";
  const ec2Arn = (resource: string) => `arn:aws:ec2:${here}:${resource}`;
  const elbArn = (resource: string) => `arn:aws:elasticloadbalancing:${here}:${resource}`;

  const instance = ec2Arn("instance/i-0123456789abcdef0");
  const networkInterface = ec2Arn("network-interface/eni-0123456789abcdef0");
  const securityGroup = ec2Arn("security-group/sg-0123456789abcdef0");
  const nodeGroup = (cluster: string) =>
    `arn:aws:eks:${here}:nodegroup/${cluster}/nodes/12345678-1234-1234-1234-123456789012`;
  const scalingGroup = `arn:aws:autoscaling:${here}:autoScalingGroup:12345678-1234-1234-1234-123456789012:autoScalingGroupName/nodes`;
  const scales = ["SetDesiredCapacity", "TerminateInstanceInAutoScalingGroup"];
  const scalable = { "aws:ResourceTag/k8s.io/cluster-autoscaler/enabled": "true" };
  const owned = { [`aws:ResourceTag/k8s.io/cluster-autoscaler/${eksCluster.name}`]: "owned" };
  const anyRole = "arn:aws:iam::111122223333:role/another";
  const secret = `arn:aws:secretsmanager:${here}:secret:password-AbCdEf`;

  /** Requests that every role must deny. */
  const never = [
    ...to("sts")("AssumeRole", anyRole),
    ...iam(["AttachRolePolicy", "CreateRole", "PassRole", "PutRolePolicy"], anyRole),
    ...iam("CreateAccessKey", "arn:aws:iam::111122223333:user/another"),
    ...to("kms")("Decrypt", `arn:aws:kms:${here}:key/1234abcd-12ab-34cd-56ef-1234567890ab`),
    ...to("s3")("GetObject", "arn:aws:s3:::another/object"),
    ...to("secretsmanager")("GetSecretValue", secret),
    ...ec2(["RunInstances", "TerminateInstances"], instance),
    ...eks(["CreateAccessEntry", "UpdateClusterConfig"], eksCluster.arn),
  ];
  const noRegistryWrites = ecr(
    ["BatchDeleteImage", "DeleteRepository", "PutImage"],
    `arn:aws:ecr:${here}:repository/service`,
  );

  /** A role that one service account of this cluster may assume. */
  const serviceAccount = (namespace: string, name: string) => {
    const visitor = ({
      account = `${namespace}:${name}`,
      aud = "sts.amazonaws.com",
      cluster = oidcIssuer,
    }): Caller => ({
      principal: `arn:aws:iam::111122223333:oidc-provider/${cluster}`,
      token: { issuer: oidcIssuer, claims: { sub: `system:serviceaccount:${account}`, aud } },
    });
    return {
      admits: [visitor({})],
      refuses: [
        visitor({ account: `${namespace}:default` }),
        visitor({ account: `${namespace}:${name}-2` }),
        visitor({ account: `default:${name}` }),
        visitor({ account: `${namespace}-2:${name}` }),
        visitor({ aud: "another-audience" }),
        visitor({ cluster: oidcIssuer.replace(/\w+$/, "ANOTHER") }),
        { principal: anyRole },
        { principal: "arn:aws:iam::444455556666:role/foreign" },
        { principal: "pods.eks.amazonaws.com" },
      ],
    };
  };
  const awsService = (principal: string) => ({
    admits: [{ principal }],
    refuses: [
      { principal: "lambda.amazonaws.com" },
      { principal: anyRole },
      { principal: "arn:aws:iam::444455556666:role/foreign" },
    ],
  });

  return {
    "network-flow-logs": {
      ...awsService("vpc-flow-logs.amazonaws.com"),
      may: [
        ...logs(
          ["CreateLogStream", "PutLogEvents"],
          `${logGroup("network-flow-logs")}:log-stream:eni`,
        ),
        ...logs("DescribeLogStreams", `${logGroup("network-flow-logs")}:*`),
        ...logs("DescribeLogGroups"),
      ],
      mayNot: [
        ...never,
        ...logs(["CreateLogGroup", "DeleteLogGroup"], `${logGroup("network-flow-logs")}:*`),
        ...logs(
          ["CreateLogStream", "PutLogEvents"],
          `${logGroup("cluster-control-plane")}:log-stream:audit`,
        ),
        ...logs("DescribeLogStreams", `${logGroup("cluster-control-plane")}:*`),
      ],
    },

    "cluster-nodes": {
      ...awsService("ec2.amazonaws.com"),
      may: [
        ...ec2(["DescribeInstances", "DescribeInstanceTypes", "DescribeSubnets", "DescribeVpcs"]),
        ...eks("DescribeCluster", eksCluster.arn),
        ...ecr("GetAuthorizationToken"),
        ...ecr(
          ["BatchGetImage", "GetDownloadUrlForLayer"],
          `arn:aws:ecr:${here}:repository/service`,
        ),
      ],
      mayNot: [
        ...never,
        ...noRegistryWrites,
        // These are for the service accounts of the CNI, the agent and the controller.
        ...ec2(["AssignPrivateIpAddresses", "ModifyNetworkInterfaceAttribute"], networkInterface),
        ...logs("PutLogEvents", `${logGroup("container-insights-application")}:log-stream:pod`),
        ...to("cloudwatch")("PutMetricData"),
        ...elb("DescribeLoadBalancers"),
      ],
    },

    "cluster-vpc-cni": {
      ...serviceAccount("kube-system", "aws-node"),
      may: [
        ...ec2([
          "DescribeInstances",
          "DescribeInstanceTypes",
          "DescribeNetworkInterfaces",
          "DescribeSubnets",
          "DescribeTags",
        ]),
        ...ec2(
          [
            "AssignPrivateIpAddresses",
            "AttachNetworkInterface",
            "CreateNetworkInterface",
            "CreateTags",
            "DeleteNetworkInterface",
            "DetachNetworkInterface",
            "ModifyNetworkInterfaceAttribute",
            "UnassignPrivateIpAddresses",
          ],
          networkInterface,
        ),
      ],
      mayNot: [
        ...never,
        ...ec2("CreateTags", instance),
        ...ec2(["AuthorizeSecurityGroupIngress", "CreateTags"], securityGroup),
        ...ec2("ModifySubnetAttribute", ec2Arn("subnet/subnet-0123456789abcdef0")),
        ...ecr("GetAuthorizationToken"),
      ],
    },

    "container-insights": {
      ...serviceAccount("amazon-cloudwatch", "cloudwatch-agent"),
      may: [
        ...to("cloudwatch")("PutMetricData"),
        ...ec2(["DescribeTags", "DescribeVolumes"]),
        ...logs(
          ["CreateLogStream", "PutLogEvents"],
          `${logGroup("container-insights-performance")}:log-stream:node`,
        ),
        ...to("xray")(["PutTraceSegments", "GetSamplingRules"]),
      ],
      mayNot: [
        ...never,
        ...logs(
          ["DeleteLogGroup", "DeleteRetentionPolicy", "FilterLogEvents"],
          `${logGroup("container-insights-performance")}:*`,
        ),
        ...to("cloudwatch")("DeleteAlarms", `arn:aws:cloudwatch:${here}:alarm:another`),
        ...to("ssm")("GetParameter", `arn:aws:ssm:${here}:parameter/password`),
        ...ec2("CreateTags", instance),
      ],
    },

    autoscaler: {
      ...serviceAccount("kube-system", "cluster-autoscaler"),
      may: [
        ...autoscaling(["DescribeAutoScalingGroups", "DescribeScalingActivities"]),
        ...ec2(["DescribeInstanceTypes", "DescribeLaunchTemplateVersions"]),
        ...eks("DescribeNodegroup", nodeGroup(eksCluster.name)),
        ...autoscaling(scales, scalingGroup, { ...scalable, ...owned }),
      ],
      mayNot: [
        ...never,
        ...eks("DescribeNodegroup", nodeGroup("another")),
        ...eks(["UpdateNodegroupConfig", "DeleteNodegroup"], nodeGroup(eksCluster.name)),
        // Groups without tags, of other clusters, and of this one without the tag of the autoscaler.
        ...autoscaling(scales, scalingGroup),
        ...autoscaling(scales, scalingGroup.replace("eu-central-1", "us-east-1"), {
          ...scalable,
          ...owned,
        }),
        ...[scalable, owned].flatMap((half) => autoscaling(scales, scalingGroup, half)),
        ...autoscaling(["UpdateAutoScalingGroup", "DeleteAutoScalingGroup"], scalingGroup, {
          ...scalable,
          ...owned,
        }),
      ],
    },

    "load-balancer-controller": {
      ...serviceAccount("kube-system", "aws-load-balancer-controller"),
      ...controller(),
    },

    web: {
      ...serviceAccount("web", "web"),
      may: [],
      mayNot: [
        ...never,
        ...noRegistryWrites,
        ...ec2("DescribeInstances"),
        ...logs("PutLogEvents", `${logGroup("container-insights-application")}:log-stream:pod`),
      ],
    },
  };

  function controller(): Omit<Table, "admits" | "refuses"> {
    const tag = "elbv2.k8s.aws/cluster";
    const tagged = { [`aws:ResourceTag/${tag}`]: eksCluster.name };
    const tagging = { [`aws:RequestTag/${tag}`]: eksCluster.name };
    const inVpc = { "ec2:Vpc": vpc.arn };
    const elsewhere = { "ec2:Vpc": ec2Arn("vpc/vpc-0fedcba9876543210") };

    const loadBalancers = ["app", "net"].map((kind) =>
      elbArn(`loadbalancer/${kind}/web/50dc6c495c0c9188`),
    );
    const targetGroup = elbArn("targetgroup/web/6d0ecf831eec9f09");
    const listeners = ["app", "net"].map((kind) =>
      elbArn(`listener/${kind}/web/50dc6c495c0c9188/0123456789abcdef`),
    );
    const rules = ["app", "net"].map((kind) =>
      elbArn(`listener-rule/${kind}/web/50dc6c495c0c9188/0123456789abcdef/fedcba9876543210`),
    );
    const [loadBalancer = ""] = loadBalancers;
    const [listener = ""] = listeners;
    const [rule = ""] = rules;
    const certificate = `arn:aws:acm:${here}:certificate/12345678-1234-1234-1234-123456789012`;
    const serviceLinked =
      "arn:aws:iam::111122223333:role/aws-service-role/elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing";
    const created = (action: string) => ({ "elasticloadbalancing:CreateAction": action });

    const changesLoadBalancer = [
      "DeleteLoadBalancer",
      "ModifyLoadBalancerAttributes",
      "SetIpAddressType",
      "SetSecurityGroups",
      "SetSubnets",
    ];
    const changesTargetGroup = [
      "DeleteTargetGroup",
      "ModifyTargetGroup",
      "ModifyTargetGroupAttributes",
    ];
    const changesRules = ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"];
    const otherKinds = [
      elbArn("loadbalancer/gwy/web/50dc6c495c0c9188"),
      elbArn("truststore/web/1"),
    ];

    return {
      may: [
        ...ec2([
          "DescribeAvailabilityZones",
          "DescribeInstances",
          "DescribeNetworkInterfaces",
          "DescribeSecurityGroups",
          "DescribeSubnets",
          "DescribeVpcs",
        ]),
        ...elb([
          "DescribeListenerAttributes",
          "DescribeListenerCertificates",
          "DescribeListeners",
          "DescribeLoadBalancerAttributes",
          "DescribeLoadBalancers",
          "DescribeRules",
          "DescribeTags",
          "DescribeTargetGroupAttributes",
          "DescribeTargetGroups",
          "DescribeTargetHealth",
        ]),
        ...iam("CreateServiceLinkedRole", serviceLinked, {
          "iam:AWSServiceName": "elasticloadbalancing.amazonaws.com",
        }),
        ...to("acm")("ListCertificates"),
        ...to("acm")("DescribeCertificate", certificate),
        ...to("wafv2")("GetWebACLForResource", loadBalancer),
        ...to("wafv2")(["AssociateWebACL", "DisassociateWebACL"], loadBalancer),
        ...to("wafv2")("GetWebACL", `arn:aws:wafv2:${here}:regional/webacl/web/12345678`),

        ...elb("SetWebAcl"),
        ...ec2("CreateSecurityGroup", securityGroup),
        ...ec2("CreateTags", securityGroup, {
          ...tagging,
          "ec2:CreateAction": "CreateSecurityGroup",
        }),
        ...ec2(
          ["CreateTags", "DeleteTags", "DeleteSecurityGroup", ...changesRules],
          securityGroup,
          tagged,
        ),
        ...ec2(changesRules, securityGroup, inVpc),

        ...elb("CreateLoadBalancer", loadBalancer, tagging),
        ...elb("CreateTargetGroup", targetGroup, tagging),
        ...loadBalancers.flatMap((one) =>
          elb("AddTags", one, { ...tagging, ...created("CreateLoadBalancer") }),
        ),
        ...elb("AddTags", targetGroup, { ...tagging, ...created("CreateTargetGroup") }),
        ...[...loadBalancers, targetGroup].flatMap((one) =>
          elb(["AddTags", "RemoveTags"], one, tagged),
        ),
        ...elb(changesLoadBalancer, loadBalancer, tagged),
        ...elb(changesTargetGroup, targetGroup, tagged),
        ...elb("ModifyListenerAttributes", listener, tagged),

        ...elb("CreateListener", loadBalancer),
        ...elb("CreateRule", listener),
        ...elb(
          [
            "AddListenerCertificates",
            "DeleteListener",
            "ModifyListener",
            "RemoveListenerCertificates",
          ],
          listener,
        ),
        ...elb(["DeleteRule", "ModifyRule", "SetRulePriorities"], rule),
        ...[...listeners, ...rules].flatMap((one) => elb(["AddTags", "RemoveTags"], one)),
        ...elb(["DeregisterTargets", "RegisterTargets"], targetGroup),
      ],
      mayNot: [
        ...never.filter(({ action }) => action !== "ec2:DescribeInstances"),
        ...iam("CreateServiceLinkedRole", serviceLinked, {
          "iam:AWSServiceName": "eks.amazonaws.com",
        }),
        // Security groups in another VPC.
        ...ec2(changesRules, securityGroup, elsewhere),
        ...ec2(["CreateTags", "DeleteTags", "DeleteSecurityGroup"], securityGroup),
        // A tag alone does not allow a security group.
        ...ec2("CreateTags", securityGroup, tagging),
        ...ec2("CreateTags", securityGroup, { ...tagging, ...tagged }),
        ...ec2("DeleteTags", securityGroup, { ...tagging, ...tagged }),
        ...ec2("CreateTags", securityGroup, { "ec2:CreateAction": "CreateSecurityGroup" }),
        ...ec2("CreateTags", instance, { ...tagging, "ec2:CreateAction": "CreateSecurityGroup" }),
        ...ec2(["CreateTags", "DeleteTags"], instance, tagged),
        // Load balancers without a tag of the cluster.
        ...elb("CreateLoadBalancer", loadBalancer),
        ...elb("CreateTargetGroup", targetGroup),
        ...elb("AddTags", loadBalancer, tagging),
        ...elb("AddTags", loadBalancer, created("CreateLoadBalancer")),
        ...elb("AddTags", loadBalancer, { ...tagging, ...tagged }),
        ...elb("RemoveTags", loadBalancer),
        ...elb("RemoveTags", targetGroup),
        ...elb([...changesLoadBalancer, "ModifyIpPools"], loadBalancer),
        ...elb(changesTargetGroup, targetGroup),
        ...otherKinds.flatMap((one) => [
          ...elb("AddTags", one, { ...tagging, ...created("CreateLoadBalancer") }),
          ...elb(["AddTags", "RemoveTags"], one, tagged),
        ]),
      ],
      everywhere: {
        Discover: "reading: certificates and server certificates are found by listing all of them",
        Protect: "the web ACL is the one that an Ingress names",
        CreateSecurityGroups: "the group has no name yet, and the VPC's ARN does not carry its tag",
        ChangeListeners: "as documented: the controller tags listeners only after it made them",
      },
      unnoticed: [
        // Only target groups have targets.
        "RegisterTargets on * for arn:aws:elasticloadbalancing:*:*:targetgroup/*/*",
        // Documented, for what our Ingress does not use: gateways, Outposts, IPAM, Shield, WAF
        // Classic, Cognito, mutual TLS, certificates of IAM.
        "cognito-idp:DescribeUserPoolClient",
        ...[
          "DescribeAccountAttributes",
          "DescribeAddresses",
          "DescribeCoipPools",
          "DescribeInternetGateways",
          "DescribeIpamPools",
          "DescribeRouteTables",
          "DescribeTags",
          "DescribeVpcPeeringConnections",
          "GetCoipPoolUsage",
          "GetSecurityGroupsForVpc",
        ].map((action) => `ec2:${action}`),
        ...[
          "DescribeCapacityReservation",
          "DescribeSSLPolicies",
          "DescribeTrustStores",
          "ModifyCapacityReservation",
          "ModifyIpPools",
        ].map((action) => `elasticloadbalancing:${action}`),
        "iam:GetServerCertificate",
        "iam:ListServerCertificates",
        ...[
          "CreateProtection",
          "DeleteProtection",
          "DescribeProtection",
          "GetSubscriptionState",
        ].map((action) => `shield:${action}`),
        ...["AssociateWebACL", "DisassociateWebACL", "GetWebACL", "GetWebACLForResource"].map(
          (action) => `waf-regional:${action}`,
        ),
      ],
    };
  }
}
