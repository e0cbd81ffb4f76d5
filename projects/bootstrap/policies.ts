import type { Statement } from "../../infra/cluster/policy-document.ts";
import { secretsOf } from "../../infra/preview-environments/database-user.ts";
import type { BootstrapConfig } from "./bootstrap-config.ts";
import { actionsOf } from "./permissions.ts";
import { vaultActions } from "./resource-permissions.ts";

/** Roles and policies of delivery have this path, by which they are kept from changing themselves. */
export const path = "/delivery/";

export type Place = Pick<BootstrapConfig, "accountId" | "region">;

export const runsStatements = "rds-data:ExecuteStatement";
/** By which Auto Scaling finds the image of a launch template that names Amazon's parameter. */
export const readsParameters = "ssm:GetParameters";

/** Managed policies that the program and its components attach to roles. */
const attachedPolicies = [
  ...["AmazonEKSClusterPolicy", "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"],
  ...["AmazonEC2ContainerRegistryPullOnly", "CloudWatchAgentServerPolicy"],
  // EKS Auto Mode: of the control plane, and of nodes.
  ...["Compute", "BlockStorage", "LoadBalancing", "Networking"].map(
    (part) => `AmazonEKS${part}Policy`,
  ),
  "AmazonEKSWorkerNodeMinimalPolicy",
  ...["AWSBackupServiceRolePolicyForS3Backup", "AWSBackupServiceRolePolicyForS3Restore"],
  ...["Backup", "Restores"].map((to) => `service-role/AWSBackupServiceRolePolicyFor${to}`),
].map((policy) => `arn:aws:iam::aws:policy/${policy}`);

/** Allowed under conditions alone: what could give somebody more than they have. */
const bounded = ["CreateRole", "PutRolePolicy", "UpdateAssumeRolePolicy"].map(
  (one) => `iam:${one}`,
);
const conditional = [...bounded, "iam:AttachRolePolicy", "iam:PassRole"];
const isGlobal = (action: string) =>
  /^(budgets|iam|route53):/.test(action) || vaultActions.includes(action);

/** The names that the roles of a stack begin with: of the parts of the program, and of the services. */
export const roleNames = (services: string[]): string[] =>
  [
    "autoscaler",
    "backups",
    "cluster",
    "container-insights",
    "files-driver",
    "karpenter",
    "keda",
    "load-balancer-controller",
    "network",
    "sleep",
    ...services,
  ].map((part) => `${part}-*`);

/** Looking at what a stack has: no data, no secrets. */
export function readStatements(config: Pick<BootstrapConfig, "hostedZoneRoleArns">): Statement[] {
  return [
    { Sid: "Look", Effect: "Allow", Action: actionsOf("read"), Resource: "*" },
    ...hostedZoneStatements(config),
  ];
}

/**
 * Assuming the roles that change hosted zones of other accounts. Previews do it too: Pulumi assumes a role
 * before it compares the records.
 */
export function hostedZoneStatements({
  hostedZoneRoleArns,
}: Pick<BootstrapConfig, "hostedZoneRoleArns">): Statement[] {
  if (hostedZoneRoleArns.length === 0) return [];
  return [
    {
      Sid: "HostedZones",
      Effect: "Allow",
      Action: ["sts:AssumeRole"],
      Resource: hostedZoneRoleArns,
    },
  ];
}

/**
 * Making, changing and removing what a stack has, in one region. Roles are made, and given policies,
 * only within the boundary of workloads.
 */
