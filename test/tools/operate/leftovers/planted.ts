import {
  CreateAutoScalingGroupCommand,
  DescribeAutoScalingGroupsCommand,
} from "@aws-sdk/client-auto-scaling";
import { CreateLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  AllocateAddressCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateLaunchTemplateCommand,
  CreateNatGatewayCommand,
  CreateNetworkInterfaceCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSnapshotCommand,
  CreateSubnetCommand,
  CreateVolumeCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DescribeImagesCommand,
  type ResourceType,
} from "@aws-sdk/client-ec2";
import { CreateRepositoryCommand } from "@aws-sdk/client-ecr";
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { CreateOpenIDConnectProviderCommand } from "@aws-sdk/client-iam";
import { CreateKeyCommand, ScheduleKeyDeletionCommand } from "@aws-sdk/client-kms";
import { CreateSecretCommand } from "@aws-sdk/client-secrets-manager";
import type { Cloud } from "../../../../tools/operate/leftovers/kind.ts";
import type { Tags } from "../../../../tools/operate/leftovers/ownership.ts";

export const ofProgram = (stack = "dev"): Tags => ({
  ...{ project: "platform", stack, environment: "development", "managed-by": "pulumi" },
});
export const ofController = (cluster: string): Tags => ({
  "elbv2.k8s.aws/cluster": cluster,
  "ingress.k8s.aws/stack": "platform",
  "ingress.k8s.aws/resource": "LoadBalancer",
});
export const ofEks = (cluster: string): Tags => ({
  "aws:eks:cluster-name": cluster,
  [`kubernetes.io/cluster/${cluster}`]: "owned",
});
export const ofCni = (cluster: string): Tags => ({
  "cluster.k8s.amazonaws.com/name": cluster,
  "eks:eni:owner": "amazon-vpc-cni",
  "node.k8s.amazonaws.com/instance_id": "i-0123456789abcdef0",
});
export const ofCsi = (cluster: string): Tags => ({
  "ebs.csi.aws.com/cluster": "true",
  CSIVolumeName: "pvc-a3ab0567-3a48-4608-8cb6-4e3b1485c808",
  KubernetesCluster: cluster,
  [`kubernetes.io/cluster/${cluster}`]: "owned",
  "kubernetes.io/created-for/pvc/name": "data",
});

