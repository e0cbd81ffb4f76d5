import { prefixSize } from "../../../../infra/cluster/pod-addresses.ts";
import { blockOf } from "../../../../infra/network/cidr.ts";
import type { Rule } from "../rule.ts";
import type { CloudResource, Props, World } from "../world.ts";
import { networkInterface } from "./way-out.ts";

const minutes = (count: number) => count * 60;

export function addInterface(world: World, holder: string, name: string, inputs: Props): void {
  world.addUnmanaged(networkInterface, world.hexId("eni"), holder, name, inputs);
}

export function removeInterfaces(world: World, holder: string): void {
  for (const resource of world.all(networkInterface))
    if (resource.madeBy === holder) world.remove(resource);
}

/** The matching network interfaces as text. Returns undefined if there are none. */
function interfaces(
  world: World,
  where: (interface_: CloudResource) => boolean,
): string | undefined {
  const found = world.all(networkInterface).filter(where);
  const names = [...new Set(found.map(({ name }) => name))].join(", ");
  return found.length > 0 ? `network interfaces of ${names}` : undefined;
}

/** The resources of these types in the VPC as text. Returns undefined if there are none. */
function within(world: World, vpcId: string, types: string[]): string | undefined {
  const found = types
    .flatMap((type) => world.all(type))
    .filter(({ inputs }) => inputs.vpcId === vpcId);
  return found.length > 0
    ? found.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`).join(", ")
    : undefined;
}

/** A VPC is deleted after all that is in it. */
export const networkRules: Rule[] = [
  {
    error: "RouteAlreadyExists",
    on: "create",
    types: ["aws:ec2/route:Route"],
    source: "Amazon EC2 API, CreateRoute, error codes",
    refusal: ({ world, inputs: { routeTableId, destinationCidrBlock } }) =>
      world
        .all("aws:ec2/route:Route")
        .some(
          ({ inputs }) =>
            inputs.routeTableId === routeTableId &&
            inputs.destinationCidrBlock === destinationCidrBlock,
        )
        ? `The route identified by ${destinationCidrBlock} already exists.`
        : undefined,
  },
  {
    error: "InvalidParameterValue",
    on: "create",
    types: ["aws:ec2/subnet:Subnet"],
    source: "Amazon EC2 API, CreateSubnet",
    refusal: ({ world, inputs }) => {
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
    timeoutSeconds: minutes(20),
    refusal: ({ world, resource }) => {
      const held = interfaces(world, ({ inputs }) => inputs.subnetId === resource.id);
      return held && `The subnet '${resource.id}' has dependencies and cannot be deleted: ${held}`;
    },
  },
  {
    error: "DependencyViolation",
    on: "delete",
    types: ["aws:ec2/internetGateway:InternetGateway"],
    source: "Amazon EC2 API, DetachInternetGateway; the provider tries again for 20 minutes",
    timeoutSeconds: minutes(20),
    refusal: ({ world, resource }) => {
      const vpcId = resource.inputs.vpcId;
      const publicSubnet = (id: string) =>
        world.get("aws:ec2/subnet:Subnet", id)?.inputs.vpcId === vpcId;
      const held =
        interfaces(
          world,
          ({ id, inputs }) =>
            (inputs.publicAddress === true || hasAddress(world, id)) &&
            publicSubnet(inputs.subnetId),
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
    timeoutSeconds: minutes(15),
    refusal: ({ world, resource }) => {
      const held = interfaces(world, ({ inputs }) =>
        (inputs.securityGroups ?? inputs.groups)?.includes(resource.id),
      );
      return held && `resource ${resource.id} has a dependent object: ${held}`;
    },
  },
  {
    error: "DependencyViolation",
    on: "delete",
    types: ["aws:ec2/vpc:Vpc"],
    source: "Amazon EC2 API, DeleteVpc; the provider tries again for 5 minutes",
    timeoutSeconds: minutes(5),
    refusal: ({ world, resource }) => {
      const held = within(world, resource.id, [
        "aws:ec2/subnet:Subnet",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:ec2/routeTable:RouteTable",
      ]);
      return held && `The vpc '${resource.id}' has dependencies and cannot be deleted: ${held}`;
    },
  },
  {
    error: "DependencyViolation",
    on: "delete",
    types: ["aws:ec2/routeTable:RouteTable"],
    source: "Amazon EC2 API, DeleteRouteTable: only when no subnet is associated with it",
    refusal: ({ world, resource }) =>
      world
        .all("aws:ec2/routeTableAssociation:RouteTableAssociation")
        .some(({ inputs }) => inputs.routeTableId === resource.id)
        ? `The routeTable '${resource.id}' has dependencies and cannot be deleted.`
        : undefined,
  },
  {
    error: "InvalidVpcID.NotFound",
    on: "create",
    types: ["aws:ec2/securityGroup:SecurityGroup"],
    source: "Amazon EC2 API, CreateSecurityGroup, error codes",
    refusal: ({ world, inputs: { vpcId } }) =>
      world.get("aws:ec2/vpc:Vpc", vpcId) ? undefined : `The vpc ID '${vpcId}' does not exist`,
  },
  {
    error: "Gateway.NotAttached",
    on: "create",
    types: ["aws:ec2/natGateway:NatGateway"],
    source: "Amazon VPC User Guide, NAT gateways: creation fails without an internet gateway",
    timeoutSeconds: minutes(1),
    refusal: ({ world, inputs }) => {
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
    refusal: ({ world, inputs }) =>
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

/** Whether an elastic address belongs to the interface. */
function hasAddress(world: World, interfaceId: string): boolean {
  return world.all("aws:ec2/eip:Eip").some(({ inputs }) => inputs.networkInterface === interfaceId);
}

function overlap(one: string, other: string): boolean {
  const [first, second] = [blockOf(one), blockOf(other)];
  return (
    first.address < second.address + second.size && second.address < first.address + first.size
  );
}

/**
 * The /28 of a subnet of which no address is taken. AWS names no order in which it gives single addresses: at worst
 * each is in a /28 of its own. It keeps the first four and the last of the subnet.
 */
export function freePrefixes(world: World, { id, inputs }: CloudResource): number {
  const taken = world.all(networkInterface).filter((one) => one.inputs.subnetId === id).length;
  return blockOf(inputs.cidrBlock).size / prefixSize - 2 - taken - (inputs.takenAddresses ?? 0);
}

/** AWS keeps five addresses of a subnet; a network interface of the world has one. */
export function freeAddresses(world: World, { id, inputs }: CloudResource): number {
  const taken = world.all(networkInterface).filter((one) => one.inputs.subnetId === id).length;
  return blockOf(inputs.cidrBlock).size - 5 - taken - (inputs.takenAddresses ?? 0);
}
