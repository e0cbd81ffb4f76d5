import { actionsOf as to } from "../../infra/cluster/policy-document.ts";
import type { Permissions } from "./network-permissions.ts";

/** Types of RDS and ElastiCache are tagged alike. */
const tagged = (service: string, read: string, write: string): Permissions => ({
  read: to(service, `${read} ListTagsForResource`),
  write: to(service, `${write} AddTagsToResource RemoveTagsFromResource`),
});

/** The cluster with its password, which RDS keeps in the caller's name, and its final snapshot. */
const cluster = tagged(
  "rds",
  "DescribeDBClusters DescribeGlobalClusters",
  "CreateDBCluster ModifyDBCluster DeleteDBCluster CreateDBClusterSnapshot EnableHttpEndpoint DisableHttpEndpoint",
);
const ofItsSecret = [...to("secretsmanager", "CreateSecret TagResource"), "kms:CreateGrant"];

const cache = tagged(
  "elasticache",
  "DescribeServerlessCaches",
  "CreateServerlessCache ModifyServerlessCache DeleteServerlessCache",
);
/** ElastiCache makes the cache's endpoint in the caller's name (Amazon ElastiCache User Guide, IAM). */
const ofItsEndpoint = to("ec2", "CreateVpcEndpoint DeleteVpcEndpoints CreateTags");

/** Of databases and caches: no rows, no passwords. */
export const databases: Record<string, Permissions> = {
  "aws:elasticache/serverlessCache:ServerlessCache": {
    read: [...cache.read, ...to("ec2", "DescribeVpcEndpoints DescribeSubnets DescribeVpcs")],
    write: [...cache.write, ...ofItsEndpoint],
  },
  "aws:rds/cluster:Cluster": { ...cluster, write: [...cluster.write, ...ofItsSecret] },
  "aws:rds/clusterInstance:ClusterInstance": tagged(
    "rds",
    "DescribeDBInstances DescribeDBClusters",
    "CreateDBInstance ModifyDBInstance RebootDBInstance DeleteDBInstance",
  ),
  "aws:rds/clusterParameterGroup:ClusterParameterGroup": tagged(
    "rds",
    "DescribeDBClusterParameterGroups DescribeDBClusterParameters",
    "CreateDBClusterParameterGroup ModifyDBClusterParameterGroup ResetDBClusterParameterGroup DeleteDBClusterParameterGroup",
  ),
  "aws:rds/subnetGroup:SubnetGroup": tagged(
    "rds",
    "DescribeDBSubnetGroups",
    "CreateDBSubnetGroup ModifyDBSubnetGroup DeleteDBSubnetGroup",
  ),
  "aws:secretsmanager/secretRotation:SecretRotation": {
    read: to("secretsmanager", "DescribeSecret"),
    write: to("secretsmanager", "RotateSecret CancelRotateSecret"),
  },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
    read: to("ec2", "DescribeSecurityGroupRules"),
    write: to(
      "ec2",
      "AuthorizeSecurityGroupIngress ModifySecurityGroupRules RevokeSecurityGroupIngress CreateTags DeleteTags",
    ),
  },
};
