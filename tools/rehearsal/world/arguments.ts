import { durations } from "../../cloud/durations.ts";
import type { Props } from "./world.ts";

export interface Problem {
  property: string;
  reason: string;
}

/**
 * What must be given, by type: the required properties of the providers' schemas, as the SDKs'
 * typings have them.
 */
const required: Record<string, string[]> = {
  "aws:ec2/internetGateway:InternetGateway": [],
  "aws:ec2/subnet:Subnet": ["vpcId"],
  "aws:ec2/routeTable:RouteTable": ["vpcId"],
  "aws:ec2/routeTableAssociation:RouteTableAssociation": ["routeTableId"],
  "aws:ec2/route:Route": ["routeTableId"],
  "aws:ec2/vpcEndpoint:VpcEndpoint": ["vpcId"],
  "aws:ec2/securityGroupRule:SecurityGroupRule": [
    "fromPort",
    "protocol",
    "securityGroupId",
    "toPort",
    "type",
  ],
  "aws:ec2/flowLog:FlowLog": [],
  "aws:kms/keyPolicy:KeyPolicy": ["keyId", "policy"],
  "aws:iam/role:Role": ["assumeRolePolicy"],
  "aws:iam/policy:Policy": ["policy"],
  "aws:iam/rolePolicy:RolePolicy": ["role", "policy"],
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ["role", "policyArn"],
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": ["url", "clientIdLists"],
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": ["repository", "policy"],
  "aws:acm/certificateValidation:CertificateValidation": ["certificateArn"],
  "aws:route53/record:Record": ["zoneId", "name", "type"],
  "aws:wafv2/webAcl:WebAcl": ["scope", "defaultAction", "visibilityConfig"],
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": [
    "resourceArn",
    "logDestinationConfigs",
  ],
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": ["policyDocument"],
  "aws:s3/bucketPolicy:BucketPolicy": ["bucket", "policy"],
  "aws:s3/bucketVersioning:BucketVersioning": ["bucket", "versioningConfiguration"],
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ["bucket"],
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": [
    "bucket",
    "rules",
  ],
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ["bucket"],
  "aws:eks/cluster:Cluster": ["roleArn", "vpcConfig"],
  "aws:eks/nodeGroup:NodeGroup": ["clusterName", "nodeRoleArn", "scalingConfig", "subnetIds"],
  "aws:eks/addon:Addon": ["clusterName", "addonName"],
  "aws:eks/accessEntry:AccessEntry": ["clusterName", "principalArn"],
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": [
    "clusterName",
    "principalArn",
    "policyArn",
    "accessScope",
  ],
  "aws:cloudwatch/metricAlarm:MetricAlarm": ["comparisonOperator", "evaluationPeriods"],
  "aws:cloudwatch/dashboard:Dashboard": ["dashboardName", "dashboardBody"],
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": ["alarmName", "alarmRule"],
  "aws:cloudwatch/queryDefinition:QueryDefinition": ["queryString"],
  "aws:cloudwatch/eventTarget:EventTarget": ["rule", "arn"],
  "aws:sns/topicPolicy:TopicPolicy": ["arn", "policy"],
  "aws:sns/topicSubscription:TopicSubscription": ["topic", "protocol", "endpoint"],
  "docker:index/image:Image": ["imageName"],
  "kubernetes:helm.sh/v3:Release": ["chart"],
};

interface Format {
  property: string;
  pattern: RegExp;
  /** As the provider or AWS says it. */
  message: string;
}

