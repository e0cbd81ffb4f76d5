import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { ExistingNetworkConfig } from "../config/schema.ts";

/** A VPC that is there already, as AWS describes it. */
export interface ExistingNetwork {
  vpcId: string;
  vpcArn: string;
  /** The VPC's IPv4 networks, the one that it was made with first. */
  cidrBlocks: string[];
  dnsSupport: boolean;
  dnsHostnames: boolean;
  /** In the order of the settings, without those that do not exist. */
  publicSubnets: Subnet[];
  privateSubnets: Subnet[];
}

export interface Subnet {
  id: string;
  vpcId: string;
  zone: string;
  cidrBlock: string;
  freeAddresses: number;
  /** Where its route to `0.0.0.0/0` leads: an identifier such as `nat-…`. */
  defaultRoute: string | undefined;
}

/** What stands for the target of a route that the provider leaves out: a gateway of a VPN made it. */
const propagated = "a gateway of a VPN";

/** Looks up the VPC of `network.existing` and its subnets; undefined where there is no such VPC. */
export async function findExistingNetwork(
  { vpcId, publicSubnetIds, privateSubnetIds }: ExistingNetworkConfig,
  options: pulumi.InvokeOptions,
): Promise<ExistingNetwork | undefined> {
  // By filters, which an identifier that does not exist is no error for.
  const filters = [{ name: "vpc-id", values: [vpcId] }];
  const { ids } = await aws.ec2.getVpcs({ filters }, options);
  if (ids.length === 0) return undefined;
  const [vpc, subnets] = await Promise.all([
    aws.ec2.getVpc({ id: vpcId }, options),
    findSubnets([...publicSubnetIds, ...privateSubnetIds], vpcId, options),
  ]);
  const others = vpc.cidrBlockAssociations
    .filter(({ state, cidrBlock }) => state === "associated" && cidrBlock !== vpc.cidrBlock)
    .map(({ cidrBlock }) => cidrBlock);
  return {
    vpcId,
    vpcArn: vpc.arn,
    cidrBlocks: [vpc.cidrBlock, ...others],
    dnsSupport: vpc.enableDnsSupport,
    dnsHostnames: vpc.enableDnsHostnames,
    publicSubnets: publicSubnetIds.flatMap((id) => subnets.get(id) ?? []),
    privateSubnets: privateSubnetIds.flatMap((id) => subnets.get(id) ?? []),
  };
}

/** Those that exist, by their identifiers. */
async function findSubnets(
  wanted: string[],
  vpcId: string,
  options: pulumi.InvokeOptions,
): Promise<Map<string, Subnet>> {
  const filters = [{ name: "subnet-id", values: wanted }];
  const [{ ids }, defaultRouteOf] = await Promise.all([
    aws.ec2.getSubnets({ filters }, options),
    findDefaultRoutes(vpcId, options),
  ]);
  const found = await Promise.all(ids.map((id) => aws.ec2.getSubnet({ id }, options)));
  return new Map(
    found.map((subnet) => [
      subnet.id,
      {
        id: subnet.id,
        vpcId: subnet.vpcId,
        zone: subnet.availabilityZone,
        cidrBlock: subnet.cidrBlock,
        freeAddresses: subnet.availableIpAddressCount,
        defaultRoute: defaultRouteOf(subnet.id),
      },
    ]),
  );
}

/** The default route of a subnet's table, which is the VPC's main one unless it has another. */
async function findDefaultRoutes(
  vpcId: string,
  options: pulumi.InvokeOptions,
): Promise<(subnetId: string) => string | undefined> {
  const everywhere = "0.0.0.0/0";
  const filters = [{ name: "route.destination-cidr-block", values: [everywhere] }];
  const [{ ids }, withDefault] = await Promise.all([
    aws.ec2.getRouteTables({ vpcId }, options),
    aws.ec2.getRouteTables({ vpcId, filters }, options),
  ]);
  const tables = await Promise.all(
    ids.map((routeTableId) => aws.ec2.getRouteTable({ routeTableId }, options)),
  );
  return (subnetId) => {
    const table =
      tables.find(({ associations }) => associations.some((one) => one.subnetId === subnetId)) ??
      tables.find(({ associations }) => associations.some(({ main }) => main));
    const route = table?.routes.find(({ cidrBlock }) => cidrBlock === everywhere);
    if (route) {
      const { cidrBlock: _, ...targets } = route;
      return Object.values(targets).find((target) => target);
    }
    return table && withDefault.ids.includes(table.routeTableId) ? propagated : undefined;
  };
}

/** The VPC that a cluster runs in; undefined before it exists. */
export async function vpcOfCluster(
  name: string,
  options: pulumi.InvokeOptions,
): Promise<string | undefined> {
  const { names } = await aws.eks.getClusters({}, options);
  if (!names.includes(name)) return undefined;
  const { vpcConfig } = await aws.eks.getCluster({ name }, options);
  return vpcConfig.vpcId;
}
