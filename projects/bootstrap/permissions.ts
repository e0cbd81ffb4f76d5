import { actionsOf as to } from "../../infra/cluster/policy-document.ts";
import { databases } from "./database-permissions.ts";
import { network, type Permissions } from "./network-permissions.ts";
import { observability } from "./observability-permissions.ts";
import { resources } from "./resource-permissions.ts";

const tagsOf = (service: string) => to(service, "TagResource UntagResource");
const bucketReads = to(
  "s3",
  `ListBucket GetBucketLocation GetBucketTagging GetBucketVersioning GetBucketPolicy GetBucketAcl
   GetBucketCORS GetBucketWebsite GetBucketLogging GetBucketRequestPayment GetBucketObjectLockConfiguration
   GetAccelerateConfiguration GetLifecycleConfiguration GetReplicationConfiguration
   GetEncryptionConfiguration GetBucketPublicAccessBlock GetBucketOwnershipControls`.replace(
    /\s+/g,
    " ",
  ),
);
const bucket = (write: string): Permissions => ({ read: bucketReads, write: to("s3", write) });

/**
 * By type of resource, every one that a stack of the platform has: those of the program, and those
 * that the components of awsx and eks make. A test fails for a type that is missing.
 */
export const permissions: Record<string, Permissions> = {
  "aws:acm/certificate:Certificate": {
    read: to("acm", "DescribeCertificate ListTagsForCertificate"),
    write: to(
      "acm",
      "RequestCertificate DeleteCertificate AddTagsToCertificate RemoveTagsFromCertificate",
    ),
  },
  "aws:acm/certificateValidation:CertificateValidation": {
    read: to("acm", "DescribeCertificate"),
    write: [],
  },
  "aws:cloudwatch/logGroup:LogGroup": {
    read: to("logs", "DescribeLogGroups ListTagsForResource"),
    write: [
      ...to("logs", "CreateLogGroup DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy"),
      ...tagsOf("logs"),
    ],
  },
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": {
    read: to("logs", "DescribeResourcePolicies"),
    write: to("logs", "PutResourcePolicy DeleteResourcePolicy"),
  },
  ...network,
  ...observability,
  ...resources,
  ...databases,
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": {
    read: to("ecr", "GetLifecyclePolicy"),
    write: to("ecr", "PutLifecyclePolicy DeleteLifecyclePolicy"),
  },
  "aws:ecr/repository:Repository": {
    read: to("ecr", "DescribeRepositories ListTagsForResource"),
    write: [
      ...to(
        "ecr",
        "CreateRepository DeleteRepository PutImageTagMutability PutImageScanningConfiguration",
      ),
      ...tagsOf("ecr"),
    ],
  },
  "aws:eks/accessEntry:AccessEntry": {
    read: to("eks", "DescribeAccessEntry"),
    write: to("eks", "CreateAccessEntry UpdateAccessEntry DeleteAccessEntry"),
  },
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
    read: to("eks", "ListAssociatedAccessPolicies"),
    write: to("eks", "AssociateAccessPolicy DisassociateAccessPolicy"),
  },
  "aws:eks/addon:Addon": {
    read: to("eks", "DescribeAddon DescribeAddonVersions DescribeUpdate"),
    write: to("eks", "CreateAddon UpdateAddon DeleteAddon"),
  },
  "aws:eks/cluster:Cluster": {
    read: to("eks", "DescribeCluster DescribeUpdate"),
    write: [
      ...to(
        "eks",
        "CreateCluster DeleteCluster UpdateClusterConfig UpdateClusterVersion AssociateEncryptionConfig",
      ),
      ...tagsOf("eks"),
    ],
  },
  "aws:eks/nodeGroup:NodeGroup": {
    read: to("eks", "DescribeNodegroup DescribeUpdate"),
    // EKS tries the launch template in the caller's name.
    write: [
      ...to("eks", "CreateNodegroup UpdateNodegroupConfig UpdateNodegroupVersion DeleteNodegroup"),
      "ec2:RunInstances",
    ],
  },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
    read: to("eks", "DescribePodIdentityAssociation"),
    write: to(
      "eks",
      "CreatePodIdentityAssociation UpdatePodIdentityAssociation DeletePodIdentityAssociation",
    ),
  },
  "aws:iam/instanceProfile:InstanceProfile": {
    read: to("iam", "GetInstanceProfile"),
    write: to(
      "iam",
      "CreateInstanceProfile DeleteInstanceProfile AddRoleToInstanceProfile RemoveRoleFromInstanceProfile TagInstanceProfile UntagInstanceProfile",
    ),
  },
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
    read: to("iam", "GetOpenIDConnectProvider"),
    write: to(
      "iam",
      "CreateOpenIDConnectProvider DeleteOpenIDConnectProvider TagOpenIDConnectProvider UntagOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint",
    ),
  },
  "aws:iam/role:Role": {
    read: to(
      "iam",
      "GetRole ListRolePolicies ListAttachedRolePolicies ListInstanceProfilesForRole",
    ),
    write: to(
      "iam",
      "CreateRole DeleteRole UpdateRole UpdateAssumeRolePolicy TagRole UntagRole PassRole",
    ),
  },
  "aws:iam/rolePolicy:RolePolicy": {
    read: to("iam", "GetRolePolicy"),
    write: to("iam", "PutRolePolicy DeleteRolePolicy"),
  },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
    read: to("iam", "ListAttachedRolePolicies"),
    write: to("iam", "AttachRolePolicy DetachRolePolicy"),
  },
  "aws:kms/key:Key": {
    read: to("kms", "DescribeKey GetKeyPolicy GetKeyRotationStatus ListResourceTags"),
    write: [
      ...to(
        "kms",
        "CreateKey ScheduleKeyDeletion EnableKeyRotation DisableKeyRotation PutKeyPolicy UpdateKeyDescription CreateGrant",
      ),
      ...tagsOf("kms"),
    ],
  },
  "aws:route53/record:Record": {
    read: to("route53", "GetHostedZone ListResourceRecordSets GetChange"),
    write: to("route53", "ChangeResourceRecordSets"),
  },
  "aws:s3/bucket:Bucket": bucket(
    "CreateBucket DeleteBucket PutBucketTagging DeleteObject DeleteObjectVersion ListBucketVersions",
  ),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": bucket(
    "PutLifecycleConfiguration",
  ),
  "aws:s3/bucketPolicy:BucketPolicy": bucket("PutBucketPolicy DeleteBucketPolicy"),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": bucket("PutBucketPublicAccessBlock"),
  "aws:s3/bucketVersioning:BucketVersioning": bucket("PutBucketVersioning"),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": bucket(
    "PutEncryptionConfiguration",
  ),
  "aws:wafv2/webAcl:WebAcl": {
    read: to("wafv2", "GetWebACL ListTagsForResource"),
    write: [...to("wafv2", "CreateWebACL UpdateWebACL DeleteWebACL"), ...tagsOf("wafv2")],
  },
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": {
    read: to("wafv2", "GetLoggingConfiguration"),
    write: [
      ...to("wafv2", "PutLoggingConfiguration DeleteLoggingConfiguration"),
      ...to("logs", "CreateLogDelivery DeleteLogDelivery"),
    ],
  },
  "docker:index/image:Image": {
    read: to("ecr", "GetAuthorizationToken DescribeImages ListImages"),
    write: to(
      "ecr",
      "BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer InitiateLayerUpload UploadLayerPart CompleteLayerUpload PutImage",
    ),
  },
};