/** What names may look like: AWS's API references, and errors seen with the released provider. */
const formats: Record<string, Format[]> = {
  "aws:ec2/securityGroup:SecurityGroup": [
    {
      property: "name",
      pattern: /^(?!sg-).{1,255}$/s,
      message: "invalid value for name (cannot begin with sg-)",
    },
  ],
  "aws:iam/role:Role": [
    {
      property: "name",
      pattern: /^[\w+=,.@-]{1,64}$/,
      message: "name must be 1 to 64 letters, digits or +=,.@_-",
    },
    { property: "description", pattern: /^[\s\S]{0,1000}$/, message: "at most 1000 characters" },
  ],
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": [
    { property: "url", pattern: /^https:\/\//, message: "expected url to have a https scheme" },
  ],
  "aws:cloudwatch/logGroup:LogGroup": [
    {
      property: "name",
      pattern: /^[.\-_/#A-Za-z0-9]{1,512}$/,
      message: "must be 1 to 512 of a-zA-Z0-9 and _-/.#",
    },
  ],
  "aws:ecr/repository:Repository": [
    {
      property: "name",
      pattern: /^(?=.{2,256}$)[a-z0-9]+([._/-][a-z0-9]+)*$/,
      message: "invalid repository name: lower case, 2 to 256 characters",
    },
  ],
  "aws:eks/cluster:Cluster": [
    {
      property: "name",
      pattern: /^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/,
      message: "must be 1 to 100 of letters, digits, - and _, beginning with one of the first two",
    },
  ],
  "aws:eks/addon:Addon": [
    {
      property: "addonVersion",
      pattern: /^v\d+\.\d+\.\d+-eksbuild\.\d+$/,
      message: "must be a version such as v1.2.3-eksbuild.1",
    },
  ],
  "aws:kms/alias:Alias": [
    {
      property: "name",
      pattern: /^alias\/(?!aws\/)[\w/-]+$/,
      message: "must begin with alias/ and not with alias/aws/",
    },
  ],
};

/** The property that the provider fills in with a name of its own, and the length it may have. */
const autonamed: Record<string, { property: string; maxLength: number; lowerCase?: boolean }> = {
  "aws:ec2/securityGroup:SecurityGroup": { property: "name", maxLength: 255 },
  "aws:ec2/launchTemplate:LaunchTemplate": { property: "name", maxLength: 125 },
  "aws:iam/role:Role": { property: "name", maxLength: 64 },
  "aws:iam/policy:Policy": { property: "name", maxLength: 128 },
  "aws:iam/rolePolicy:RolePolicy": { property: "name", maxLength: 128 },
  "aws:cloudwatch/logGroup:LogGroup": { property: "name", maxLength: 512 },
  "aws:cloudwatch/metricAlarm:MetricAlarm": { property: "name", maxLength: 255 },
  "aws:cloudwatch/queryDefinition:QueryDefinition": { property: "name", maxLength: 255 },
  "aws:cloudwatch/eventRule:EventRule": { property: "name", maxLength: 64 },
  "aws:sns/topic:Topic": { property: "name", maxLength: 256 },
  "aws:ecr/repository:Repository": { property: "name", maxLength: 256, lowerCase: true },
  "aws:wafv2/webAcl:WebAcl": { property: "name", maxLength: 128 },
  "aws:s3/bucket:Bucket": { property: "bucket", maxLength: 63, lowerCase: true },
  "aws:eks/cluster:Cluster": { property: "name", maxLength: 100 },
  "aws:eks/nodeGroup:NodeGroup": { property: "nodeGroupName", maxLength: 63 },
};

/** What is wrong with the inputs, or that the type is unknown; values that are not known yet are not judged. */
export function problemsOf(type: string, inputs: Props): Problem[] {
  if (!durations[type]) {
    const reason = `the simulated cloud does not know ${type}: add it to tools/cloud/durations.ts, and what is particular to it to tools/cloud/replacements.ts and, in tools/rehearsal/world, to arguments.ts, identities.ts and outputs.ts`;
    return [{ property: "", reason }];
  }
  const missing = (required[type] ?? [])
    .filter((property) => inputs[property] === undefined)
    .map((property) => ({ property, reason: `Missing required argument "${property}"` }));
  const malformed = (formats[type] ?? [])
    .filter(({ property, pattern }) => {
      const value = inputs[property];
      return typeof value === "string" && value !== unknown && !pattern.test(value);
    })
    .map(({ property, message }) => ({
      property,
      reason: `expected "${property}" to be valid, got ${JSON.stringify(inputs[property])}: ${message}`,
    }));
  return [...missing, ...malformed];
}

/** The engine's sign for a value that is known only after the update. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function isUnknown(value: unknown): boolean {
  if (value === unknown) return true;
  if (Array.isArray(value)) return value.some(isUnknown);
  return typeof value === "object" && value !== null && Object.values(value).some(isUnknown);
}

/** The inputs with a name: the one given, the one it had, or a new one from the seed. */
export function withName(
  type: string,
  logicalName: string,
  inputs: Props,
  olds: Props | undefined,
  seed: Uint8Array,
): Props {
  const suffix = Buffer.from(seed).toString("hex").padEnd(8, "0");
  if (type.startsWith("kubernetes:") && !type.startsWith("kubernetes:helm")) {
    const metadata = inputs.metadata ?? {};
    if (metadata.name !== undefined || metadata.generateName !== undefined) return inputs;
    const name = olds?.metadata?.name ?? `${logicalName}-${suffix.slice(0, 8)}`;
    return { ...inputs, metadata: { ...metadata, name } };
  }
  const rule = type === "kubernetes:helm.sh/v3:Release" ? helmName : autonamed[type];
  if (!rule || inputs[rule.property] !== undefined || inputs.namePrefix !== undefined) {
    return inputs;
  }
  const stem = logicalName.slice(0, rule.maxLength - 8);
  const made = `${rule.lowerCase ? stem.toLowerCase() : stem}-${suffix.slice(0, 7)}`;
  return { ...inputs, [rule.property]: olds?.[rule.property] ?? made };
}

const helmName: { property: string; maxLength: number; lowerCase?: boolean } = {
  property: "name",
  maxLength: 53,
};
