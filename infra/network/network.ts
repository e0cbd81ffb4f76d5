import * as aws from "@pulumi/aws";
import * as ec2 from "@pulumi/awsx/ec2/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { IngressConfig, LogsConfig, NetworkConfig } from "../config/schema.ts";
import { blockOf, cidrOf } from "./cidr.ts";
import { Endpoints } from "./endpoints.ts";
import type { ExistingNetwork } from "./existing-network.ts";
import { NatGateways } from "./nat-gateways.ts";

/** A network of the program's own. */
export interface NetworkArgs extends Omit<NetworkConfig, "existing"> {
  region: string;
  logs: LogsConfig;
  /** Services of AWS that are reached through gateways of the VPC, which cost nothing. */
  gatewayEndpoints: ("s3" | "dynamodb")[];
  /** Tags of what does not inherit the provider's. */
  tags: Record<string, string>;
}

type Scheme = IngressConfig["scheme"];

/** Where everything of a stack runs. */
interface Surroundings {
  vpcId: pulumi.Output<string>;
  vpcArn: pulumi.Output<string>;
  publicSubnetIds: pulumi.Output<string[]>;
  privateSubnetIds: pulumi.Output<string[]>;
  privateCidrBlocks: string[];
  natGatewayIds: pulumi.Output<string[]>;
  loadBalancerSubnetIds?: Record<Scheme, string[]>;
  loadBalancerCidrBlocks: Record<Scheme, string[]>;
  logGroups: { flowLogs?: pulumi.Output<string> };
}

/**
 * The network of a stack: one that is there already, of which nothing is made, changed or deleted; or a VPC
 * of its own with three subnets a zone: a public one, a private one, and one for internal load balancers.
 *
 * Nodes and pods live in the private subnets. In a VPC of its own they reach AWS through NAT, or through
 * endpoints where one is declared or nothing else is there. No load balancer lives there, so pods can
 * admit its subnets and nobody else. Tags tell the load balancer controller which subnets are for load
 * balancers. All traffic is in the flow logs. The default security group admits nothing.
 */
export class Network extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly vpcArn: pulumi.Output<string>;
  readonly publicSubnetIds: pulumi.Output<string[]>;
  readonly privateSubnetIds: pulumi.Output<string[]>;
  /**
   * The private subnets of the first two zones. EKS refuses to change the zones of a control plane,
   * so a further zone must not reach it.
   */
  readonly controlPlaneSubnetIds: pulumi.Output<string[]>;
  /** The networks of the private subnets, in the order of the zones. */
  readonly privateCidrBlocks: string[];
  /** Those that the program makes. */
  readonly natGatewayIds: pulumi.Output<string[]>;
  /** The subnets of load balancers of each scheme. @default tags tell */
  readonly loadBalancerSubnetIds: Record<Scheme, string[]> | undefined;
  /** The networks of the subnets that load balancers of each scheme live in. */
  readonly loadBalancerCidrBlocks: Record<Scheme, string[]>;
  /** Of a network that is there already, its owner decides about flow logs. */
  readonly logGroups: { flowLogs?: pulumi.Output<string> };

  constructor(
    name: string,
    args: NetworkArgs | ExistingNetwork,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("platform:network:Network", name, {}, opts);
    const found =
      "vpcId" in args ? surroundingsOf(args) : makeNetwork(name, args, { parent: this });
    this.vpcId = found.vpcId;
    this.vpcArn = found.vpcArn;
    this.publicSubnetIds = found.publicSubnetIds;
    this.privateSubnetIds = found.privateSubnetIds;
    this.controlPlaneSubnetIds = found.privateSubnetIds.apply((ids) => ids.slice(0, 2));
    this.privateCidrBlocks = found.privateCidrBlocks;
    this.natGatewayIds = found.natGatewayIds;
    this.loadBalancerSubnetIds = found.loadBalancerSubnetIds;
    this.loadBalancerCidrBlocks = found.loadBalancerCidrBlocks;
    this.logGroups = found.logGroups;
    this.registerOutputs({ vpcId: this.vpcId });
  }
}

/** An internal load balancer lives in the private subnets: the settings name no others for it. */
function surroundingsOf(network: ExistingNetwork): Surroundings {
  const { publicSubnets, privateSubnets } = network;
  const each = <Key extends "id" | "cidrBlock">(key: Key) => ({
    "internet-facing": publicSubnets.map((one) => one[key]),
    internal: privateSubnets.map((one) => one[key]),
  });
  const ids = each("id");
  const cidrBlocks = each("cidrBlock");
  return {
    vpcId: pulumi.output(network.vpcId),
    vpcArn: pulumi.output(network.vpcArn),
    publicSubnetIds: pulumi.output(ids["internet-facing"]),
    privateSubnetIds: pulumi.output(ids.internal),
    privateCidrBlocks: cidrBlocks.internal,
    natGatewayIds: pulumi.output([]),
    loadBalancerSubnetIds: ids,
    loadBalancerCidrBlocks: cidrBlocks,
    logGroups: {},
  };
}