export function writeStatements(
  { region, accountId, services, servicePolicyArns }: BootstrapConfig,
  workloadBoundary: string,
): Statement[] {
  const inBoundary = { StringEquals: { "iam:PermissionsBoundary": workloadBoundary } };
  const actions = actionsOf("write").filter((action) => !conditional.includes(action));
  const global = actions.filter(isGlobal);
  const ofProfiles = (action: string) => /^iam:.*InstanceProfile/.test(action);
  const ofRoles = (action: string) => /^iam:.*Role/.test(action) && !ofProfiles(action);
  const inAccount = (kind: string) => `arn:aws:iam::${accountId}:${kind}`;
  const isAssociation = (action: string) => action.endsWith("PodIdentityAssociation");
  const inRegion = (Sid: string, meant: (action: string) => boolean): Statement => ({
    Sid,
    Effect: "Allow",
    Action: actions.filter(meant),
    Resource: "*",
    Condition: { StringEquals: { "aws:RequestedRegion": region } },
  });
  // AWS has no condition for all of these actions: it is by their names that other roles are safe.
  const roles = roleNames(services).map((name) => inAccount(`role/${name}`));
  return [
    inRegion("InRegion", (action) => !isGlobal(action) && !isAssociation(action)),
    // Apart from the others, which fill a policy of their own.
    inRegion("PodIdentity", isAssociation),
    // Whose launch template names Amazon's parameter needs it to make the group (EC2 Auto Scaling User
    // Guide, "Use AWS Systems Manager parameters instead of AMI IDs").
    {
      Sid: "Image",
      Effect: "Allow",
      Action: [readsParameters],
      Resource: `arn:aws:ssm:${region}::parameter/aws/service/ami-amazon-linux-latest/*`,
    },
    // Deliveries ask whether the stack sleeps (tools/deliver/sleeping.ts).
    { Sid: "Sleep", Effect: "Allow", Action: ["eks:ListNodegroups"], Resource: "*" },
    // `environments` finds what an environment has in databases; no values.
    { Sid: "Secrets", Effect: "Allow", Action: ["secretsmanager:ListSecrets"], Resource: "*" },
    { Sid: "Vaults", Effect: "Allow", Action: vaultActions, Resource: "*" },
    {
      Sid: "VaultKeys",
      Effect: "Allow",
      Action: ["CreateGrant", "Decrypt", "GenerateDataKey", "RetireGrant"].map(
        (action) => `kms:${action}`,
      ),
      Resource: "*",
      Condition: { StringLike: { "kms:ViaService": "backup.*.amazonaws.com" } },
    },
    {
      Sid: "Records",
      Effect: "Allow",
      Action: global.filter((action) => action.startsWith("route53:")),
      Resource: "arn:aws:route53:::hostedzone/*",
    },
    {
      Sid: "Budgets",
      Effect: "Allow",
      Action: global.filter((action) => action.startsWith("budgets:")),
      Resource: `arn:aws:budgets::${accountId}:budget/*`,
    },
    { Sid: "Roles", Effect: "Allow", Action: global.filter(ofRoles), Resource: roles },
    {
      Sid: "InstanceProfiles",
      Effect: "Allow",
      Action: global.filter(ofProfiles),
      Resource: ["karpenter", "eks-cluster"].map((part) => inAccount(`instance-profile/${part}-*`)),
    },
    {
      Sid: "ClusterIdentity",
      Effect: "Allow",
      Action: global.filter(
        (action) => action.startsWith("iam:") && !ofRoles(action) && !ofProfiles(action),
      ),
      Resource: inAccount("oidc-provider/oidc.eks.*"),
    },
    {
      Sid: "Attach",
      Effect: "Allow",
      Action: ["iam:AttachRolePolicy"],
      Resource: roles,
      Condition: {
        ...inBoundary,
        ArnEquals: { "iam:PolicyARN": [...attachedPolicies, ...servicePolicyArns] },
      },
    },
    {
      Sid: "MakeRoles",
      Effect: "Allow",
      Action: [...bounded, "iam:PutRolePermissionsBoundary"],
      Resource: roles,
      Condition: inBoundary,
    },
    {
      Sid: "Pass",
      Effect: "Allow",
      Action: ["iam:PassRole"],
      Resource: roles,
      Condition: {
        StringEquals: {
          "iam:PassedToService": [
            "backup",
            "eks",
            "ec2",
            "pods.eks",
            "scheduler",
            "vpc-flow-logs",
          ].map((one) => `${one}.amazonaws.com`),
        },
      },
    },
    {
      Sid: "ServiceLinkedRoles",
      Effect: "Allow",
      Action: ["iam:CreateServiceLinkedRole"],
      Resource: inAccount("role/aws-service-role/*"),
      Condition: {
        StringEquals: {
          "iam:AWSServiceName": [
            "autoscaling",
            "backup",
            "eks",
            "eks-nodegroup",
            "elasticache",
            "elasticfilesystem",
            "rds",
            "wafv2",
          ].map((one) => `${one}.amazonaws.com`),
        },
      },
    },
  ];
}

