import type { Properties } from "../graph/resource.ts";
import { arnOf, hex, zonesOf } from "./naming.ts";
import { type Fixed, prices } from "./prices.ts";
import { type Cloud, type Made, oneCall, type ResourceType, seconds } from "./resource-type.ts";

const network = "networks and their rules are free";

const numbered = (prefix: string) => (_: Properties, cloud: Cloud) => cloud.hexId(prefix);

const arn = (kind: string) => (made: Made) => ({
  arn: arnOf(made.cloud, "ec2", `${kind}/${made.id}`),
});

/** A rule of a security group, of either way. */
const groupRule: ResourceType = {
  duration: oneCall,
  replacedBy: ["securityGroupId"],
  required: ["ipProtocol", "securityGroupId"],
  id: numbered("sgr"),
  computed: arn("security-group-rule"),
  mock: "computed",
};

/**
 * Durations: Amazon VPC User Guide: a NAT gateway is `pending` for a minute or two; interface
 * endpoints likewise. Routes and security groups are free, says prices.ts.
 */
export const ec2: Record<string, ResourceType> = {
  "aws:ec2/vpc:Vpc": {
    duration: seconds(12, 2, 1),
    replacedBy: ["cidrBlock", "ipv4IpamPoolId"],
    id: numbered("vpc"),
    computed: (made) => ({
      ...arn("vpc")(made),
      ownerId: made.cloud.accountId,
      defaultSecurityGroupId: `sg-default-${made.id}`,
      mainRouteTableId: `rtb-main-${made.id}`,
      ipv6CidrBlock: "",
    }),
    free: network,
  },
  "aws:ec2/internetGateway:InternetGateway": {
    duration: seconds(1, 1, 10),
    id: numbered("igw"),
    computed: arn("igw"),
    free: network,
  },
  "aws:ec2/subnet:Subnet": {
    duration: seconds(11, 1, 1),
    replacedBy: ["vpcId", "availabilityZone", "cidrBlock"],
    required: ["vpcId"],
    id: numbered("subnet"),
    computed: arn("subnet"),
    free: network,
  },
  "aws:ec2/routeTable:RouteTable": {
    duration: oneCall,
    replacedBy: ["vpcId"],
    required: ["vpcId"],
    id: numbered("rtb"),
    computed: arn("route-table"),
  },
  "aws:ec2/routeTableAssociation:RouteTableAssociation": {
    duration: oneCall,
    replacedBy: ["subnetId", "gatewayId"],
    required: ["routeTableId"],
    id: numbered("rtbassoc"),
  },
  "aws:ec2/route:Route": {
    duration: oneCall,
    replacedBy: ["routeTableId", "destinationCidrBlock"],
    required: ["routeTableId"],
    id: numbered("r"),
  },
  "aws:ec2/eip:Eip": {
    duration: seconds(2),
    replacedBy: ["domain"],
    id: numbered("eipalloc"),
    computed: ({ id }) => ({
      allocationId: id,
      publicIp: `198.51.100.${1 + (Number.parseInt(hex(id, 4), 16) % 254)}`,
    }),
    mock: "computed",
    charges: () => ({ fixed: publicAddresses(1) }),
  },
  "aws:ec2/networkInterface:NetworkInterface": {
    duration: seconds(2),
    replacedBy: ["subnetId", "interfaceType"],
    required: ["subnetId"],
    id: numbered("eni"),
    computed: arn("network-interface"),
    mock: "computed",
    free: network,
  },
  "aws:ec2/natGateway:NatGateway": {
    duration: seconds(105, 2, 60),
    replacedBy: ["allocationId", "subnetId", "connectivityType"],
    id: numbered("nat"),
    computed: () => ({ publicIp: "198.51.100.1" }),
    charges: () => ({ fixed: nat(1), perUse: [prices.natTraffic] }),
  },
  "aws:ec2/vpcEndpoint:VpcEndpoint": {
    duration: seconds(60, 30, 60),
    replacedBy: ["vpcId", "serviceName", "vpcEndpointType"],
    required: ["vpcId"],
    id: numbered("vpce"),
    computed: (made) => ({ ...arn("vpc-endpoint")(made), state: "available" }),
    charges: ({ inputs }) =>
      isInterface(inputs)
        ? { fixed: endpoint(inputs.subnetIds?.length ?? 1), perUse: [prices.endpointTraffic] }
        : {},
    free: "gateway endpoints are free",
  },
  "aws:ec2/securityGroup:SecurityGroup": {
    duration: seconds(3),
    replacedBy: ["vpcId", "name", "description"],
    formats: [
      {
        property: "name",
        pattern: /^(?!sg-).{1,255}$/s,
        message: "invalid value for name (cannot begin with sg-)",
      },
    ],
    autoname: { property: "name", maxLength: 255 },
    id: numbered("sg"),
    computed: arn("security-group"),
    mock: "computed",
  },
  "aws:ec2/securityGroupRule:SecurityGroupRule": {
    duration: oneCall,
    replacedBy: ["*"],
    required: ["fromPort", "protocol", "securityGroupId", "toPort", "type"],
    id: numbered("sgrule"),
  },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": groupRule,
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": groupRule,
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {
    duration: seconds(2, 2, 0),
    free: network,
  },
  "aws:ec2/flowLog:FlowLog": {
    duration: seconds(2),
    replacedBy: [
      "vpcId",
      "trafficType",
      "logDestination",
      "iamRoleArn",
      "maxAggregationInterval",
      "logFormat",
    ],
    id: numbered("fl"),
    computed: arn("vpc-flow-log"),
    free: "billed by the log group it writes to",
  },
  "aws:ec2/launchTemplate:LaunchTemplate": {
    duration: oneCall,
    replacedBy: ["name"],
    autoname: { property: "name", maxLength: 125 },
    id: numbered("lt"),
    computed: (made) => ({ ...arn("launch-template")(made), latestVersion: 1, defaultVersion: 1 }),
    recomputed: ["latestVersion", "defaultVersion"],
    updated: ({ latestVersion, defaultVersion }, { updateDefaultVersion }) => ({
      latestVersion: latestVersion + 1,
      defaultVersion: updateDefaultVersion ? latestVersion + 1 : defaultVersion,
    }),
    mock: "computed",
    free: "counted where a group uses it",
  },
  "awsx:ec2:Vpc": {
    chain: ["aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/routeTable:RouteTable"],
    replacedBy: ["cidrBlock"],
    mock: (inputs, name, place) => {
      const vpcId = `vpc-${hex(name, 17)}`;
      const cidrBlock = inputs.cidrBlock ?? "10.0.0.0/16";
      const zones: string[] =
        inputs.availabilityZoneNames ??
        zonesOf(place.region).slice(0, inputs.numberOfAvailabilityZones ?? 3);
      const subnets = (kind: string) =>
        zones.map((zone) => `subnet-${hex(name + kind + zone, 17)}`);
      const { strategy = "OnePerAz" } = inputs.natGateways ?? {};
      const gateways = { None: 0, Single: 1 }[strategy as string] ?? zones.length;
      return {
        state: {
          vpcId,
          vpc: { id: vpcId, arn: arnOf(place, "ec2", `vpc/${vpcId}`), cidrBlock },
          publicSubnetIds: subnets("public"),
          privateSubnetIds: subnets("private"),
          isolatedSubnetIds: subnets("isolated"),
          natGateways: zones
            .slice(0, gateways)
            .map((zone) => ({ id: `nat-${hex(name + zone, 17)}` })),
          routeTableAssociations: ["public", "private", "isolated"]
            .flatMap(subnets)
            .map((subnetId) => ({ subnetId, routeTableId: `rtb-${hex(subnetId, 17)}` })),
        },
      };
    },
    charges: ({ inputs }) => {
      const zones = zoneCount(inputs);
      const gateways = { None: 0, Single: 1, OnePerAz: zones }[
        (inputs.natGateways?.strategy ?? "OnePerAz") as string
      ];
      if (gateways === undefined) return { unknown: ["NAT gateways of an unknown strategy"] };
      const endpoints = (inputs.vpcEndpointSpecs ?? []).filter(isInterface).length;
      return {
        fixed: [...nat(gateways), ...publicAddresses(gateways), ...endpoint(endpoints * zones)],
        perUse: [
          ...(gateways > 0 ? [prices.natTraffic] : []),
          ...(endpoints > 0 ? [prices.endpointTraffic] : []),
          prices.trafficOut,
        ],
      };
    },
  },
};

/** Of a VPC by awsx. */
export const zoneCount = (inputs: Properties): number =>
  inputs.availabilityZoneNames?.length ?? inputs.numberOfAvailabilityZones ?? 3;

export const publicAddresses = (count: number): Fixed[] => [
  { what: "public IPv4", count, price: prices.publicIpv4 },
];
const isInterface = ({ vpcEndpointType }: Properties) => vpcEndpointType === "Interface";
const nat = (count: number): Fixed[] => [{ what: "NAT gateway", count, price: prices.natGateway }];
const endpoint = (count: number): Fixed[] => [
  { what: "endpoint in a zone", count, price: prices.interfaceEndpoint },
];
