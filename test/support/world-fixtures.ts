import { Clock } from "../../tools/rehearsal/world/clock.ts";
import { create, remove, update } from "../../tools/rehearsal/world/cloud.ts";
import { identityOf } from "../../tools/rehearsal/world/identities.ts";
import { outputsOf } from "../../tools/rehearsal/world/outputs.ts";
import { grantAdmin } from "../../tools/rehearsal/world/rules/cluster-rules.ts";
import { startNodes } from "../../tools/rehearsal/world/rules/node-rules.ts";
import type { CloudResource, Props } from "../../tools/rehearsal/world/world.ts";
import { World } from "../../tools/rehearsal/world/world.ts";

export const types = {
  vpc: "aws:ec2/vpc:Vpc",
  gateway: "aws:ec2/internetGateway:InternetGateway",
  subnet: "aws:ec2/subnet:Subnet",
  table: "aws:ec2/routeTable:RouteTable",
  association: "aws:ec2/routeTableAssociation:RouteTableAssociation",
  route: "aws:ec2/route:Route",
  nat: "aws:ec2/natGateway:NatGateway",
  group: "aws:ec2/securityGroup:SecurityGroup",
  scalingGroup: "aws:autoscaling/group:Group",
  template: "aws:ec2/launchTemplate:LaunchTemplate",
  address: "aws:ec2/eip:Eip",
  instance_: "aws:ec2/instance:Instance",
  interface: "aws:ec2/networkInterface:NetworkInterface",
  flowLog: "aws:ec2/flowLog:FlowLog",
  role: "aws:iam/role:Role",
  policy: "aws:iam/policy:Policy",
  instanceProfile: "aws:iam/instanceProfile:InstanceProfile",
  rolePolicy: "aws:iam/rolePolicy:RolePolicy",
  attachment: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  identityProvider: "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
  logGroup: "aws:cloudwatch/logGroup:LogGroup",
  metricFilter: "aws:cloudwatch/logMetricFilter:LogMetricFilter",
  alarm: "aws:cloudwatch/metricAlarm:MetricAlarm",
  repository: "aws:ecr/repository:Repository",
  image: "docker:index/image:Image",
  pushed: "aws:ecr/image:Image",
  cluster: "aws:eks/cluster:Cluster",
  nodes: "aws:eks/nodeGroup:NodeGroup",
  addon: "aws:eks/addon:Addon",
  entry: "aws:eks/accessEntry:AccessEntry",
  association_: "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
  release: "kubernetes:helm.sh/v3:Release",
  namespace: "kubernetes:core/v1:Namespace",
  priorityClass: "kubernetes:scheduling.k8s.io/v1:PriorityClass",
  account: "kubernetes:core/v1:ServiceAccount",
  ingress: "kubernetes:networking.k8s.io/v1:Ingress",
  deployment: "kubernetes:apps/v1:Deployment",
  autoscaler: "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
  budget: "kubernetes:policy/v1:PodDisruptionBudget",
  nodePool: "kubernetes:karpenter.sh/v1:NodePool",
  nodeClass: "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass",
  autoClass: "kubernetes:eks.amazonaws.com/v1:NodeClass",
  scaled: "kubernetes:keda.sh/v1alpha1:ScaledObject",
  authentication: "kubernetes:keda.sh/v1alpha1:TriggerAuthentication",
  balancer: "aws:lb/loadBalancer:LoadBalancer",
  certificate: "aws:acm/certificate:Certificate",
  validation: "aws:acm/certificateValidation:CertificateValidation",
  record: "aws:route53/record:Record",
  acl: "aws:wafv2/webAcl:WebAcl",
  aclLogging: "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
  keyPolicy: "aws:kms/keyPolicy:KeyPolicy",
  bucket: "aws:s3/bucket:Bucket",
  bucketPolicy: "aws:s3/bucketPolicy:BucketPolicy",
  lifecycle: "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
  dynamodb: "aws:dynamodb/table:Table",
  secret: "aws:secretsmanager/secret:Secret",
  queue: "aws:sqs/queue:Queue",
  queuePolicy: "aws:sqs/queuePolicy:QueuePolicy",
  eventRule: "aws:cloudwatch/eventRule:EventRule",
  eventTarget: "aws:cloudwatch/eventTarget:EventTarget",
  topic: "aws:sns/topic:Topic",
  topicPolicy: "aws:sns/topicPolicy:TopicPolicy",
  subscription: "aws:sns/topicSubscription:TopicSubscription",
  database: "aws:rds/cluster:Cluster",
  instance: "aws:rds/clusterInstance:ClusterInstance",
  subnetGroup: "aws:rds/subnetGroup:SubnetGroup",
  parameterGroup: "aws:rds/clusterParameterGroup:ClusterParameterGroup",
  rotation: "aws:secretsmanager/secretRotation:SecretRotation",
  cache: "aws:elasticache/serverlessCache:ServerlessCache",
  groupRule: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
  wayOutRule: "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
  fileSystem: "aws:efs/fileSystem:FileSystem",
  accessPoint: "aws:efs/accessPoint:AccessPoint",
  fileSystemPolicy: "aws:efs/fileSystemPolicy:FileSystemPolicy",
  mountTarget: "aws:efs/mountTarget:MountTarget",
  volume: "kubernetes:core/v1:PersistentVolume",
  claim: "kubernetes:core/v1:PersistentVolumeClaim",
  vault: "aws:backup/vault:Vault",
  backupPlan: "aws:backup/plan:Plan",
  selection: "aws:backup/selection:Selection",
  schedule: "aws:scheduler/schedule:Schedule",
  muteRule: "aws:cloudwatch/alarmMuteRule:AlarmMuteRule",
} as const;

