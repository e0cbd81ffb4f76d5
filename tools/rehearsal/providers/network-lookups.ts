import { arnOf } from "../../cloud/naming.ts";
import { freeAddresses } from "../world/rules/network-rules.ts";
import { mainTable } from "../world/rules/way-out.ts";
import type { CloudResource, Props, World } from "../world/world.ts";
import type { Package } from "./service.ts";

const vpcType = "aws:ec2/vpc:Vpc";
const subnetType = "aws:ec2/subnet:Subnet";
const tableType = "aws:ec2/routeTable:RouteTable";
const routesOf = (world: World, { id }: CloudResource) =>
  world.live("aws:ec2/route:Route").filter(({ inputs }) => inputs.routeTableId === id);

/** The provider's words for an identifier that AWS does not know (InvalidSubnetID.NotFound and the like). */
function only(world: World, type: string, id: string, what: string): CloudResource {
  const found = world.get(type, id);
  if (!found) throw new Error(`no matching ${what} found`);
  return found;
}

/** Those of a type that all filters let through. */
function filtered(
  world: World,
  type: string,
  filters: Props[],
  judge: Record<string, (resource: CloudResource, value: string) => boolean>,
): { id: string; ids: string[] } {
  const ids = world
    .live(type)
    .filter((resource) =>
      filters.every(({ name, values }) => {
        const passes = judge[name];
        if (!passes) throw new Error(`the simulated cloud has no filter ${name}`);
        return values.some((value: string) => passes(resource, value));
      }),
    )
    .map(({ id }) => id);
  return { id: world.region, ids };
}

const byId = ({ id }: CloudResource, value: string) => id === value;

/** What the program asks of a network that is there already: of the world's own resources. */
export const networkLookups: Package["functions"] = {
  "aws:ec2/getVpcs:getVpcs": ({ filters }, _, world) =>
    filtered(world, vpcType, filters, { "vpc-id": byId }),
  "aws:ec2/getVpc:getVpc": ({ id }, _, world) => {
    const { inputs } = only(world, vpcType, id, "EC2 VPC");
    const { cidrBlock, enableDnsSupport = true, enableDnsHostnames = false } = inputs;
    const cidrBlockAssociations = [{ cidrBlock, state: "associated" }];
    const arn = arnOf(world, "ec2", `vpc/${id}`);
    return { id, arn, cidrBlock, cidrBlockAssociations, enableDnsSupport, enableDnsHostnames };
  },
  "aws:ec2/getSubnets:getSubnets": ({ filters }, _, world) =>
    filtered(world, subnetType, filters, { "subnet-id": byId }),
  "aws:ec2/getSubnet:getSubnet": ({ id }, _, world) => {
    const subnet = only(world, subnetType, id, "EC2 Subnet");
    const { vpcId, availabilityZone, cidrBlock } = subnet.inputs;
    const availableIpAddressCount = freeAddresses(world, subnet);
    return { id, vpcId, availabilityZone, cidrBlock, availableIpAddressCount };
  },
  "aws:ec2/getRouteTables:getRouteTables": ({ vpcId, filters = [] }, _, world) => {
    const { id, ids } = filtered(world, tableType, filters, {
      "route.destination-cidr-block": (table, value) =>
        routesOf(world, table).some(({ inputs }) => inputs.destinationCidrBlock === value),
    });
    const ofVpc = (one: string) => world.get(tableType, one)?.inputs.vpcId === vpcId;
    return { id, ids: ids.filter(ofVpc) };
  },
  "aws:ec2/getRouteTable:getRouteTable": ({ routeTableId }, _, world) => {
    const table = only(world, tableType, routeTableId, "EC2 Route Table");
    const { vpcId } = table.inputs;
    const associations = world
      .live("aws:ec2/routeTableAssociation:RouteTableAssociation")
      .filter(({ inputs }) => inputs.routeTableId === routeTableId)
      .map(({ inputs }) => ({ subnetId: inputs.subnetId, main: false }));
    const isMain = mainTable(world, vpcId) === table;
    return {
      id: routeTableId,
      routeTableId,
      vpcId,
      associations: [...associations, ...(isMain ? [{ subnetId: "", main: true }] : [])],
      // The provider leaves out what a gateway of a VPN has propagated.
      routes: routesOf(world, table)
        .filter(({ inputs }) => !inputs.propagated)
        .map(({ inputs: { destinationCidrBlock: cidrBlock, routeTableId: _, ...target } }) => ({
          cidrBlock,
          ...target,
        })),
    };
  },
  "aws:eks/getClusters:getClusters": (_, __, world) => ({
    id: world.region,
    names: world.all("aws:eks/cluster:Cluster").map(({ id }) => id),
  }),
  "aws:eks/getCluster:getCluster": ({ name }, _, world) => {
    const { inputs } = only(world, "aws:eks/cluster:Cluster", name, "EKS Cluster");
    const [subnetId] = inputs.vpcConfig.subnetIds;
    const vpcId = world.get(subnetType, subnetId)?.inputs.vpcId;
    return { id: name, name, vpcConfig: { ...inputs.vpcConfig, vpcId } };
  },
};
