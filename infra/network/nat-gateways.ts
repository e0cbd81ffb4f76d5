import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { NatInstance } from "./nat-instance.ts";

export interface NatGatewaysArgs {
  /** What the routes lead to. */
  egress: "gateway" | "instance";
  vpcId: pulumi.Input<string>;
  /** The VPC's IPv4 network. */
  cidrBlock: string;
  zones: string[];
  /** One in each zone instead of one for all zones. */
  natPerZone: boolean;
  /** In the order of the zones. */
  publicSubnetIds: pulumi.Output<string[]>;
  /** The route tables of the private subnets, in the order of the zones. */
  privateRouteTableIds: pulumi.Output<string[]>;
  /** Tags of what does not inherit the provider's. */
  tags: Record<string, string>;
}

/**
 * The private subnets' way to the internet: NAT gateways, each with an elastic address, or one NAT instance;
 * and the routes to them. Nodes need it and the control plane does not, so it comes up beside the control
 * plane. A route keeps its name with either target: AWS refuses a second one to the same destination.
 */
export class NatGateways extends pulumi.ComponentResource {
  readonly ids: pulumi.Output<string[]>;

  constructor(name: string, args: NatGatewaysArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:network:NatGateways", name, {}, opts);
    const parent = { parent: this };
    const gateways = args.egress === "gateway" ? makeGateways(name, args, parent) : [];
    const instance =
      args.egress === "instance"
        ? new NatInstance(
            `${name}-instance`,
            { ...args, zone: args.zones[0] ?? "", publicSubnetId: itemOf(args.publicSubnetIds, 0) },
            parent,
          )
        : undefined;
    args.zones.forEach((_, at) => {
      new aws.ec2.Route(
        `${name}-${at + 1}`,
        {
          routeTableId: itemOf(args.privateRouteTableIds, at),
          destinationCidrBlock: "0.0.0.0/0",
          natGatewayId: (gateways[at] ?? gateways[0])?.id,
          networkInterfaceId: instance?.networkInterfaceId,
        },
        { ...parent, dependsOn: instance },
      );
    });
    this.ids = pulumi.all(gateways.map(({ id }) => id));
    this.registerOutputs({ ids: this.ids });
  }
}

/** One for all zones, or one in each. */
function makeGateways(
  name: string,
  args: NatGatewaysArgs,
  parent: { parent: pulumi.Resource },
): aws.ec2.NatGateway[] {
  return args.zones.slice(0, args.natPerZone ? undefined : 1).map((zone, at) => {
    const tags = { Name: `${name}-${zone}` };
    const address = new aws.ec2.Eip(`${name}-${at + 1}`, { domain: "vpc", tags }, parent);
    return new aws.ec2.NatGateway(
      `${name}-${at + 1}`,
      { subnetId: itemOf(args.publicSubnetIds, at), allocationId: address.allocationId, tags },
      parent,
    );
  });
}

/** @throws if the list is shorter. */
function itemOf(list: pulumi.Output<string[]>, at: number): pulumi.Output<string> {
  return list.apply((all) => {
    const one = all[at];
    if (one === undefined) throw new Error(`${all.length} subnets, and none for zone ${at + 1}`);
    return one;
  });
}