export const policyOf = (statement: Props) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });

/** A trust policy for a service of AWS. */
export const trusts = (service: string) =>
  policyOf({ Action: "sts:AssumeRole", Principal: { Service: `${service}.amazonaws.com` } });

/** An empty world without an engine, and functions to change it. */
export function emptyWorld() {
  const world = new World({ clock: new Clock(0) });
  const request = (type: string, name: string, timeout = 0) => ({
    type,
    name,
    urn: `urn:${type}::${name}`,
    caller: { cluster: "platform" },
    timeout,
  });
  return {
    world,
    /** Adds a resource without rules or duration. */
    put(type: string, inputs: Props, name = "given"): CloudResource {
      const id = identityOf(type, inputs, world);
      const { caller, urn } = request(type, name);
      const outputs = outputsOf(type, { world, id, inputs, caller });
      const cluster = type.startsWith("kubernetes:") ? caller.cluster : undefined;
      return world.add({ type, id, name, urn, inputs, outputs, cluster, status: "ready" });
    },
    create: (type: string, inputs: Props, name = "new") =>
      world.clock.work(() => create(world, request(type, name), inputs)),
    update: ({ type, name, id, inputs }: CloudResource, changes: Props) =>
      world.clock.work(() =>
        update(world, request(type, name), id, { ...structuredClone(inputs), ...changes }),
      ),
    remove: ({ type, name, id }: CloudResource) =>
      world.clock.work(() => remove(world, request(type, name), id)),
  };
}

export type Given = ReturnType<typeof platform>;

