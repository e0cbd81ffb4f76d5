import { blockOf } from "../../../../infra/network/cidr.ts";
import type { Rule } from "../rule.ts";
import type { CloudResource, Props, World } from "../world.ts";

export const networkInterface = "aws:ec2/networkInterface:NetworkInterface";
const minutes = (count: number) => count * 60;

export function addInterface(world: World, holder: string, name: string, inputs: Props): void {
  world.addOwn(networkInterface, world.hexId("eni"), holder, name, inputs);
}

export function removeInterfaces(world: World, holder: string): void {
  for (const thing of world.all(networkInterface)) if (thing.madeBy === holder) world.remove(thing);
}

/** The network interfaces that match, in one phrase, or nothing. */
function interfaces(
  world: World,
  where: (interface_: CloudResource) => boolean,
): string | undefined {
  const found = world.all(networkInterface).filter(where);
  const names = [...new Set(found.map(({ name }) => name))].join(", ");
  return found.length > 0 ? `network interfaces of ${names}` : undefined;
}

/** What of these types is in the VPC, by name. */
function within(world: World, vpcId: string, types: string[]): string | undefined {
  const found = types
    .flatMap((type) => world.all(type))
    .filter(({ inputs }) => inputs.vpcId === vpcId);
  return found.length > 0
    ? found.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`).join(", ")
    : undefined;
}

/** A network can only be taken apart from the inside out. */
export const networkRules: Rule[] = [
  {
    error: "InvalidParameterValue",
    on: "create",
    types: ["aws:ec2/subnet:Subnet"],
    source: "Amazon EC2 API, CreateSubnet",
    unless: ({ world, inputs }) => {
      const zones = ["a", "b", "c"].map((zone) => `${world.region}${zone}`);
      const { availabilityZone: zone } = inputs;
      return zone === undefined || zones.includes(zone)
        ? undefined
        : `Value (${zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${zones.join(", ")}.`;
    },
  },
  {
    error: "DependencyViolation",
    on: "delete",
    types: ["aws:ec2/subnet:Subnet"],
    source: "Amazon EC2 API, DeleteSubnet; the provider tries again for 20 minutes",
    patience: minutes(20),
    unless: ({ world, thing }) => {
      const held = interfaces(world, ({ inputs }) => inputs.subnetId === thing.id);
      return held && `The subnet '${thing.id}' has dependencies and cannot be deleted: ${held}`;
    },
  },
  {
    error: "DependencyViolation",
    on: "delete",
    types: ["aws:ec2/internetGateway:InternetGateway"],
    source: "Amazon EC2 API, DetachInternetGateway; the provider tries again for 20 minutes",
    patience: minutes(20),
    unless: ({ world, thing }) => {
      const vpcId = thing.inputs.vpcId;
      const publicSubnet = (id: string) =>
        world.get("aws:ec2/subnet:Subnet", id)?.inputs.vpcId === vpcId;
      const held =
        interfaces(
          world,
          ({ inputs }) => inputs.publicAddress === true && publicSubnet(inputs.subnetId),
        ) ??
        world
          .all("aws:ec2/natGateway:NatGateway")
          .filter(({ inputs }) => publicSubnet(inputs.subnetId))
          .map(({ name }) => `NAT gateway ${name}`)
          .join(", ");
      return held
        ? `Network ${vpcId} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway: ${held}`
        : undefined;
    },
  },
  {
    error: "DependencyViolation",
    on: "delete",
    types: ["aws:ec2/securityGroup:SecurityGroup"],
    source: "Amazon EC2 API, DeleteSecurityGroup; the provider tries again for 15 minutes",
    patience: minutes(15),
    unless: ({ world, thing }) => {
      const held = interfaces(world, ({ inputs }) => inputs.groups?.includes(thing.id));
      return held && `resource ${thing.id} has a dependent object: ${held}`;
    },
  },
  {
    error: "DependencyViolation",
    on: "delete",
    types: ["aws:ec2/vpc:Vpc"],
    source: "Amazon EC2 API, DeleteVpc; the provider tries again for 5 minutes",
    patience: minutes(5),
    unless: ({ world, thing }) => {
      const held = within(world, thing.id, [
        "aws:ec2/subnet:Subnet",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:ec2/routeTable:RouteTable",
      ]);
      return held && `The vpc '${thing.id}' has dependencies and cannot be deleted: ${held}`;
    },
  },
  {
    error: "DependencyViolation",
    on: "delete",
    types: ["aws:ec2/routeTable:RouteTable"],
    source: "Amazon EC2 API, DeleteRouteTable: only when no subnet is associated with it",
    unless: ({ world, thing }) =>
      world
        .all("aws:ec2/routeTableAssociation:RouteTableAssociation")
        .some(({ inputs }) => inputs.routeTableId === thing.id)
        ? `The routeTable '${thing.id}' has dependencies and cannot be deleted.`
        : undefined,
  },
  {
    error: "Gateway.NotAttached",
    on: "create",
    types: ["aws:ec2/natGateway:NatGateway"],
    source: "Amazon VPC User Guide, NAT gateways: creation fails without an internet gateway",
    patience: minutes(1),
    unless: ({ world, inputs }) => {
      const vpcId = world.get("aws:ec2/subnet:Subnet", inputs.subnetId)?.inputs.vpcId;
      const attached = world
        .live("aws:ec2/internetGateway:InternetGateway")
        .some((gateway) => gateway.inputs.vpcId === vpcId);
      return attached ? undefined : `Network ${vpcId} has no Internet gateway attached`;
    },
  },
  {
    error: "InvalidSubnet.Conflict",
    on: "create",
    types: ["aws:ec2/subnet:Subnet"],
    source: "Amazon EC2 API, CreateSubnet: blocks of one VPC may not overlap",
    unless: ({ world, inputs }) =>
      world
        .all("aws:ec2/subnet:Subnet")
        .some(
          (other) =>
            other.inputs.vpcId === inputs.vpcId &&
            overlap(other.inputs.cidrBlock, inputs.cidrBlock),
        )
        ? `The CIDR '${inputs.cidrBlock}' conflicts with another subnet`
        : undefined,
  },
];

function overlap(one: string, other: string): boolean {
  const [first, second] = [blockOf(one), blockOf(other)];
  return (
    first.address < second.address + second.size && second.address < first.address + first.size
  );
}

/** Why nothing in the subnet can reach the internet and AWS's endpoints, or nothing. */
export function noRouteOut(world: World, subnetId: string): string | undefined {
  const route = routeOut(world, subnetId);
  if (!route) return `subnet ${subnetId} has no route to the internet`;
  if (route.inputs.gatewayId) {
    const gateway = world
      .live("aws:ec2/internetGateway:InternetGateway")
      .some(({ id }) => id === route.inputs.gatewayId);
    return gateway ? undefined : `the internet gateway of subnet ${subnetId} is gone`;
  }
  const nat = world
    .live("aws:ec2/natGateway:NatGateway")
    .find(({ id }) => id === route.inputs.natGatewayId);
  if (!nat) return `the NAT gateway of subnet ${subnetId} is gone`;
  return routeOut(world, nat.inputs.subnetId)?.inputs.gatewayId
    ? noRouteOut(world, nat.inputs.subnetId)
    : `NAT gateway ${nat.id} has no route to an internet gateway`;
}

function routeOut(world: World, subnetId: string): CloudResource | undefined {
  const table = world
    .live("aws:ec2/routeTableAssociation:RouteTableAssociation")
    .find(({ inputs }) => inputs.subnetId === subnetId)?.inputs.routeTableId;
  return world
    .live("aws:ec2/route:Route")
    .find(
      ({ inputs }) => inputs.routeTableId === table && inputs.destinationCidrBlock === "0.0.0.0/0",
    );
}