const asList = (tags: Tags) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** Calls that make things with tags. Each returns what AWS calls the thing. */
export function planter({ autoScaling, ec2, ecr, elb, iam, kms, logs, secrets, region }: Cloud) {
  const tagged = (ResourceType: ResourceType, tags: Tags) =>
    Object.keys(tags).length > 0
      ? { TagSpecifications: [{ ResourceType, Tags: asList(tags) }] }
      : {};
  return {
    async network(tags: Tags) {
      const { Vpc } = await ec2.send(
        new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", ...tagged("vpc", tags) }),
      );
      const VpcId = Vpc?.VpcId ?? "";
      const subnets: string[] = [];
      for (const zone of ["a", "b"]) {
        const { Subnet } = await ec2.send(
          new CreateSubnetCommand({
            ...{ VpcId, AvailabilityZone: `${region}${zone}` },
            CidrBlock: `10.0.${subnets.length}.0/24`,
            ...tagged("subnet", tags),
          }),
        );
        subnets.push(Subnet?.SubnetId ?? "");
      }
      const { InternetGateway } = await ec2.send(
        new CreateInternetGatewayCommand(tagged("internet-gateway", tags)),
      );
      const InternetGatewayId = InternetGateway?.InternetGatewayId ?? "";
      await ec2.send(new AttachInternetGatewayCommand({ VpcId, InternetGatewayId }));
      const { RouteTable } = await ec2.send(
        new CreateRouteTableCommand({ VpcId, ...tagged("route-table", tags) }),
      );
      return { vpc: VpcId, subnets, rest: [InternetGatewayId, RouteTable?.RouteTableId ?? ""] };
    },
    async nat(SubnetId: string, tags: Tags) {
      const { AllocationId = "" } = await ec2.send(
        new AllocateAddressCommand({ Domain: "vpc", ...tagged("elastic-ip", tags) }),
      );
      const { NatGateway } = await ec2.send(
        new CreateNatGatewayCommand({ SubnetId, AllocationId, ...tagged("natgateway", tags) }),
      );
      return [AllocationId, NatGateway?.NatGatewayId ?? ""];
    },
    async endpoint(VpcId: string, SubnetIds: string[], tags: Tags) {
      const { VpcEndpoint } = await ec2.send(
        new CreateVpcEndpointCommand({
          ...{ VpcId, SubnetIds, VpcEndpointType: "Interface" },
          ServiceName: `com.amazonaws.${region}.ecr.api`,
          ...tagged("vpc-endpoint", tags),
        }),
      );
      return VpcEndpoint?.VpcEndpointId ?? "";
    },
    async securityGroup(VpcId: string, GroupName: string, tags: Tags) {
      const ask = { VpcId, GroupName, Description: GroupName, ...tagged("security-group", tags) };
      const { GroupId = "" } = await ec2.send(new CreateSecurityGroupCommand(ask));
      return GroupId;
    },
    async admit(GroupId: string, from: string) {
      const pair = { IpProtocol: "tcp", FromPort: 80, ToPort: 80 };
      const IpPermissions = [{ ...pair, UserIdGroupPairs: [{ GroupId: from }] }];
      await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    },
    async interface(SubnetId: string, group: string, tags: Tags) {
      const { NetworkInterface } = await ec2.send(
        new CreateNetworkInterfaceCommand({
          ...{ SubnetId, Groups: [group], Description: "aws-K8S-i-0123456789abcdef0" },
          ...tagged("network-interface", tags),
        }),
      );
      return NetworkInterface?.NetworkInterfaceId ?? "";
    },
    async loadBalancer(Name: string, Subnets: string[], group: string, tags: Tags) {
      const { LoadBalancers = [] } = await elb.send(
        new CreateLoadBalancerCommand({
          ...{ Name, Subnets, SecurityGroups: [group], Scheme: "internet-facing" },
          Tags: asList(tags),
        }),
      );
      return LoadBalancers[0]?.LoadBalancerArn ?? "";
    },
    async targetGroup(Name: string, VpcId: string, tags: Tags, balancer?: string) {
      const { TargetGroups = [] } = await elb.send(
        new CreateTargetGroupCommand({
          ...{ Name, VpcId, Protocol: "HTTP", Port: 80, TargetType: "ip" },
          Tags: asList(tags),
        }),
      );
      const TargetGroupArn = TargetGroups[0]?.TargetGroupArn ?? "";
      if (balancer) {
        await elb.send(
          new CreateListenerCommand({
            ...{ LoadBalancerArn: balancer, Protocol: "HTTP", Port: 80 },
            DefaultActions: [{ Type: "forward", TargetGroupArn }],
          }),
        );
      }
      return TargetGroupArn;
    },
    /** An Auto Scaling group with one instance, and the launch template of both. */
    async nodes(name: string, SubnetId: string, tags: Tags) {
      const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ["amazon"] }));
      const { LaunchTemplate } = await ec2.send(
        new CreateLaunchTemplateCommand({
          LaunchTemplateName: name,
          LaunchTemplateData: { ImageId: Images[0]?.ImageId, InstanceType: "t4g.medium" },
          ...tagged("launch-template", tags),
        }),
      );
      const LaunchTemplateId = LaunchTemplate?.LaunchTemplateId ?? "";
      await autoScaling.send(
        new CreateAutoScalingGroupCommand({
          ...{ AutoScalingGroupName: name, MinSize: 1, MaxSize: 2, DesiredCapacity: 1 },
          LaunchTemplate: { LaunchTemplateId, Version: "$Latest" },
          VPCZoneIdentifier: SubnetId,
          Tags: asList(tags).map((one) => ({ ...one, PropagateAtLaunch: true })),
        }),
      );
      const { AutoScalingGroups = [] } = await autoScaling.send(
        new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }),
      );
      const ran = AutoScalingGroups.flatMap((one) => one.Instances ?? []);
      return [name, LaunchTemplateId, ...ran.map(({ InstanceId = "" }) => InstanceId)];
    },
    async volume(tags: Tags) {
      const { VolumeId = "" } = await ec2.send(
        new CreateVolumeCommand({
          ...{ AvailabilityZone: `${region}a`, Size: 20, VolumeType: "gp3" },
          ...tagged("volume", tags),
        }),
      );
      return VolumeId;
    },
    async snapshot(VolumeId: string, tags: Tags) {
      const ask = { VolumeId, ...tagged("snapshot", tags) };
      const { SnapshotId = "" } = await ec2.send(new CreateSnapshotCommand(ask));
      return SnapshotId;
    },
    async logGroup(logGroupName: string, tags: Tags = {}) {
      await logs.send(new CreateLogGroupCommand({ logGroupName, tags }));
      return logGroupName;
    },
    async repository(repositoryName: string, tags: Tags) {
      await ecr.send(new CreateRepositoryCommand({ repositoryName, tags: asList(tags) }));
      return repositoryName;
    },
    async identityProvider(tags: Tags) {
      const Url = `https://oidc.eks.${region}.amazonaws.com/id/${"A1".repeat(16)}`;
      const ask = { Url, ClientIDList: ["sts.amazonaws.com"], Tags: asList(tags) };
      const { OpenIDConnectProviderArn = "" } = await iam.send(
        new CreateOpenIDConnectProviderCommand(ask),
      );
      return OpenIDConnectProviderArn;
    },
    async key(tags: Tags) {
      const { KeyMetadata } = await kms.send(
        new CreateKeyCommand({
          Description: "Kubernetes secrets",
          Tags: Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
        }),
      );
      return KeyMetadata?.KeyId ?? "";
    },
    async waitingKey(tags: Tags) {
      const KeyId = await this.key(tags);
      await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
      return KeyId;
    },
    async secret(Name: string, tags: Tags) {
      const { ARN = "" } = await secrets.send(
        new CreateSecretCommand({ Name, SecretString: "x", Tags: asList(tags) }),
      );
      return ARN;
    },
  };
}
