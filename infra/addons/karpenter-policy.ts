import type * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { actionsOf } from "../cluster/policy-document.ts";

export interface KarpenterPolicyArgs {
  clusterName: string;
  region: string;
  accountId: string;
  nodeRoleArn: pulumi.Input<string>;
  queueArn: pulumi.Input<string>;
}

/**
 * What Karpenter's controller calls: the policies of its CloudFormation template
 * (aws/karpenter-provider-aws v1.14.1, getting-started-with-karpenter/cloudformation.yaml), without
 * those for instance profiles, which the program makes itself.
 *
 * Instances, volumes and launch templates are made only with the cluster's tags, and changed or ended
 * only where they have them. Reads take no resource (Service Authorization Reference, Amazon EC2).
 */
export function karpenterPolicy(args: KarpenterPolicyArgs): aws.iam.PolicyDocument {
  return {
    Version: "2012-10-17",
    Statement: [...launches(args), ...changes(args), ...roles(args), ...reads(args)],
  };
}

const owned = ({ clusterName }: KarpenterPolicyArgs, tag: "RequestTag" | "ResourceTag") => ({
  StringEquals: { [`aws:${tag}/kubernetes.io/cluster/${clusterName}`]: "owned" },
  StringLike: { [`aws:${tag}/karpenter.sh/nodepool`]: "*" },
});

/** What a request for new instances must bring. */
function tagged(args: KarpenterPolicyArgs, more: Record<string, string[]> = {}) {
  const { StringEquals, StringLike } = owned(args, "RequestTag");
  const cluster = { "aws:RequestTag/eks:eks-cluster-name": args.clusterName };
  return { StringEquals: { ...StringEquals, ...cluster, ...more }, StringLike };
}

const launch = actionsOf("ec2", "RunInstances CreateFleet");

function launches(args: KarpenterPolicyArgs): aws.iam.PolicyStatement[] {
  const { region, accountId } = args;
  const own = (kind: string) => `arn:aws:ec2:${region}:${accountId}:${kind}/*`;
  const made = [
    ...["fleet", "instance", "volume", "network-interface", "launch-template"],
    "spot-instances-request",
  ].map(own);
  return [
    {
      Sid: "LaunchFrom",
      Effect: "Allow",
      Action: launch,
      Resource: [
        ...["image", "snapshot"].map((kind) => `arn:aws:ec2:${region}::${kind}/*`),
        ...["security-group", "subnet"].map(own),
      ],
    },
    {
      Sid: "LaunchFromOwnTemplates",
      Effect: "Allow",
      Action: launch,
      Resource: own("launch-template"),
      Condition: owned(args, "ResourceTag"),
    },
    {
      Sid: "LaunchTagged",
      Effect: "Allow",
      Action: [...launch, "ec2:CreateLaunchTemplate"],
      Resource: made,
      Condition: tagged(args),
    },
    {
      Sid: "TagAtLaunch",
      Effect: "Allow",
      Action: "ec2:CreateTags",
      Resource: made,
      Condition: tagged(args, {
        "ec2:CreateAction": ["RunInstances", "CreateFleet", "CreateLaunchTemplate"],
      }),
    },
  ];
}

function changes(args: KarpenterPolicyArgs): aws.iam.PolicyStatement[] {
  const { region, accountId, clusterName } = args;
  const instances = `arn:aws:ec2:${region}:${accountId}:instance/*`;
  return [
    {
      Sid: "TagOwnInstances",
      Effect: "Allow",
      Action: "ec2:CreateTags",
      Resource: instances,
      Condition: {
        ...owned(args, "ResourceTag"),
        StringEqualsIfExists: { "aws:RequestTag/eks:eks-cluster-name": clusterName },
        "ForAllValues:StringEquals": {
          "aws:TagKeys": ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"],
        },
      },
    },
    {
      Sid: "EndOwn",
      Effect: "Allow",
      Action: actionsOf("ec2", "TerminateInstances DeleteLaunchTemplate"),
      Resource: [instances, `arn:aws:ec2:${region}:${accountId}:launch-template/*`],
      Condition: owned(args, "ResourceTag"),
    },
  ];
}

function roles({ accountId, nodeRoleArn }: KarpenterPolicyArgs): aws.iam.PolicyStatement[] {
  return [
    {
      Sid: "GiveNodesTheirRole",
      Effect: "Allow",
      Action: "iam:PassRole",
      Resource: nodeRoleArn,
      Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
    },
    {
      // EC2 makes it in the caller's name at the account's first Spot instance (Karpenter's
      // troubleshooting page: ServiceLinkedRoleCreationNotPermitted).
      Sid: "FirstSpotInstance",
      Effect: "Allow",
      Action: "iam:CreateServiceLinkedRole",
      Resource: `arn:aws:iam::${accountId}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot`,
      Condition: { StringEquals: { "iam:AWSServiceName": "spot.amazonaws.com" } },
    },
  ];
}

function reads(args: KarpenterPolicyArgs): aws.iam.PolicyStatement[] {
  const { region, accountId, clusterName, queueArn } = args;
  return [
    {
      Sid: "DescribeRegion",
      Effect: "Allow",
      Action: actionsOf(
        "ec2",
        "DescribeCapacityReservations DescribeImages DescribeInstances DescribeInstanceStatus DescribeInstanceTypeOfferings DescribeInstanceTypes DescribeLaunchTemplates DescribePlacementGroups DescribeSecurityGroups DescribeSpotPriceHistory DescribeSubnets",
      ),
      Resource: "*",
      Condition: { StringEquals: { "aws:RequestedRegion": region } },
    },
    {
      Sid: "ReadImageVersions",
      Effect: "Allow",
      Action: "ssm:GetParameter",
      Resource: `arn:aws:ssm:${region}::parameter/aws/service/*`,
    },
    {
      // Without both lists an EC2NodeClass keeps its finalizer (nodeclass/controller.go,
      // cleanupManagedInstanceProfiles).
      Sid: "ReadPricesAndProfiles",
      Effect: "Allow",
      Action: ["pricing:GetProducts", "iam:ListInstanceProfiles"],
      Resource: "*",
    },
    {
      Sid: "ReadProfile",
      Effect: "Allow",
      Action: "iam:GetInstanceProfile",
      Resource: `arn:aws:iam::${accountId}:instance-profile/*`,
    },
    {
      Sid: "FindCluster",
      Effect: "Allow",
      Action: "eks:DescribeCluster",
      Resource: `arn:aws:eks:${region}:${accountId}:cluster/${clusterName}`,
    },
    {
      // The action takes no ARN of a cluster (aws/karpenter-provider-aws issue 9118).
      Sid: "ReadZonalShift",
      Effect: "Allow",
      Action: "arc-zonal-shift:GetManagedResource",
      Resource: "*",
      Condition: {
        StringEquals: {
          "arc-zonal-shift:ResourceIdentifier": `arn:aws:eks:${region}:${accountId}:cluster/${clusterName}`,
        },
      },
    },
    {
      Sid: "Interruptions",
      Effect: "Allow",
      Action: actionsOf("sqs", "DeleteMessage GetQueueUrl ReceiveMessage"),
      Resource: queueArn,
    },
  ];
}