/**
 * Making and dropping schemas and users of environments in these databases, by the RDS Data API with the
 * user that owns the database; and reading the secrets of environments there, which a deployment makes. To
 * read a secret that has no key of its own needs no right on a key (AWS Secrets Manager User Guide).
 */
export function environmentDatabaseStatements(
  { region, accountId }: Place,
  databases: string[],
): Statement[] {
  const arn = (service: string, resource: string) =>
    `arn:aws:${service}:${region}:${accountId}:${resource}`;
  const clusters = databases.map((database) => arn("rds", `cluster:${database}`));
  return [
    {
      Sid: "Statements",
      Effect: "Allow",
      Action: [runsStatements],
      Resource: clusters,
    },
    {
      // Of those that RDS keeps: it tags them so.
      Sid: "Owners",
      Effect: "Allow",
      Action: ["secretsmanager:GetSecretValue"],
      Resource: arn("secretsmanager", "secret:rds!cluster-*"),
      Condition: { StringEquals: { "aws:ResourceTag/aws:rds:primaryDBClusterArn": clusters } },
    },
    {
      Sid: "Users",
      Effect: "Allow",
      Action: ["secretsmanager:GetSecretValue"],
      Resource: databases.map((one) => arn("secretsmanager", `secret:${secretsOf(one)}*`)),
    },
  ];
}

/** Reading the state and its secrets; a deployment also writes them. */
export function stateStatements(bucketArn: string, keyArn: string, writes: boolean): Statement[] {
  const [objects, key] = writes
    ? [
        ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
      ]
    : [["s3:GetObject"], ["kms:Decrypt"]];
  return [
    { Sid: "State", Effect: "Allow", Action: ["s3:ListBucket"], Resource: bucketArn },
    { Sid: "StateObjects", Effect: "Allow", Action: objects, Resource: `${bucketArn}/*` },
    { Sid: "StateSecrets", Effect: "Allow", Action: key, Resource: keyArn },
  ];
}

/**
 * Who may do what with the key that signs: one role signs, the deploy roles verify. Nobody else
 * signs, whatever IAM says: the account's administrators would have to change this policy first.
 */
export function signingKeyStatements(
  { accountId, signer }: Pick<BootstrapConfig, "accountId" | "signer">,
  deployRoleArns: Record<string, string>,
): Statement[] {
  const allow = (Sid: string, arns: string[], actions: string) => ({
    Sid,
    Effect: "Allow" as const,
    Principal: { AWS: arns },
    Action: actions.split(" ").map((action) => `kms:${action}`),
    Resource: "*",
  });
  return [
    // Each by name, because a statement of a key's policy without Action has no effect (AWS KMS API,
    // PutKeyPolicy). Not CreateGrant: a grant hands on what its maker need not have.
    allow(
      "AllButSigning",
      [`arn:aws:iam::${accountId}:root`],
      "CreateAlias DeleteAlias UpdateAlias Describe* Get* List* Verify PutKeyPolicy UpdateKeyDescription EnableKey DisableKey RevokeGrant RetireGrant TagResource UntagResource ScheduleKeyDeletion CancelKeyDeletion",
    ),
    allow("Verify", Object.values(deployRoleArns), "DescribeKey GetPublicKey"),
    allow("Sign", [deployRoleArns[signer] ?? ""], "Sign"),
  ];
}

export function documentOf(statements: Statement[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}
