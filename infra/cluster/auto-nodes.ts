import * as aws from "@pulumi/aws";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { AutoNodesConfig, NodesConfig } from "../config/schema.ts";
import { makeNodeRole } from "./instances.ts";
import { deletionTimeout, metadataOf, nodePoolSpec } from "./node-pool.ts";

export interface AutoNodesArgs {
  nodes: AutoNodesConfig & Pick<NodesConfig, "architecture" | "diskSizeGiB">;
  clusterName: pulumi.Input<string>;
  /** The role of the control plane, in whose name EKS starts instances. */
  clusterRoleArn: pulumi.Output<string>;
  securityGroupId: pulumi.Input<string>;
  subnetIds: pulumi.Input<string[]>;
  /** Tags of the instances, volumes and network interfaces, which do not inherit the provider's. */
  tags: Record<string, string>;
}

/** EKS keeps `default` to its own NodeClass. */
const nodeClassName = "platform";

/**
 * The nodes that EKS Auto Mode starts for pods without room, and ends when their pods fit on fewer.
 *
 * Its resources need a Kubernetes provider of the cluster. The deletion of the NodePool ends its nodes
 * first, as Karpenter's does: an instance that is left to the deletion of the cluster keeps the cluster's
 * security group (aws-k8s-tester#541), and its role (containers-roadmap#2531). So all pods must depend on
 * the component.
 */
export class AutoNodes extends pulumi.ComponentResource {
  constructor(name: string, args: AutoNodesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:cluster:AutoNodes", name, {}, opts);
    const parent = { parent: this };
    const { profile, joined } = makeIdentity(name, args, parent);
    const tagging = new aws.iam.RolePolicy(
      name,
      {
        role: args.clusterRoleArn.apply((arn) => arn.split("/").at(-1) ?? ""),
        policy: mayTag,
      },
      parent,
    );
    const nodeClass = new kubernetes.apiextensions.CustomResource(
      `${name}-class`,
      {
        apiVersion: "eks.amazonaws.com/v1",
        kind: "NodeClass",
        metadata: metadataOf(nodeClassName),
        spec: nodeClassSpec(args, profile.name),
      },
      { ...parent, dependsOn: [...joined, tagging], customTimeouts: deletionTimeout },
    );
    const pool = new kubernetes.apiextensions.CustomResource(
      name,
      {
        apiVersion: "karpenter.sh/v1",
        kind: "NodePool",
        metadata: metadataOf(nodeClassName),
        spec: nodePoolSpec(args.nodes, {
          group: "eks.amazonaws.com",
          kind: "NodeClass",
          name: nodeClassName,
        }),
      },
      { ...parent, dependsOn: nodeClass, customTimeouts: deletionTimeout },
    );
    // Without it nothing enforces network policies (Amazon EKS User Guide, network policies with EKS Auto Mode).
    new kubernetes.core.v1.ConfigMap(
      `${name}-network-policies`,
      {
        metadata: { name: "amazon-vpc-cni", namespace: "kube-system" },
        data: { "enable-network-policy-controller": "true" },
      },
      { ...parent, dependsOn: pool },
    );
    this.registerOutputs();
  }
}

/**
 * The role of the nodes, the profile by which instances have it, and what lets them join: EKS makes an
 * access entry for its own node pools alone. EKS takes a profile whose name begins with `eks`
 * (amazon-eks-user-guide#1123). Where a NodeClass names a role, EKS makes a profile that outlives the
 * cluster, and keeps the role.
 */
function makeIdentity(
  name: string,
  { clusterName }: AutoNodesArgs,
  parent: { parent: pulumi.Resource },
) {
  const { role, policies } = makeNodeRole(name, parent, "AmazonEKSWorkerNodeMinimalPolicy");
  const profile = new aws.iam.InstanceProfile(`eks-${name}`, { role: role.name }, parent);
  const entry = new aws.eks.AccessEntry(
    name,
    { clusterName, principalArn: role.arn, type: "EC2" },
    { ...parent, dependsOn: policies },
  );
  const policy = new aws.eks.AccessPolicyAssociation(
    name,
    {
      clusterName,
      principalArn: entry.principalArn,
      policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAutoNodePolicy",
      accessScope: { type: "cluster" },
    },
    parent,
  );
  return { profile, joined: [policy, profile] };
}

const ofCluster = {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of IAM
  "aws:RequestTag/eks:eks-cluster-name": "${aws:PrincipalTag/eks:eks-cluster-name}",
};
/**
 * AmazonEKSComputePolicy allows no tags but those of EKS. As AWS has it in "Custom AWS tags for EKS Auto
 * resources", without what the stack has not: volumes and load balancers of EKS Auto Mode.
 */
const mayTag: aws.iam.PolicyDocument = {
  Version: "2012-10-17",
  Statement: [
    {
      Sid: "Compute",
      Effect: "Allow",
      Action: ["ec2:CreateFleet", "ec2:RunInstances", "ec2:CreateLaunchTemplate"],
      Resource: "*",
      Condition: {
        StringEquals: ofCluster,
        StringLike: {
          "aws:RequestTag/eks:kubernetes-node-class-name": "*",
          "aws:RequestTag/eks:kubernetes-node-pool-name": "*",
        },
      },
    },
    {
      Sid: "Networking",
      Effect: "Allow",
      Action: "ec2:CreateNetworkInterface",
      Resource: "*",
      Condition: {
        StringEquals: ofCluster,
        StringLike: { "aws:RequestTag/eks:kubernetes-cni-node-name": "*" },
      },
    },
  ],
};

/**
 * AWS chooses image, kernel and metadata options: Bottlerocket, IMDSv2, encrypted volumes (Amazon EKS User
 * Guide, security of EKS Auto Mode).
 */
function nodeClassSpec(args: AutoNodesArgs, instanceProfile: pulumi.Output<string>) {
  return {
    instanceProfile,
    subnetSelectorTerms: pulumi.output(args.subnetIds).apply((ids) => ids.map((id) => ({ id }))),
    securityGroupSelectorTerms: [{ id: args.securityGroupId }],
    networkPolicy: "DefaultAllow",
    ephemeralStorage: { size: `${args.nodes.diskSizeGiB}Gi` },
    tags: args.tags,
  };
}
