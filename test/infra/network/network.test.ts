import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { Network, subnetCidrBlocks } from "../../../infra/network/network.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";

const args = {
  region: "eu-central-1",
  cidrBlock: "10.0.0.0/16",
  zones: ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
  egress: "gateway" as "gateway" | "instance",
  natPerZone: false,
  tags: { stack: "dev" },
  interfaceEndpoints: ["sts"],
  gatewayEndpoints: ["s3" as const],
  logs: { retentionDays: 7, keepOnDestroy: false } as const,
};
const network = (changes: Partial<typeof args> = {}) =>
  deploy(() => new Network("network", { ...args, ...changes }));

/** First and last address of a network. */
function range(cidrBlock: string): [number, number] {
  const [address = "", prefix = ""] = cidrBlock.split("/");
  const from = address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return [from, from + 2 ** (32 - Number(prefix)) - 1];
}

describe("subnets", () => {
  const layouts = fc.record({
    second: fc.integer({ min: 0, max: 255 }),
    prefix: fc.integer({ min: 16, max: 19 }),
    zones: fc.integer({ min: 2, max: 6 }),
  });
  const always = (property: (vpc: string, blocks: string[], zones: number) => void) =>
    fc.assert(
      fc.property(layouts, ({ second, prefix, zones }) => {
        const vpc = `10.${second}.0.0/${prefix}`;
        const blocks = subnetCidrBlocks(vpc, zones);
        property(vpc, Object.values(blocks).flat(), zones);
      }),
    );

  it("lie in the VPC and do not overlap", () =>
    always((vpc, blocks) => {
      const [first, last] = range(vpc);
      const ranges = blocks.map(range).sort(([a], [b]) => a - b);
      for (const [at, [from, to]] of ranges.entries()) {
        assert.ok(from >= first && to <= last);
        assert.ok(at === 0 || from > (ranges[at - 1]?.[1] ?? 0));
      }
    }));

  it("begin on a boundary of their size", () =>
    always((_, blocks) => {
      for (const [from, to] of blocks.map(range)) assert.equal(from % (to - from + 1), 0);
    }));

  it("are large enough for a load balancer", () =>
    always((_, blocks) => {
      for (const block of blocks) assert.ok(Number(block.split("/")[1]) <= 27);
    }));

  it("stay where they are when a zone is added", () => {
    const two = subnetCidrBlocks("10.0.0.0/16", 2);
    const three = subnetCidrBlocks("10.0.0.0/16", 3);
    assert.deepEqual(three.private.slice(0, 2), two.private);
    assert.deepEqual(three.public.slice(0, 2), two.public);
    assert.deepEqual(three.private, ["10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/20"]);
    assert.deepEqual(three.public, ["10.0.240.0/24", "10.0.241.0/24", "10.0.242.0/24"]);
  });
});

