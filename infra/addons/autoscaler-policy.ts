import type * as aws from "@pulumi/aws";

export interface AutoscalerPolicyArgs {
  clusterName: string;
  region: string;
  accountId: string;
}

/**
 * What Cluster Autoscaler 1.35 and 1.36 need for managed node groups (its cloudprovider/aws/README.md),
 * without what they call only for launch configurations and instance requirements.
 *
 * It changes those Auto Scaling groups alone that EKS has tagged as this cluster's. AWS describes
 * groups, instance types and launch templates on `*` only.
 */
export function autoscalerPolicy(args: AutoscalerPolicyArgs): aws.iam.PolicyDocument {
  const { clusterName, region, accountId } = args;
  const tag = (name: string) => `aws:ResourceTag/k8s.io/cluster-autoscaler/${name}`;
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "Discover",
        Effect: "Allow",
        Action: [
          "autoscaling:DescribeAutoScalingGroups",
          "autoscaling:DescribeScalingActivities",
          "ec2:DescribeInstanceTypes",
          "ec2:DescribeLaunchTemplateVersions",
        ],
        Resource: "*",
      },
      {
        // Labels and taints of nodes to come, for a group that has none at the moment.
        Sid: "DescribeNodeGroups",
        Effect: "Allow",
        Action: "eks:DescribeNodegroup",
        Resource: `arn:aws:eks:${region}:${accountId}:nodegroup/${clusterName}/*/*`,
      },
      {
        Sid: "ScaleOwnGroups",
        Effect: "Allow",
        Action: [
          "autoscaling:SetDesiredCapacity",
          "autoscaling:TerminateInstanceInAutoScalingGroup",
        ],
        Resource: `arn:aws:autoscaling:${region}:${accountId}:autoScalingGroup:*:autoScalingGroupName/*`,
        Condition: {
          StringEquals: { [tag("enabled")]: "true", [tag(clusterName)]: "owned" },
        },
      },
    ],
  };
}
