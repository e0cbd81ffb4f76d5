/** Seconds that a call to the cloud takes; what the rehearsal's rules wait for comes on top. */
export interface Duration {
  create: number;
  update?: number;
  delete?: number;
}

const seconds = (create: number, update = create, remove = create): Duration => ({
  create,
  update,
  delete: remove,
});

/**
 * How long each type takes. Every type that a program may use is listed: one that is not is
 * refused, so that nothing is rehearsed that the simulated cloud does not know.
 *
 * AWS promises no durations. Sources: [1] Amazon EKS User Guide, "Create an Amazon EKS cluster"
 * ("several minutes"; eksctl's page says 10 to 15 with nodes); [2] apply logs quoted in issues of
 * terraform-aws-modules/terraform-aws-eks and in DevopsArtFactory/terraform-provisioning pull 46
 * (node group 1m48s to 1m59s, add-ons seconds to half a minute); [3] Elastic Load Balancing: a new
 * load balancer is `provisioning` for two to three minutes; [4] Amazon VPC User Guide: a NAT
 * gateway is `pending` for a minute or two; interface endpoints likewise; [5] Kubernetes objects
 * and IAM: one API call.
 */
export const durations: Record<string, Duration> = {
  // [4]
  "aws:ec2/vpc:Vpc": seconds(12, 2, 1),
  "aws:ec2/internetGateway:InternetGateway": seconds(1, 1, 10),
  "aws:ec2/subnet:Subnet": seconds(11, 1, 1),
  "aws:ec2/routeTable:RouteTable": seconds(1),
  "aws:ec2/routeTableAssociation:RouteTableAssociation": seconds(1),
  "aws:ec2/route:Route": seconds(1),
  "aws:ec2/eip:Eip": seconds(2),
  "aws:ec2/natGateway:NatGateway": seconds(105, 2, 60),
  "aws:ec2/vpcEndpoint:VpcEndpoint": seconds(60, 30, 60),
  "aws:ec2/securityGroup:SecurityGroup": seconds(3),
  "aws:ec2/securityGroupRule:SecurityGroupRule": seconds(1),
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": seconds(1),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": seconds(1),
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": seconds(2, 2, 0),
  "aws:ec2/flowLog:FlowLog": seconds(2),
  "aws:ec2/launchTemplate:LaunchTemplate": seconds(1),
  // [5]
  "aws:iam/role:Role": seconds(2),
  "aws:iam/policy:Policy": seconds(1),
  "aws:iam/rolePolicy:RolePolicy": seconds(1),
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": seconds(1),
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": seconds(1),
  "aws:kms/key:Key": seconds(10, 2, 1),
  "aws:kms/alias:Alias": seconds(1),
  "aws:kms/keyPolicy:KeyPolicy": seconds(1),
  "aws:cloudwatch/logGroup:LogGroup": seconds(1),
  "aws:cloudwatch/metricAlarm:MetricAlarm": seconds(1),
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": seconds(1),
  "aws:cloudwatch/dashboard:Dashboard": seconds(1),
  "aws:cloudwatch/queryDefinition:QueryDefinition": seconds(1),
  "aws:cloudwatch/eventRule:EventRule": seconds(1),
  "aws:cloudwatch/eventTarget:EventTarget": seconds(1),
  "aws:sns/topic:Topic": seconds(1),
  "aws:sns/topicPolicy:TopicPolicy": seconds(1),
  "aws:sns/topicSubscription:TopicSubscription": seconds(1),
  "aws:acm/certificate:Certificate": seconds(3),
  // "Can take several minutes" after the records are there (ACM User Guide)
  "aws:acm/certificateValidation:CertificateValidation": seconds(90, 0, 0),
  // Route 53 waits until all its servers have a change, "typically within 60 seconds"
  "aws:route53/record:Record": seconds(40),
  "aws:wafv2/webAcl:WebAcl": seconds(3),
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": seconds(1),
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": seconds(1),
  "aws:s3/bucket:Bucket": seconds(3),
  "aws:s3/bucketPolicy:BucketPolicy": seconds(1),
  "aws:s3/bucketVersioning:BucketVersioning": seconds(1),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": seconds(1),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration":
    seconds(1),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": seconds(30, 30, 1),
  "aws:ecr/repository:Repository": seconds(1),
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": seconds(1),
  // [1] [2]; an update of the version takes longer: see waits
  "aws:eks/cluster:Cluster": seconds(540, 60, 150),
  "aws:eks/nodeGroup:NodeGroup": seconds(115, 15, 180),
  "aws:eks/addon:Addon": seconds(20, 30, 10),
  "aws:eks/accessEntry:AccessEntry": seconds(1),
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": seconds(1),
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": seconds(1),
  // A build of a small Node.js service, and its push
  "docker:index/image:Image": seconds(90, 90, 0),
  // [5]; what they wait for are rules
  "kubernetes:core/v1:Namespace": seconds(1, 1, 6),
  "kubernetes:core/v1:ResourceQuota": seconds(1),
  "kubernetes:core/v1:LimitRange": seconds(1),
  "kubernetes:core/v1:ServiceAccount": seconds(1),
  "kubernetes:core/v1:ConfigMap": seconds(1),
  "kubernetes:core/v1:Secret": seconds(1),
  "kubernetes:core/v1:Service": seconds(1),
  "kubernetes:apps/v1:Deployment": seconds(1, 1, 1),
  "kubernetes:batch/v1:Job": seconds(1),
  "kubernetes:batch/v1:CronJob": seconds(1),
  "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass": seconds(1),
  "kubernetes:policy/v1:PodDisruptionBudget": seconds(1),
  "kubernetes:scheduling.k8s.io/v1:PriorityClass": seconds(1),
  "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": seconds(1),
  "kubernetes:keda.sh/v1alpha1:ScaledObject": seconds(1),
  "kubernetes:keda.sh/v1alpha1:TriggerAuthentication": seconds(1),
  "kubernetes:networking.k8s.io/v1:NetworkPolicy": seconds(1),
  "kubernetes:networking.k8s.io/v1:Ingress": seconds(2),
  "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy": seconds(1),
  "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding": seconds(1),
  "kubernetes:helm.sh/v3:Release": seconds(8, 8, 5),
};

/** Waits that belong to no call of ours. */
export const waits = {
  /** The control plane moves to the next minor version in about ten minutes [1]. */
  controlPlaneVersion: 540,
  /** From the autoscaler's request until a node is ready [2]. */
  nodeStart: 115,
  /** A managed node group replaces one node: a new one joins, the old one is drained [1]. */
  nodeReplaced: 150,
  /** From the controller's call until the load balancer is active [3]. */
  loadBalancerActive: 150,
  /** Until the network interfaces of a deleted load balancer are gone [3]. */
  loadBalancerInterfacesGone: 60,
  /** Pull of an image of ~60 MB and start of a container. */
  podStart: 12,
  /** A short job, such as a migration. */
  jobRun: 20,
  /** A pod that has ended is taken out of the target group and has served its drain. */
  podDrain: 60,
  /** Two health checks of the load balancer find a new pod healthy. */
  targetHealthy: 20,
  /** The controllers' reaction to a change of an object. */
  reconcile: 3,
};

/**
 * Seconds until the pods of a service have left their nodes. Its disruption budget lets one go at a
 * time, until its replacement is healthy; the last one has its whole grace period.
 */
export function evictionSeconds(pods: number, graceSeconds: number): number {
  return pods * (waits.podStart + waits.targetHealthy) + graceSeconds;
}
