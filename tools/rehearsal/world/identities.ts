import { createHash } from "node:crypto";
import { namespaced } from "./outputs.ts";
import type { Props, World } from "./world.ts";

const prefixes: Record<string, string> = {
  "aws:ec2/vpc:Vpc": "vpc",
  "aws:ec2/internetGateway:InternetGateway": "igw",
  "aws:ec2/subnet:Subnet": "subnet",
  "aws:ec2/routeTable:RouteTable": "rtb",
  "aws:ec2/routeTableAssociation:RouteTableAssociation": "rtbassoc",
  "aws:ec2/route:Route": "r",
  "aws:ec2/eip:Eip": "eipalloc",
  "aws:ec2/natGateway:NatGateway": "nat",
  "aws:ec2/vpcEndpoint:VpcEndpoint": "vpce",
  "aws:ec2/securityGroup:SecurityGroup": "sg",
  "aws:ec2/securityGroupRule:SecurityGroupRule": "sgrule",
  "aws:ec2/flowLog:FlowLog": "fl",
  "aws:ec2/launchTemplate:LaunchTemplate": "lt",
};

const names: Record<string, (inputs: Props, world: World) => string> = {
  "aws:iam/role:Role": ({ name }) => name,
  "aws:iam/policy:Policy": ({ name, path = "/" }, { accountId }) =>
    `arn:aws:iam::${accountId}:policy${path}${name}`,
  "aws:iam/rolePolicy:RolePolicy": ({ role, name }) => `${role}:${name}`,
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ({ role, policyArn }) =>
    `${role}/${policyArn}`,
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": ({ url }, { accountId }) =>
    `arn:aws:iam::${accountId}:oidc-provider/${String(url).replace("https://", "")}`,
  "aws:kms/alias:Alias": ({ name }) => name,
  "aws:kms/keyPolicy:KeyPolicy": ({ keyId }) => keyId,
  "aws:cloudwatch/logGroup:LogGroup": ({ name }) => name,
  "aws:cloudwatch/metricAlarm:MetricAlarm": ({ name }) => name,
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": ({ alarmName }) => alarmName,
  "aws:cloudwatch/dashboard:Dashboard": ({ dashboardName }) => dashboardName,
  "aws:cloudwatch/eventRule:EventRule": ({ name }) => name,
  "aws:sns/topicPolicy:TopicPolicy": ({ arn }) => arn,
  "aws:sns/topic:Topic": ({ name }, { region, accountId }) =>
    `arn:aws:sns:${region}:${accountId}:${name}`,
  "aws:acm/certificate:Certificate": ({ domainName }, world) =>
    `arn:aws:acm:${world.region}:${world.accountId}:certificate/${domainName}-${world.serial()}`,
  "aws:acm/certificateValidation:CertificateValidation": ({ certificateArn }) => certificateArn,
  "aws:route53/record:Record": ({ zoneId, name, type }) => `${zoneId}_${name}_${type}`,
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": ({ policyName }) => policyName,
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": ({ resourceArn }) =>
    resourceArn,
  "aws:s3/bucket:Bucket": ({ bucket }) => bucket,
  "aws:s3/bucketPolicy:BucketPolicy": ({ bucket }) => bucket,
  "aws:s3/bucketVersioning:BucketVersioning": ({ bucket }) => bucket,
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ({ bucket }) => bucket,
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": ({
    bucket,
  }) => bucket,
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ({ bucket }) => bucket,
  "aws:ecr/repository:Repository": ({ name }) => name,
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": ({ repository }) => repository,
  "aws:eks/cluster:Cluster": ({ name }) => name,
  "aws:eks/nodeGroup:NodeGroup": ({ clusterName, nodeGroupName }) =>
    `${clusterName}:${nodeGroupName}`,
  "aws:eks/addon:Addon": ({ clusterName, addonName }) => `${clusterName}:${addonName}`,
  "aws:eks/accessEntry:AccessEntry": ({ clusterName, principalArn }) =>
    `${clusterName}:${principalArn}`,
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": ({
    clusterName,
    principalArn,
    policyArn,
  }) => `${clusterName}#${principalArn}#${policyArn}`,
  "docker:index/image:Image": ({ imageName }) => imageName,
  "kubernetes:helm.sh/v3:Release": ({ namespace, name }) => `${namespace ?? "default"}/${name}`,
};

/** The identifier that the provider gives a new thing; by name where AWS has names only. */
export function identityOf(type: string, inputs: Props, world: World): string {
  const name = names[type];
  if (name) return name(inputs, world);
  if (type.startsWith("kubernetes:")) {
    const { name, namespace } = inputs.metadata;
    return namespaced(type) ? `${namespace ?? "default"}/${name}` : name;
  }
  const prefix = prefixes[type];
  if (prefix) return world.hexId(prefix);
  return createHash("sha256").update(`${type} ${world.serial()}`).digest("hex").slice(0, 32);
}

/** What AWS or Kubernetes says when the name is taken. */
/** What AWS puts in the place of what has its identifier: its second creation succeeds. */
export const putTypes = new Set([
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
  "aws:ecr/lifecyclePolicy:LifecyclePolicy",
]);

export function takenError(type: string): string {
  if (type.startsWith("kubernetes:")) return "AlreadyExists";
  if (type.startsWith("aws:iam/")) return "EntityAlreadyExists";
  if (type === "aws:ecr/repository:Repository") return "RepositoryAlreadyExistsException";
  if (type === "aws:route53/record:Record") return "InvalidChangeBatch";
  if (type.startsWith("aws:eks/")) return "ResourceInUseException";
  return "ResourceAlreadyExistsException";
}

export function takenReason(type: string, id: string): string {
  if (type === "aws:eks/accessEntry:AccessEntry") {
    return "The specified access entry resource is already in use on this cluster.";
  }
  return type === "aws:cloudwatch/logGroup:LogGroup"
    ? "The specified log group already exists"
    : `${id} already exists`;
}
