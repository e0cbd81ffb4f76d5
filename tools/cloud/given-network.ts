import { subnetCidrBlocks } from "../../infra/network/network.ts";
import type { Properties } from "../graph/resource.ts";
import { arnOf } from "./naming.ts";
import type { Place } from "./resource-type.ts";

/** What a plan takes for the network of a VPC that is there already: it asks nobody. */
export const assumedCidrBlock = "10.0.0.0/16";

/** Of this network, subnets are in the zones and of the sizes that the program would give them. */
export const networkFunctions: Record<string, (inputs: Properties, place: Place) => Properties> = {
  "aws:ec2/getVpcs:getVpcs": ({ filters }) => ({ ids: filters[0].values }),
  "aws:ec2/getVpc:getVpc": ({ id }, place) => ({
    id,
    arn: arnOf(place, "ec2", `vpc/${id}`),
    cidrBlock: assumedCidrBlock,
    cidrBlockAssociations: [{ cidrBlock: assumedCidrBlock, state: "associated" }],
    enableDnsSupport: true,
    enableDnsHostnames: true,
  }),
  "aws:ec2/getSubnets:getSubnets": ({ filters }) => ({ ids: filters[0].values }),
  "aws:ec2/getSubnet:getSubnet": ({ id }, place) => {
    const { zones, existing } = settingsOf(place);
    const { vpcId, publicSubnetIds = [], privateSubnetIds } = existing;
    const blocks = subnetCidrBlocks(assumedCidrBlock, zones.length);
    const isPublic = publicSubnetIds.includes(id);
    const at = (isPublic ? publicSubnetIds : privateSubnetIds).indexOf(id);
    const cidrBlock = (isPublic ? blocks.public : blocks.private)[at] ?? "";
    return {
      id,
      vpcId,
      cidrBlock,
      availabilityZone: zones[at],
      // The need of the nodes is not judged: nobody knows the size.
      availableIpAddressCount: Number.MAX_SAFE_INTEGER,
    };
  },
  "aws:ec2/getRouteTables:getRouteTables": () => ({ ids: ["rtb-public", "rtb-private"] }),
  "aws:ec2/getRouteTable:getRouteTable": ({ routeTableId }, place) => {
    const { publicSubnetIds = [], privateSubnetIds } = settingsOf(place).existing;
    const isPublic = routeTableId === "rtb-public";
    const target = isPublic ? { gatewayId: "igw-assumed" } : { natGatewayId: "nat-assumed" };
    return {
      routeTableId,
      associations: (isPublic ? publicSubnetIds : privateSubnetIds).map((subnetId: string) => ({
        subnetId,
        main: false,
      })),
      routes: [{ cidrBlock: "0.0.0.0/0", ...target }],
    };
  },
  // No cluster exists before the first update.
  "aws:eks/getClusters:getClusters": () => ({ names: [] }),
};

function settingsOf({ network }: Place): Properties {
  if (!network) throw new Error("a network that is there already has no settings");
  return network;
}
