import type { Statement } from "../../../infra/cluster/policy-document.ts";
import type { Props, World } from "./world.ts";

/**
 * The actions of AWS's managed policies that the simulated services call, from the AWS managed
 * policy reference; the policies themselves allow more.
 */
const managedPolicies: Record<string, string[]> = {
  AmazonEKSClusterPolicy: ["ec2:DescribeInstances", "ec2:CreateSecurityGroup"],
  AmazonEKSComputePolicy: [
    ...["ec2:CreateFleet", "ec2:RunInstances", "ec2:CreateLaunchTemplate"],
    "iam:PassRole",
  ],
  AmazonEKSNetworkingPolicy: ["ec2:CreateNetworkInterface"],
  AmazonEKSWorkerNodePolicy: [
    "eks:DescribeCluster",
    "eks-auth:AssumeRoleForPodIdentity",
    "ec2:DescribeInstances",
  ],
  AmazonEKSWorkerNodeMinimalPolicy: ["eks:DescribeCluster", "eks-auth:AssumeRoleForPodIdentity"],
  AmazonEC2ContainerRegistryPullOnly: ["ecr:GetAuthorizationToken", "ecr:BatchGetImage"],
  AmazonEC2ContainerRegistryReadOnly: ["ecr:GetAuthorizationToken", "ecr:BatchGetImage"],
  AmazonEKS_CNI_Policy: ["ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface"],
  AWSBackupServiceRolePolicyForBackup: [
    "dynamodb:StartAwsBackupJob",
    "elasticfilesystem:Backup",
    "rds:CreateDBClusterSnapshot",
  ],
  AWSBackupServiceRolePolicyForS3Backup: ["s3:GetInventoryConfiguration"],
  CloudWatchAgentServerPolicy: ["logs:PutLogEvents", "cloudwatch:PutMetricData"],
};

export const list = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

export function statementsOf(policy: unknown): Statement[] {
  const document = typeof policy === "string" ? JSON.parse(policy) : (policy as Props);
  return list(document?.Statement as Statement | Statement[]);
}

function matches(pattern: string, text: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "i").test(text);
}

/**
 * The first action that the role's inline and attached policies do not allow. Ignores resources and
 * conditions of the statements: the tests of the policy simulator check them.
 */
export function deniedAction(world: World, role: string, actions: string[]): string | undefined {
  const inline = world
    .live("aws:iam/rolePolicy:RolePolicy")
    .filter(({ inputs }) => inputs.role === role)
    .flatMap(({ inputs }) => statementsOf(inputs.policy));
  const attached = world
    .live("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    .filter(({ inputs }) => inputs.role === role)
    .flatMap(({ inputs }): Statement[] => {
      const own = world.get("aws:iam/policy:Policy", inputs.policyArn);
      if (own) return statementsOf(own.inputs.policy);
      const name = String(inputs.policyArn).split("/").at(-1) ?? "";
      return [{ Effect: "Allow", Action: managedPolicies[name] ?? [] }];
    });
  const statements = [...inline, ...attached];
  const covers = (effect: Statement["Effect"], action: string) =>
    statements.some(
      (statement) =>
        statement.Effect === effect &&
        list(statement.Action).some((pattern) => matches(pattern, action)),
    );
  return actions.find((action) => !covers("Allow", action) || covers("Deny", action));
}

/** Whether the role lets this service of AWS assume it. */
export function trustsService(
  world: World,
  roleArn: string,
  service: string,
  action = "sts:AssumeRole",
): boolean {
  const role = roleByArn(world, roleArn);
  return statementsOf(role?.inputs.assumeRolePolicy).some(
    ({ Effect, Action, Principal }) =>
      Effect === "Allow" &&
      list(Action).includes(action) &&
      list(Principal?.Service).includes(service),
  );
}

export function roleByArn(world: World, roleArn: string) {
  return world.live("aws:iam/role:Role").find(({ outputs }) => outputs.arn === roleArn);
}

export interface ServiceAccount {
  cluster: string;
  namespace: string;
  name: string;
  roleArn: string | undefined;
}

/**
 * Why a pod of the service account cannot call the actions through its role (IRSA). Returns undefined
 * if it can: the role exists, trusts the cluster's issuer for exactly this `sub` and `aud`, and its
 * policies allow the actions. Source: Amazon EKS User Guide, "IAM roles for service
 * accounts"; AWS STS AssumeRoleWithWebIdentity.
 */
export function irsaProblem(
  world: World,
  { cluster, namespace, name, roleArn }: ServiceAccount,
  actions: string[],
): string | undefined {
  const who = `service account ${namespace}/${name}`;
  const refused = (why: string) =>
    `AccessDenied: ${who} is not authorized to perform sts:AssumeRoleWithWebIdentity: ${why}`;
  if (!roleArn) return refused("it has no role");
  const role = roleByArn(world, roleArn);
  if (!role) return refused(`role ${roleArn} does not exist`);
  const issuer = world.get("aws:eks/cluster:Cluster", cluster)?.outputs.identities[0].oidcs[0]
    .issuer as string | undefined;
  const provider = world
    .live("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
    .find(({ inputs }) => inputs.url === issuer);
  if (!issuer || !provider) return refused(`no OpenID Connect provider for ${issuer ?? cluster}`);
  if (!list(provider.inputs.clientIdLists).includes("sts.amazonaws.com")) {
    return refused("the provider does not know the audience sts.amazonaws.com");
  }
  const claims: Record<string, string> = {
    sub: `system:serviceaccount:${namespace}:${name}`,
    aud: "sts.amazonaws.com",
  };
  const trusted = statementsOf(role.inputs.assumeRolePolicy).some(
    ({ Effect, Action, Principal, Condition }) =>
      Effect === "Allow" &&
      list(Action).includes("sts:AssumeRoleWithWebIdentity") &&
      list(Principal?.Federated).includes(provider.id) &&
      Object.entries(Condition ?? {}).every(([operator, expected]) =>
        Object.entries(expected).every(([key, values]) => {
          const claim = claims[key.split(":").at(-1) ?? ""] ?? "";
          const isIssuer = key.startsWith(`${issuer.replace("https://", "")}:`);
          return (
            isIssuer &&
            list(values).some((value) =>
              operator.endsWith("Like") ? matches(value, claim) : value === claim,
            )
          );
        }),
      ),
  );
  if (!trusted) return refused(`the trust policy of ${role.id} does not match`);
  const denied = deniedAction(world, role.id, actions);
  return denied && `AccessDenied: ${who} is not authorized to perform ${denied}`;
}
