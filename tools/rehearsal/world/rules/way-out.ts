import type { CloudResource, World } from "../world.ts";

export const networkInterface = "aws:ec2/networkInterface:NetworkInterface";
export const instanceType = "aws:ec2/instance:Instance";
const addressType = "aws:ec2/eip:Eip";
const subnetType = "aws:ec2/subnet:Subnet";

/** Why the subnet has no route to the internet. Returns undefined if it has. */
export function routeProblem(world: World, subnetId: string): string | undefined {
  const route = defaultRoute(world, subnetId);
  if (!route) return `subnet ${subnetId} has no route to the internet`;
  if (route.inputs.gatewayId) {
    const gateway = world
      .live("aws:ec2/internetGateway:InternetGateway")
      .some(({ id }) => id === route.inputs.gatewayId);
    return gateway ? undefined : `the internet gateway of subnet ${subnetId} is gone`;
  }
  // What is behind it is not simulated.
  if (route.inputs.transitGatewayId) return undefined;
  if (route.inputs.networkInterfaceId) {
    const vpc = world.get("aws:ec2/vpc:Vpc", world.get(subnetType, subnetId)?.inputs.vpcId);
    return natInstanceProblem(world, route.inputs.networkInterfaceId, vpc?.inputs.cidrBlock);
  }
  const nat = world
    .live("aws:ec2/natGateway:NatGateway")
    .find(({ id }) => id === route.inputs.natGatewayId);
  if (!nat || world.isLost(nat.inputs.subnetId)) {
    return `the NAT gateway of subnet ${subnetId} is gone`;
  }
  return defaultRoute(world, nat.inputs.subnetId)?.inputs.gatewayId
    ? routeProblem(world, nat.inputs.subnetId)
    : `NAT gateway ${nat.id} has no route to an internet gateway`;
}

/** Why what runs in the subnet does not reach services of AWS, by a route or by endpoints. Returns undefined if it does. */
export function awsProblem(world: World, subnetId: string, services: string[]): string | undefined {
  const stranded = routeProblem(world, subnetId);
  const missing = stranded && services.find((one) => !hasEndpoint(world, subnetId, one));
  return missing && `${stranded}, and its VPC has no endpoint of ${missing}`;
}

/** By its private name, from a network that its security group admits; or by a route of the subnet's table. */
function hasEndpoint(world: World, subnetId: string, service: string): boolean {
  const vpcId = world.get(subnetType, subnetId)?.inputs.vpcId;
  const vpc = world.get("aws:ec2/vpc:Vpc", vpcId);
  const admits = (group: string) =>
    world
      .live("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
      .some(
        ({ inputs }) =>
          inputs.securityGroupId === group &&
          inputs.cidrIpv4 === vpc?.inputs.cidrBlock &&
          inputs.fromPort === 443,
      );
  return world
    .live("aws:ec2/vpcEndpoint:VpcEndpoint")
    .filter(({ inputs }) => inputs.vpcId === vpcId)
    .filter(({ inputs }) => inputs.serviceName === `com.amazonaws.${world.region}.${service}`)
    .some(({ inputs }) =>
      inputs.vpcEndpointType === "Interface"
        ? inputs.privateDnsEnabled && inputs.securityGroupIds?.some(admits)
        : inputs.routeTableIds?.includes(tableOf(world, subnetId)),
    );
}

function tableOf(world: World, subnetId: string): string | undefined {
  return (
    world
      .live("aws:ec2/routeTableAssociation:RouteTableAssociation")
      .find(({ inputs }) => inputs.subnetId === subnetId)?.inputs.routeTableId ??
    mainTable(world, world.get(subnetType, subnetId)?.inputs.vpcId)?.id
  );
}

/** The route of a subnet to the internet. */
function defaultRoute(world: World, subnetId: string): CloudResource | undefined {
  const table = tableOf(world, subnetId);
  return world
    .live("aws:ec2/route:Route")
    .find(
      ({ inputs }) => inputs.routeTableId === table && inputs.destinationCidrBlock === "0.0.0.0/0",
    );
}

/** The table of a VPC's subnets without another; of a VPC of a program it has no route. */
export function mainTable(world: World, vpcId: string): CloudResource | undefined {
  return world
    .live("aws:ec2/routeTable:RouteTable")
    .find(({ inputs }) => inputs.main === true && inputs.vpcId === vpcId);
}

/** The instance behind an interface. */
export const instanceAt = (world: World, interfaceId: string) =>
  world.live(instanceType).find(({ inputs }) => inputs.networkInterfaceId === interfaceId);

/** Why an instance of the program does not translate addresses. Returns undefined if it does. */
function natInstanceProblem(
  world: World,
  interfaceId: string,
  cidrBlock: string,
): string | undefined {
  const found = world.live(networkInterface).find(({ id }) => id === interfaceId);
  const instance = found && instanceAt(world, interfaceId);
  if (!found || !instance || world.isLost(found.inputs.subnetId)) {
    return `network interface ${interfaceId} has no instance`;
  }
  const { subnetId, sourceDestCheck, securityGroups = [] } = found.inputs;
  if (sourceDestCheck !== false) {
    return `instance ${instance.id} drops what is not for it: its source/destination check is on`;
  }
  const hasAddress = world
    .live(addressType)
    .some(({ inputs }) => inputs.networkInterface === interfaceId);
  if (!hasAddress) return `instance ${instance.id} has no public address`;
  if (!defaultRoute(world, subnetId)?.inputs.gatewayId) {
    return `instance ${instance.id} has no route to an internet gateway`;
  }
  const admits = (way: "Ingress" | "Egress", network: string) =>
    world
      .live(`aws:vpc/securityGroup${way}Rule:SecurityGroup${way}Rule`)
      .some(
        ({ inputs }) =>
          securityGroups.includes(inputs.securityGroupId) && inputs.cidrIpv4 === network,
      );
  if (!admits("Ingress", cidrBlock)) return `instance ${instance.id} does not admit ${cidrBlock}`;
  if (!admits("Egress", "0.0.0.0/0")) return `instance ${instance.id} may send nothing`;
  const script = Buffer.from(String(instance.inputs.userData ?? ""), "base64").toString();
  return /ip_forward=1/.test(script) && script.includes("MASQUERADE")
    ? undefined
    : `instance ${instance.id} does not forward: its user data makes no NAT of it`;
}
