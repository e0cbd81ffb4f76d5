import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

interface SubnetSpec {
  type: string;
  name?: string;
  cidrBlocks?: string[];
  tags?: Record<string, string>;
}

interface EndpointSpec {
  serviceName: string;
  vpcEndpointType?: string;
  tags?: Record<string, string>;
}

/**
 * Replaces `awsx:ec2:Vpc` with the same children, by name, parent and dependency. Only for explicit
 * layouts: each subnet spec has its CIDR blocks, and the zones are named.
 */
export class Vpc extends pulumi.ComponentResource {
  readonly state: pulumi.Inputs;

  // biome-ignore lint/suspicious/noExplicitAny: the component's untyped inputs
  constructor(name: string, inputs: any, opts: pulumi.ComponentResourceOptions) {
    super("awsx:ec2:Vpc", name, {}, opts);
    const zones = inputs.availabilityZoneNames as string[] | undefined;
    const specs = (inputs.subnetSpecs ?? []) as SubnetSpec[];
    const endpointSpecs = (inputs.vpcEndpointSpecs ?? []) as EndpointSpec[];
    if (!zones || specs.length === 0 || specs.some(({ cidrBlocks }) => !cidrBlocks)) {
      throw new Error(
        "the stand-in of awsx.ec2.Vpc takes explicit layouts only: availabilityZoneNames, and cidrBlocks in every subnet spec",
      );
    }
    if (endpointSpecs.length > 0 && inputs.vpcEndpointStrategy !== "Auto") {
      throw new Error("the stand-in of awsx.ec2.Vpc needs vpcEndpointStrategy: Auto");
    }
    const strategy = (inputs.natGateways?.strategy ?? "OnePerAz").toLowerCase() as string;
    const tags = { Name: name, ...inputs.tags };
    // Interface endpoints have private names.
    const needsDns = endpointSpecs.some(isInterface) || undefined;

    const vpc = new aws.ec2.Vpc(
      name,
      {
        cidrBlock: inputs.cidrBlock,
        enableDnsHostnames: inputs.enableDnsHostnames ?? needsDns,
        enableDnsSupport: inputs.enableDnsSupport ?? needsDns,
        tags,
      },
      { parent: this },
    );
    const inVpc = { parent: vpc, dependsOn: [vpc] };
    const gateway = new aws.ec2.InternetGateway(name, { vpcId: vpc.id, tags }, inVpc);

    const nats: aws.ec2.NatGateway[] = [];
    const eips: aws.ec2.Eip[] = [];
    const made = zones.flatMap((zone, at) => {
      const suffix = at + 1;
      let nat: aws.ec2.NatGateway | undefined;
      return [...specs].sort(publicFirst).map((spec) => {
        const kind = spec.type.toLowerCase();
        const childName = `${name}-${spec.name ?? kind}-${suffix}`;
        const nameTag =
          inputs.subnetNameTagStrategy === "AvailabilityZone"
            ? `${name}-${spec.name ?? kind}-${zone.replace(/^[a-z]{2}(?:-[a-z]+)+-/, "")}`
            : childName;
        const shared = { ...tags, Name: nameTag, SubnetType: spec.type };
        const subnet = new aws.ec2.Subnet(
          childName,
          {
            vpcId: vpc.id,
            availabilityZone: zone,
            mapPublicIpOnLaunch: kind === "public",
            cidrBlock: spec.cidrBlocks?.[at] ?? "",
            assignIpv6AddressOnCreation: false,
            tags: { ...tags, ...spec.tags, Name: nameTag, SubnetType: spec.type },
          },
          inVpc,
        );
        const inSubnet = { parent: subnet, dependsOn: [subnet] };
        const table = new aws.ec2.RouteTable(childName, { vpcId: vpc.id, tags: shared }, inSubnet);
        const inTable = { parent: table, dependsOn: [table] };
        const association = new aws.ec2.RouteTableAssociation(
          childName,
          { routeTableId: table.id, subnetId: subnet.id },
          inTable,
        );
        if (kind === "public" && (strategy === "oneperaz" || (strategy === "single" && at === 0))) {
          const eip = new aws.ec2.Eip(
            `${name}-${suffix}`,
            { tags: { ...inputs.tags, Name: `${name}-${suffix}` } },
            inSubnet,
          );
          nat = new aws.ec2.NatGateway(
            `${name}-${suffix}`,
            {
              subnetId: subnet.id,
              allocationId: eip.allocationId,
              tags: { ...inputs.tags, Name: `${name}-${suffix}` },
            },
            inSubnet,
          );
          nats.push(nat);
          eips.push(eip);
        }
        const through =
          kind === "public"
            ? { gatewayId: gateway.id }
            : kind === "private" && strategy !== "none"
              ? { natGatewayId: (nat ?? nats[0])?.id }
              : undefined;
        const route =
          through &&
          new aws.ec2.Route(
            childName,
            { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", ...through },
            inTable,
          );
        return { kind, zone, subnet, table, association, route };
      });
    });

    const endpoints = endpointSpecs.map((spec) => {
      return new aws.ec2.VpcEndpoint(
        spec.serviceName,
        {
          vpcId: vpc.id,
          serviceName: spec.serviceName,
          vpcEndpointType: spec.vpcEndpointType,
          tags: { ...tags, ...spec.tags },
          ...(isInterface(spec)
            ? {
                privateDnsEnabled: true,
                subnetIds: ofKind("private").map(({ id }) => id),
                securityGroupIds: [
                  endpointGroup(spec.serviceName, vpc, { ...tags, ...spec.tags }).id,
                ],
              }
            : { routeTableIds: made.map(({ table }) => table.id) }),
        },
        inVpc,
      );
    });

    function ofKind(wanted: string): aws.ec2.Subnet[] {
      return made.filter(({ kind }) => kind === wanted).map(({ subnet }) => subnet);
    }
    const outputs = {
      vpc,
      vpcId: vpc.id,
      internetGateway: gateway,
      subnets: made.map(({ subnet }) => subnet),
      publicSubnets: ofKind("public"),
      privateSubnets: ofKind("private"),
      isolatedSubnets: ofKind("isolated"),
      publicSubnetIds: ofKind("public").map(({ id }) => id),
      privateSubnetIds: ofKind("private").map(({ id }) => id),
      isolatedSubnetIds: ofKind("isolated").map(({ id }) => id),
      routeTables: made.map(({ table }) => table),
      routeTableAssociations: made.map(({ association }) => association),
      routes: made.flatMap(({ route }) => (route ? [route] : [])),
      natGateways: nats,
      eips,
      vpcEndpoints: endpoints,
    };
    // As in the real component, each output waits for all subnets, even the VPC's id.
    const all = pulumi.output<Record<string, unknown>>(outputs);
    this.state = Object.fromEntries(
      Object.keys(outputs).map((key) => [key, all.apply((each) => each[key])]),
    );
    this.registerOutputs();
  }
}

function isInterface({ vpcEndpointType }: EndpointSpec): boolean {
  return vpcEndpointType?.toLowerCase() === "interface";
}

function publicFirst(one: SubnetSpec, other: SubnetSpec): number {
  const rank = ({ type }: SubnetSpec) =>
    ["public", "private", "isolated"].indexOf(type.toLowerCase());
  return rank(one) - rank(other);
}

function endpointGroup(service: string, vpc: aws.ec2.Vpc, tags: Record<string, string>) {
  const group = new aws.ec2.SecurityGroup(
    `${service}-sg`,
    { vpcId: vpc.id, tags },
    { parent: vpc, dependsOn: [vpc] },
  );
  new aws.ec2.SecurityGroupRule(
    `${service}-ingress`,
    {
      type: "ingress",
      securityGroupId: group.id,
      protocol: "tcp",
      fromPort: 443,
      toPort: 443,
      cidrBlocks: [vpc.cidrBlock],
    },
    { parent: vpc, dependsOn: [group] },
  );
  return group;
}