function makeNetwork(
  name: string,
  args: NetworkArgs,
  parent: { parent: pulumi.Resource },
): Surroundings {
  const blocks = subnetCidrBlocks(args.cidrBlock, args.zones.length);
  const vpc = new ec2.Vpc(name, vpcArgs(args, blocks), parent);
  const { vpcId, publicSubnetIds, privateSubnetIds } = vpc;
  const routeTableIds = routeTablesOf(vpc, privateSubnetIds);
  const { egress, cidrBlock, zones, natPerZone, tags } = args;
  const nat =
    egress === "none"
      ? undefined
      : new NatGateways(
          `${name}-nat`,
          {
            ...{ egress, vpcId, cidrBlock, zones, natPerZone, tags },
            publicSubnetIds,
            privateRouteTableIds: routeTableIds,
          },
          parent,
        );
  new Endpoints(
    `${name}-endpoints`,
    {
      region: args.region,
      vpcId,
      cidrBlock,
      gateways: args.gatewayEndpoints,
      routeTableIds,
      interfaces: args.interfaceEndpoints,
      subnetIds: privateSubnetIds,
    },
    parent,
  );
  new aws.ec2.DefaultSecurityGroup(
    `${name}-default-security-group`,
    { vpcId, ingress: [], egress: [] },
    parent,
  );
  const flowLogs = logTraffic(`${name}-flow-logs`, { vpcId, logs: args.logs }, parent);
  return {
    vpcId,
    vpcArn: vpc.vpc.arn,
    publicSubnetIds,
    privateSubnetIds,
    privateCidrBlocks: blocks.private,
    natGatewayIds: nat?.ids ?? pulumi.output([]),
    loadBalancerCidrBlocks: {
      "internet-facing": blocks.public,
      internal: blocks.internalLoadBalancer,
    },
    logGroups: { flowLogs: flowLogs.name },
  };
}

/** All traffic of the VPC, in a log group. */
function logTraffic(
  name: string,
  { vpcId, logs }: { vpcId: pulumi.Output<string>; logs: LogsConfig },
  parent: { parent: pulumi.Resource },
): aws.cloudwatch.LogGroup {
  const group = new aws.cloudwatch.LogGroup(
    name,
    { retentionInDays: logs.retentionDays, skipDestroy: logs.keepOnDestroy },
    parent,
  );
  const role = new aws.iam.Role(
    name,
    { assumeRolePolicy: trustOf("vpc-flow-logs.amazonaws.com") },
    parent,
  );
  const policy = new aws.iam.RolePolicy(
    name,
    { role: role.name, policy: flowLogsWriter(group.arn) },
    parent,
  );
  new aws.ec2.FlowLog(
    name,
    {
      vpcId,
      trafficType: "ALL",
      logDestination: group.arn,
      iamRoleArn: role.arn,
      maxAggregationInterval: 600,
    },
    { ...parent, dependsOn: policy },
  );
  return group;
}

const trustOf = (Service: string) => aws.iam.assumeRolePolicyForPrincipal({ Service });

type SubnetCidrBlocks = Record<"public" | "private" | "internalLoadBalancer", string[]>;

function vpcArgs(args: NetworkArgs, blocks: SubnetCidrBlocks): ec2.VpcArgs {
  return {
    cidrBlock: args.cidrBlock,
    availabilityZoneNames: args.zones,
    enableDnsHostnames: true,
    subnetStrategy: "Auto",
    subnetNameTagStrategy: "AvailabilityZone",
    subnetSpecs: [
      { type: "Public", cidrBlocks: blocks.public, tags: { "kubernetes.io/role/elb": "1" } },
      { type: "Private", cidrBlocks: blocks.private },
      {
        type: "Isolated",
        name: "internal-load-balancer",
        cidrBlocks: blocks.internalLoadBalancer,
        tags: { "kubernetes.io/role/internal-elb": "1" },
      },
    ],
    // Made beside the VPC: its outputs wait for all that it makes itself.
    natGateways: { strategy: "None" },
  };
}

/** The route tables of subnets, in their order. */
function routeTablesOf(vpc: ec2.Vpc, subnetIds: pulumi.Output<string[]>): pulumi.Output<string[]> {
  const associations = pulumi
    .output(vpc.routeTableAssociations)
    .apply((all) =>
      pulumi.all(all.map(({ subnetId, routeTableId }) => pulumi.all({ subnetId, routeTableId }))),
    );
  return pulumi.all([subnetIds, associations]).apply(([ids, all]) =>
    ids.map((id) => {
      const table = all.find(({ subnetId }) => subnetId === id)?.routeTableId;
      if (!table) throw new Error(`subnet ${id} has no route table`);
      return table;
    }),
  );
}

/**
 * The subnets' networks, one of each kind a zone. Of sixteen equal parts of the VPC the first are
 * private. The last part is divided by sixteen again: its first half is public, its second half is for
 * internal load balancers. A /16 gives private /20 and others /24. Zones can be added at the end
 * without moving the others.
 */
export function subnetCidrBlocks(cidrBlock: string, zones: number): SubnetCidrBlocks {
  const { address, prefix, size } = blockOf(cidrBlock);
  const block = (index: number, bits: number, from: number) =>
    cidrOf(from + (index * size) / 2 ** bits, prefix + bits);
  const lastPart = address + (15 * size) / 16;
  const each = Array.from({ length: zones }, (_, zone) => zone);
  return {
    private: each.map((zone) => block(zone, 4, address)),
    public: each.map((zone) => block(zone, 8, lastPart)),
    internalLoadBalancer: each.map((zone) => block(8 + zone, 8, lastPart)),
  };
}

/**
 * No `logs:CreateLogGroup`: a late delivery must not bring a deleted group back without retention.
 * Listing groups cannot be narrowed to one of them.
 */
function flowLogsWriter(logGroupArn: pulumi.Input<string>): aws.iam.PolicyDocument {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        Resource: pulumi.interpolate`${logGroupArn}:*`,
      },
      {
        Effect: "Allow",
        Action: ["logs:DescribeLogGroups"],
        Resource: "*",
      },
    ],
  };
}