/**
 * By function that the program, or a component of it, looks something up with. A test fails for a function
 * that is missing.
 */
export const lookups: Record<string, string[]> = {
  "aws:autoscaling/getAmiIds:getAmiIds": to("autoscaling", "DescribeAutoScalingGroups"),
  "aws:autoscaling/getGroup:getGroup": to("autoscaling", "DescribeAutoScalingGroups"),
  "aws:ec2/getInstanceType:getInstanceType": to("ec2", "DescribeInstanceTypes"),
  "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": to(
    "ec2",
    "DescribeInstanceTypeOfferings",
  ),
  "aws:ec2/getRouteTable:getRouteTable": to("ec2", "DescribeRouteTables DescribeNetworkInterfaces"),
  "aws:ec2/getRouteTables:getRouteTables": to("ec2", "DescribeRouteTables"),
  "aws:ec2/getSubnet:getSubnet": to("ec2", "DescribeSubnets"),
  "aws:ec2/getSubnets:getSubnets": to("ec2", "DescribeSubnets"),
  "aws:ec2/getVpc:getVpc": to("ec2", "DescribeVpcs DescribeVpcAttribute DescribeRouteTables"),
  "aws:ec2/getVpcs:getVpcs": to("ec2", "DescribeVpcs"),
  "aws:ecr/getAuthorizationToken:getAuthorizationToken": to("ecr", "GetAuthorizationToken"),
  "aws:ecr/getImages:getImages": to("ecr", "ListImages"),
  "aws:eks/getAddonVersion:getAddonVersion": to("eks", "DescribeAddonVersions"),
  "aws:eks/getCluster:getCluster": to("eks", "DescribeCluster"),
  "aws:eks/getClusters:getClusters": to("eks", "ListClusters"),
  "aws:eks/getClusterVersions:getClusterVersions": to("eks", "DescribeClusterVersions"),
  "aws:eks/getNodeGroup:getNodeGroup": to("eks", "DescribeNodegroup"),
  "aws:index/getAvailabilityZones:getAvailabilityZones": to("ec2", "DescribeAvailabilityZones"),
  "aws:lb/getLoadBalancer:getLoadBalancer": to(
    "elasticloadbalancing",
    "DescribeLoadBalancers DescribeTags DescribeLoadBalancerAttributes",
  ),
  "aws:lb/getTargetGroup:getTargetGroup": to(
    "elasticloadbalancing",
    "DescribeTargetGroups DescribeTags DescribeTargetGroupAttributes",
  ),
  "aws:route53/getZone:getZone": to(
    "route53",
    "GetHostedZone ListResourceRecordSets ListTagsForResource",
  ),
};

/** All actions of a kind, each once, in order. */
export function actionsOf(kind: keyof Permissions): string[] {
  const ofTypes = Object.values(permissions).flatMap((one) => one[kind]);
  const looked = kind === "read" ? Object.values(lookups).flat() : [];
  return [...new Set([...ofTypes, ...looked])].sort();
}
