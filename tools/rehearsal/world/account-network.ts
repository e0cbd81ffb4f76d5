import { subnetCidrBlocks } from "../../../infra/network/network.ts";
import type { CloudResource, Props, World } from "./world.ts";

/** Who made the network that is there before a stack. */
const owner = "the account";

const cidrBlock = "10.0.0.0/16";

/**
 * Adds the VPC and the subnets of a stack's `network.existing`, without a tag: an internet gateway for the
 * public subnets, and one NAT gateway for the private ones by the main route table.
 */
export function addAccountNetwork(
  world: World,
  {
    vpcId,
    publicSubnetIds = [],
    privateSubnetIds,
  }: { vpcId: string; publicSubnetIds?: string[]; privateSubnetIds: string[] },
  zones: string[],
): void {
  const add = (kind: string, id: string, inputs: Props) =>
    world.addUnmanaged(
      `aws:ec2/${kind[0]?.toLowerCase()}${kind.slice(1)}:${kind}`,
      id,
      owner,
      `${kind} of the account`,
      inputs,
    );
  const blocks = subnetCidrBlocks(cidrBlock, zones.length);
  const addSubnet = (id: string, cidrBlock: string | undefined, at: number) =>
    add("Subnet", id, { vpcId, cidrBlock, availabilityZone: zones[at] });
  const addTable = (main: boolean, through: Props) => {
    const { id } = add("RouteTable", world.hexId("rtb"), { vpcId, main });
    const route = { routeTableId: id, destinationCidrBlock: "0.0.0.0/0", ...through };
    add("Route", world.hexId("r"), route);
    return id;
  };

  add("Vpc", vpcId, { cidrBlock, enableDnsSupport: true, enableDnsHostnames: true });
  const gateway = add("InternetGateway", world.hexId("igw"), { vpcId });
  const routeTableId = addTable(false, { gatewayId: gateway.id });
  // Of an internal load balancer alone, the stack names no public subnet.
  const outer = publicSubnetIds.length > 0 ? publicSubnetIds : [world.hexId("subnet")];
  for (const [at, subnetId] of outer.entries()) {
    addSubnet(subnetId, blocks.public[at], at);
    add("RouteTableAssociation", world.hexId("rtbassoc"), { routeTableId, subnetId });
  }
  const nat = add("NatGateway", world.hexId("nat"), { subnetId: outer[0] });
  addTable(true, { natGatewayId: nat.id });
  for (const [at, id] of privateSubnetIds.entries()) addSubnet(id, blocks.private[at], at);
}

export const isOfAccount = ({ madeBy }: CloudResource): boolean => madeBy === owner;

/** All that the account has besides stacks, as text to compare. */
export function accountOf(world: World): string[] {
  return world
    .all()
    .filter(isOfAccount)
    .map(({ type, id, inputs, outputs, status }) =>
      JSON.stringify({ type, id, inputs, outputs, status }),
    );
}
