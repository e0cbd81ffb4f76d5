/**
 * The arguments whose change makes a new resource: what the providers' schemas mark as forcing
 * replacement (hashicorp/terraform-provider-aws `ForceNew`, pulumi-kubernetes `forceNew` of each
 * kind, which has none of a custom resource's). `*` stands for one key. An argument that is not listed is updated in place.
 */
export const replacements: Record<string, string[]> = {
  "aws:ec2/vpc:Vpc": ["cidrBlock", "ipv4IpamPoolId"],
  "aws:ec2/subnet:Subnet": ["vpcId", "availabilityZone", "cidrBlock"],
  "aws:ec2/routeTable:RouteTable": ["vpcId"],
  "aws:ec2/routeTableAssociation:RouteTableAssociation": ["subnetId", "gatewayId"],
  "aws:ec2/route:Route": ["routeTableId", "destinationCidrBlock"],
  "aws:ec2/eip:Eip": ["domain"],
  "aws:ec2/natGateway:NatGateway": ["allocationId", "subnetId", "connectivityType"],
  "aws:ec2/vpcEndpoint:VpcEndpoint": ["vpcId", "serviceName", "vpcEndpointType"],
  "aws:ec2/securityGroup:SecurityGroup": ["vpcId", "name", "description"],
  "aws:ec2/securityGroupRule:SecurityGroupRule": ["*"],
  "aws:ec2/flowLog:FlowLog": [
    "vpcId",
    "trafficType",
    "logDestination",
    "iamRoleArn",
    "maxAggregationInterval",
    "logFormat",
  ],
  "aws:ec2/launchTemplate:LaunchTemplate": ["name"],
  "aws:iam/role:Role": ["name", "path"],
  "aws:iam/policy:Policy": ["name", "path", "description"],
  "aws:iam/rolePolicy:RolePolicy": ["name", "role"],
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ["role", "policyArn"],
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": ["url"],
  "aws:kms/key:Key": ["customerMasterKeySpec", "keyUsage", "multiRegion"],
  "aws:kms/alias:Alias": ["name"],
  "aws:kms/keyPolicy:KeyPolicy": ["keyId"],
  "aws:cloudwatch/logGroup:LogGroup": ["name", "logGroupClass"],
  "aws:cloudwatch/metricAlarm:MetricAlarm": ["name"],
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": ["alarmName"],
  "aws:cloudwatch/dashboard:Dashboard": ["dashboardName"],
  "aws:cloudwatch/eventRule:EventRule": ["name", "eventBusName"],
  "aws:cloudwatch/eventTarget:EventTarget": ["rule", "targetId", "eventBusName"],
  "aws:sns/topic:Topic": ["name", "fifoTopic"],
  "aws:sns/topicSubscription:TopicSubscription": ["topic", "protocol", "endpoint"],
  "aws:acm/certificate:Certificate": [
    "domainName",
    "subjectAlternativeNames",
    "validationMethod",
    "keyAlgorithm",
  ],
  "aws:acm/certificateValidation:CertificateValidation": [
    "certificateArn",
    "validationRecordFqdns",
  ],
  "aws:route53/record:Record": ["zoneId", "name", "setIdentifier"],
  "aws:wafv2/webAcl:WebAcl": ["name", "scope"],
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": ["resourceArn"],
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": ["policyName", "resourceArn"],
  "aws:s3/bucket:Bucket": ["bucket", "bucketPrefix", "objectLockEnabled"],
  "aws:s3/bucketPolicy:BucketPolicy": ["bucket"],
  "aws:s3/bucketVersioning:BucketVersioning": ["bucket"],
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ["bucket"],
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": [
    "bucket",
  ],
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ["bucket"],
  "aws:ecr/repository:Repository": ["name", "encryptionConfigurations"],
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": ["repository", "policy"],
  "aws:eks/cluster:Cluster": [
    "name",
    "roleArn",
    "bootstrapSelfManagedAddons",
    "encryptionConfig.provider.keyArn",
    "kubernetesNetworkConfig.serviceIpv4Cidr",
    "kubernetesNetworkConfig.ipFamily",
  ],
  "aws:eks/nodeGroup:NodeGroup": [
    "clusterName",
    "nodeGroupName",
    "nodeRoleArn",
    "subnetIds",
    "amiType",
    "capacityType",
    "diskSize",
    "instanceTypes",
    "launchTemplate.id",
    "launchTemplate.name",
  ],
  "aws:eks/addon:Addon": ["clusterName", "addonName"],
  "aws:eks/accessEntry:AccessEntry": ["clusterName", "principalArn", "type"],
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": [
    "clusterName",
    "principalArn",
    "policyArn",
    "accessScope",
  ],
  "kubernetes:*": ["apiVersion", "kind", "metadata.name", "metadata.namespace"],
  "kubernetes:apps/v1:Deployment": ["spec.selector"],
  // A CronJob's runs follow its template: all of it changes in place.
  "kubernetes:batch/v1:Job": [
    "spec.completions",
    "spec.parallelism",
    "spec.selector",
    "spec.template",
  ],
  "kubernetes:core/v1:ConfigMap": ["data", "binaryData"],
  "kubernetes:core/v1:Secret": ["type", "data", "stringData"],
  "kubernetes:core/v1:Service": ["spec.clusterIP"],
  "kubernetes:helm.sh/v3:Release": ["name", "namespace"],
};

/**
 * Whether a change at this path forces a replacement. The path is of keys joined by dots; list
 * indices are written as `[0]` and do not count.
 */
export function forcesReplacement(type: string, path: string): boolean {
  const keys = path.replaceAll(/\[\d+\]/g, "").split(".");
  const tables = [
    ...(replacements[type] ?? []),
    ...(type.startsWith("kubernetes:") && !type.startsWith("kubernetes:helm")
      ? (replacements["kubernetes:*"] ?? [])
      : []),
  ];
  return tables.some((entry) =>
    entry.split(".").every((key, at) => key === "*" || key === keys[at]),
  );
}