/** A cluster with the requirements of an Ingress and a Deployment, in a VPC of two zones. */
export function platform() {
  const given = emptyWorld();
  const { world, put } = given;
  const vpc = put(types.vpc, { cidrBlock: "10.0.0.0/16" });
  const vpcId = vpc.id;
  const gateway = put(types.gateway, { vpcId });
  const zones = ["a", "b"].map((zone, at) => {
    const subnet = (cidrBlock: string, tag: string, through: Props) => {
      const { id } = put(types.subnet, {
        vpcId,
        cidrBlock,
        availabilityZone: `eu-central-1${zone}`,
        tags: { [`kubernetes.io/role/${tag}`]: "1" },
      });
      const table = put(types.table, { vpcId });
      put(types.association, { subnetId: id, routeTableId: table.id });
      put(types.route, {
        routeTableId: table.id,
        destinationCidrBlock: "0.0.0.0/0",
        ...through,
      });
      return id;
    };
    const outer = subnet(`10.0.${240 + at}.0/24`, "elb", { gatewayId: gateway.id });
    const nat = put(types.nat, { subnetId: outer });
    const inner = subnet(`10.0.${16 * at}.0/20`, "internal-elb", { natGatewayId: nat.id });
    return { outer, inner, nat };
  });
  const inner = zones.map((zone) => zone.inner);

  const role = (name: string, assumeRolePolicy: string) =>
    put(types.role, { name, assumeRolePolicy }, name);
  const attach = (to: CloudResource, policy: string) =>
    put(types.attachment, {
      role: to.id,
      policyArn: `arn:aws:iam::aws:policy/${policy}`,
    });
  const clusterRole = role("cluster", trusts("eks"));
  const cluster = put(types.cluster, {
    name: "platform",
    version: "1.35",
    roleArn: clusterRole.outputs.arn,
    vpcConfig: { subnetIds: zones.flatMap((zone) => [zone.outer, zone.inner]) },
    bootstrapSelfManagedAddons: false,
    enabledClusterLogTypes: ["api"],
  });
  grantAdmin(world, "platform");
  const issuer: string = cluster.outputs.identities[0].oidcs[0].issuer;
  const identityProvider = put(types.identityProvider, {
    url: issuer,
    clientIdLists: ["sts.amazonaws.com"],
  });
  const irsaTrust = (sub: string, aud = "sts.amazonaws.com") =>
    policyOf({
      Action: "sts:AssumeRoleWithWebIdentity",
      Principal: { Federated: identityProvider.id },
      Condition: {
        StringEquals: {
          [`${issuer.replace("https://", "")}:sub`]: `system:serviceaccount:${sub}`,
          [`${issuer.replace("https://", "")}:aud`]: aud,
        },
      },
    });

  const cniRole = role("cni", irsaTrust("kube-system:aws-node"));
  attach(cniRole, "AmazonEKS_CNI_Policy");
  const addon = (addonName: string, more: Props = {}) =>
    put(types.addon, { clusterName: "platform", addonName, ...more }, addonName);
  const cni = addon("vpc-cni", { serviceAccountRoleArn: cniRole.outputs.arn });
  const nodeRole = role("nodes", trusts("ec2"));
  attach(nodeRole, "AmazonEKSWorkerNodePolicy");
  attach(nodeRole, "AmazonEC2ContainerRegistryPullOnly");
  const nodes = put(types.nodes, {
    clusterName: "platform",
    nodeGroupName: "nodes",
    nodeRoleArn: nodeRole.outputs.arn,
    subnetIds: inner,
    version: "1.35",
    scalingConfig: { minSize: 2, desiredSize: 2, maxSize: 3 },
  });
  startNodes(world, nodes);
  const coredns = addon("coredns");

  const controllerRole = role("controller", irsaTrust("kube-system:controller"));
  const controllerPolicy = put(types.rolePolicy, {
    role: "controller",
    name: "controller",
    policy: policyOf({ Action: ["ec2:*", "elasticloadbalancing:*"], Resource: "*" }),
  });
  const release = put(
    types.release,
    {
      chart: "aws-load-balancer-controller",
      name: "controller",
      namespace: "kube-system",
      values: {
        clusterName: "platform",
        serviceAccount: {
          name: "controller",
          annotations: { "eks.amazonaws.com/role-arn": controllerRole.outputs.arn },
        },
      },
    },
    "controller",
  );

  const namespace = put(types.namespace, {
    metadata: {
      name: "web",
      labels: { "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" },
    },
  });
  const account = put(types.account, { metadata: { name: "web", namespace: "web" } });
  const repository = put(types.repository, { name: "web", imageTagMutability: "IMMUTABLE" });
  const image = `${repository.outputs.repositoryUrl}@sha256:${"0".repeat(64)}`;
  world.addUnmanaged(types.pushed, image, "docker push", "image", {
    url: repository.outputs.repositoryUrl,
    tag: "one",
    digest: image.split("@")[1],
  });

  return {
    ...given,
    vpc,
    gateway,
    zones,
    inner,
    cluster,
    identityProvider,
    irsaTrust,
    cniRole,
    cni,
    nodeRole,
    nodes,
    coredns,
    controllerRole,
    controllerPolicy,
    release,
    namespace,
    account,
    repository,
    image,
    ingress: {
      metadata: {
        name: "web",
        namespace: "web",
        annotations: { "alb.ingress.kubernetes.io/scheme": "internet-facing" },
      },
    } as Props,
    deployment: {
      metadata: { name: "web", namespace: "web" },
      spec: {
        replicas: 2,
        template: { spec: { serviceAccountName: "web", containers: [{ image }] } },
      },
    } as Props,
  };
}
