import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface EndpointsArgs {
  region: string;
  vpcId: pulumi.Input<string>;
  /** The VPC's IPv4 network, from which interface endpoints are reached. */
  cidrBlock: string;
  /** Names of AWS services, such as `s3`, with a route in these tables. They cost nothing. */
  gateways: string[];
  routeTableIds: pulumi.Input<pulumi.Input<string>[]>;
  /** Names of AWS services, such as `ecr.api`, with addresses in these subnets. */
  interfaces: string[];
  subnetIds: pulumi.Input<pulumi.Input<string>[]>;
}

/**
 * Services of AWS that are reached without NAT, under their usual names. Nodes need them and the control
 * plane does not, so they come up beside the control plane.
 */
export class Endpoints extends pulumi.ComponentResource {
  constructor(name: string, args: EndpointsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:network:Endpoints", name, {}, opts);
    const { vpcId, routeTableIds, subnetIds } = args;
    const parent = { parent: this };
    const named = (service: string) => ({
      vpcId,
      serviceName: `com.amazonaws.${args.region}.${service}`,
      tags: { Name: `${name}-${service}` },
    });
    for (const service of args.gateways) {
      new aws.ec2.VpcEndpoint(
        `${name}-${service}`,
        { ...named(service), vpcEndpointType: "Gateway", routeTableIds },
        parent,
      );
    }
    const group = args.interfaces.length > 0 ? makeGroup(name, args, parent) : undefined;
    for (const service of args.interfaces) {
      new aws.ec2.VpcEndpoint(
        `${name}-${service}`,
        {
          ...named(service),
          vpcEndpointType: "Interface",
          privateDnsEnabled: true,
          subnetIds,
          securityGroupIds: group && [group.id],
        },
        parent,
      );
    }
    this.registerOutputs();
  }
}

/** A security group that admits HTTPS from the VPC. */
function makeGroup(
  name: string,
  { vpcId, cidrBlock }: EndpointsArgs,
  parent: { parent: pulumi.Resource },
): aws.ec2.SecurityGroup {
  const group = new aws.ec2.SecurityGroup(
    name,
    { vpcId, description: "HTTPS from the VPC to AWS" },
    parent,
  );
  new aws.vpc.SecurityGroupIngressRule(
    name,
    {
      securityGroupId: group.id,
      cidrIpv4: cidrBlock,
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
    },
    parent,
  );
  return group;
}