describe("network", () => {
  it("is of the type that its URN promises", async () => {
    only(await network(), "platform:network:Network");
  });

  it("tags its subnets so that the controller finds them", async () => {
    const { subnetSpecs } = only(await network(), "awsx:ec2:Vpc").inputs;
    assert.deepEqual(
      subnetSpecs.map(({ type, tags }: { type: string; tags: object }) => [type, tags]),
      [
        ["Public", { "kubernetes.io/role/elb": "1" }],
        ["Private", undefined],
        ["Isolated", { "kubernetes.io/role/internal-elb": "1" }],
      ],
    );
  });

  it("has one NAT gateway, or one a zone", async () => {
    for (const natPerZone of [false, true]) {
      const resources = await network({ natPerZone });
      const of = (type: string) => resources.filter((one) => one.type === `aws:ec2/${type}`);
      const { outputs } = only(resources, "awsx:ec2:Vpc");
      const gateways = of("natGateway:NatGateway");
      assert.deepEqual(
        gateways.map(({ inputs }) => inputs.subnetId),
        outputs.publicSubnetIds.slice(0, natPerZone ? 3 : 1),
      );
      assert.equal(
        new Set(gateways.map(({ inputs }) => inputs.allocationId)).size,
        gateways.length,
      );
      const tables = new Map<string, string>(
        outputs.routeTableAssociations.map((one: Record<"subnetId" | "routeTableId", string>) => [
          one.routeTableId,
          one.subnetId,
        ]),
      );
      assert.deepEqual(
        of("route:Route").map(({ inputs }) => [
          tables.get(inputs.routeTableId),
          inputs.natGatewayId,
        ]),
        outputs.privateSubnetIds.map((id: string, at: number) => [
          id,
          (gateways[at] ?? gateways[0])?.id,
        ]),
      );
    }
  });

  it("has one NAT instance for all zones where it is asked for, and no gateway", async () => {
    const resources = await network({ egress: "instance" });
    const of = (type: string) => resources.filter((one) => one.type === type);
    const { outputs } = only(resources, "awsx:ec2:Vpc");
    assert.deepEqual(of("aws:ec2/natGateway:NatGateway"), []);
    const networkInterface = only(resources, "aws:ec2/networkInterface:NetworkInterface");
    assert.equal(networkInterface.inputs.subnetId, outputs.publicSubnetIds[0]);
    assert.equal(networkInterface.inputs.sourceDestCheck, false);
    assert.equal(only(resources, "aws:ec2/eip:Eip").inputs.networkInterface, networkInterface.id);
    assert.deepEqual(
      of("aws:ec2/route:Route").map(({ inputs }) => inputs.networkInterfaceId),
      args.zones.map(() => networkInterface.id),
    );
    const gateways = (await network()).filter(({ type }) => type === "aws:ec2/route:Route");
    assert.deepEqual(
      of("aws:ec2/route:Route").map(({ urn }) => urn),
      gateways.map(({ urn }) => urn),
      "AWS refuses a second route to the same destination",
    );
  });

  it("lets its NAT instance be replaced, with the same address and routes, and no credentials", async () => {
    const resources = await network({ egress: "instance" });
    const { inputs, dependsOn } = only(resources, "aws:autoscaling/group:Group");
    assert.deepEqual([inputs.minSize, inputs.desiredCapacity, inputs.maxSize], [1, 1, 1]);
    assert.deepEqual(inputs.availabilityZones, ["eu-central-1a"]);
    assert.equal(inputs.vpcZoneIdentifiers, undefined);
    assert.deepEqual(inputs.instanceMaintenancePolicy, {
      minHealthyPercentage: 0,
      maxHealthyPercentage: 100,
    });
    assert.deepEqual(inputs.tags.at(-1), { key: "stack", value: "dev", propagateAtLaunch: true });
    assert.ok(dependsOn.includes(only(resources, "aws:ec2/eip:Eip").urn));
    const template = only(resources, "aws:ec2/launchTemplate:LaunchTemplate");
    assert.equal(inputs.launchTemplate.id, template.id);
    const { networkInterfaces, metadataOptions, blockDeviceMappings } = template.inputs;
    assert.deepEqual(networkInterfaces, [
      {
        deviceIndex: 0,
        networkInterfaceId: only(resources, "aws:ec2/networkInterface:NetworkInterface").id,
      },
    ]);
    assert.equal(template.inputs.iamInstanceProfile, undefined);
    assert.deepEqual(
      [metadataOptions.httpTokens, metadataOptions.httpPutResponseHopLimit],
      ["required", 1],
    );
    assert.equal(blockDeviceMappings[0].ebs.encrypted, "true");
  });

  it("admits to its NAT instance the VPC alone", async () => {
    const resources = await network({ egress: "instance" });
    const [interface_] = only(resources, "aws:ec2/networkInterface:NetworkInterface").inputs
      .securityGroups;
    const rules = (way: string) =>
      resources
        .filter(({ type }) => type.endsWith(`:SecurityGroup${way}Rule`))
        .filter(({ inputs }) => inputs.securityGroupId === interface_)
        .map(({ inputs }) => [inputs.ipProtocol, inputs.cidrIpv4]);
    assert.deepEqual(rules("Ingress"), [["-1", "10.0.0.0/16"]]);
    assert.deepEqual(rules("Egress"), [["-1", "0.0.0.0/0"]]);
  });

  it("reaches S3 without NAT, and the services asked for by endpoints", async () => {
    const resources = await network();
    const { outputs } = only(resources, "awsx:ec2:Vpc");
    const endpoints = resources.filter(({ type }) => type === "aws:ec2/vpcEndpoint:VpcEndpoint");
    const [s3, sts] = endpoints.map(({ inputs }) => inputs);
    assert.equal(endpoints.length, 2);
    assert.deepEqual(
      [s3?.serviceName, s3?.vpcEndpointType, s3?.routeTableIds.length],
      ["com.amazonaws.eu-central-1.s3", "Gateway", 3],
    );
    assert.deepEqual(
      [sts?.serviceName, sts?.vpcEndpointType, sts?.privateDnsEnabled, sts?.subnetIds],
      ["com.amazonaws.eu-central-1.sts", "Interface", true, outputs.privateSubnetIds],
    );
    const group = only(resources, "aws:ec2/securityGroup:SecurityGroup");
    assert.deepEqual(sts?.securityGroupIds, [group.id]);
    const rule = only(
      resources,
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    ).inputs;
    assert.deepEqual(
      [rule.securityGroupId, rule.cidrIpv4, rule.fromPort, rule.toPort, rule.ipProtocol],
      [group.id, "10.0.0.0/16", 443, 443, "tcp"],
    );
  });

  it("resolves names, which private endpoints and EKS need", async () => {
    assert.equal(only(await network(), "awsx:ec2:Vpc").inputs.enableDnsHostnames, true);
  });

  it("admits nothing by its default security group", async () => {
    const group = only(await network(), "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup");
    assert.deepEqual([group.inputs.ingress, group.inputs.egress], [[], []]);
  });

  it("logs all its traffic, by a role that cannot make log groups", async () => {
    const resources = await network();
    assert.equal(only(resources, "aws:ec2/flowLog:FlowLog").inputs.trafficType, "ALL");
    assert.doesNotMatch(
      JSON.stringify(only(resources, "aws:iam/rolePolicy:RolePolicy").inputs.policy),
      /CreateLogGroup|logs:\*/,
    );
  });
});
