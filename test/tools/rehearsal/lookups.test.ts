import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { aws } from "../../../tools/rehearsal/providers/aws.ts";
import { addAccountNetwork } from "../../../tools/rehearsal/world/account-network.ts";
import { addInterface } from "../../../tools/rehearsal/world/rules/network-rules.ts";
import { type Props, World } from "../../../tools/rehearsal/world/world.ts";

describe("a lookup on the simulated cloud", () => {
  const caller = { region: "eu-central-1" };
  const ask = (world: World, name: string, args: Record<string, unknown> = {}) =>
    aws.functions[name]?.(args, caller, world);
  const withRights = (...allowed: string[]) =>
    Object.assign(new World(), { rights: (action: string) => allowed.includes(action) });

  it("is refused with AWS's error without one of its permissions", () => {
    const world = withRights("elasticloadbalancing:DescribeLoadBalancers");
    assert.throws(() => ask(world, "aws:lb/getLoadBalancer:getLoadBalancer", { tags: {} }), {
      message:
        "https response error StatusCode: 403, api error AccessDenied: User: arn:aws:sts::111122223333:assumed-role/Deployer/session is not authorized to perform: elasticloadbalancing:DescribeTags because no identity-based policy allows the elasticloadbalancing:DescribeTags action",
    });
  });

  it("succeeds with its permissions, and without any if it needs none", () => {
    const zones = "aws:index/getAvailabilityZones:getAvailabilityZones";
    assert.ok(ask(withRights("ec2:DescribeAvailabilityZones"), zones));
    assert.ok(ask(withRights(), "aws:index/getCallerIdentity:getCallerIdentity"));
    assert.ok(ask(new World(), zones));
  });

  describe("of an instance type", () => {
    const type = "aws:ec2/getInstanceType:getInstanceType";
    const facts = (instanceType: string, world = new World()) => {
      const found = ask(world, type, { instanceType });
      return [found?.supportedArchitectures, found?.defaultVcpus, found?.memorySize];
    };

    it("has the numbers of instance-types.ts, or those of its name", () => {
      assert.deepEqual(facts("c7g.large"), [["arm64"], 2, 4096]);
      assert.deepEqual(facts("m9g.xlarge"), [["arm64"], 4, 16384]);
      assert.deepEqual(facts("r10i.large"), [["x86_64"], 2, 16384]);
    });

    it("fails with AWS's error if no zone of the region offers it", () => {
      const world = new World();
      for (const zone of ["a", "b", "c"]) {
        assert.ok(facts("m9g.large", world));
        world.notOffered.add(`m9g.large ${world.region}${zone}`);
      }
      assert.throws(() => facts("m9g.large", world), {
        message:
          "reading EC2 Instance Type (m9g.large): api error InvalidInstanceType: The following supplied instance types do not exist: [m9g.large]",
      });
    });

    it("needs ec2:DescribeInstanceTypes", () => {
      assert.throws(
        () => facts("m9g.large", withRights("ec2:DescribeInstanceTypeOfferings")),
        /not authorized to perform: ec2:DescribeInstanceTypes /,
      );
    });
  });

  describe("of an existing network", () => {
    const ids = {
      vpcId: "vpc-1",
      publicSubnetIds: ["subnet-1", "subnet-2"],
      privateSubnetIds: ["subnet-3", "subnet-4"],
    };
    const account = (existing: object = ids) => {
      const world = new World();
      addAccountNetwork(world, { ...ids, ...existing }, ["eu-central-1a", "eu-central-1b"]);
      return world;
    };
    const find = (world: World) => {
      const invoke = (name: string, args = {}) => ask(world, name, args) as Props;
      const subnet = (id: string) => invoke("aws:ec2/getSubnet:getSubnet", { id });
      const tables = invoke("aws:ec2/getRouteTables:getRouteTables", { vpcId: "vpc-1" }).ids.map(
        (routeTableId: string) => invoke("aws:ec2/getRouteTable:getRouteTable", { routeTableId }),
      );
      return { subnet, tables };
    };

    it("finds the requested resources of the account", () => {
      const world = account();
      const filters = (name: string, ...values: string[]) => ({ filters: [{ name, values }] });
      const vpcs = ask(world, "aws:ec2/getVpcs:getVpcs", filters("vpc-id", "vpc-1", "vpc-9"));
      const subnets = ask(
        world,
        "aws:ec2/getSubnets:getSubnets",
        filters("subnet-id", "subnet-3", "subnet-9"),
      );
      assert.deepEqual([vpcs?.ids, subnets?.ids], [["vpc-1"], ["subnet-3"]]);
      assert.throws(() => ask(world, "aws:ec2/getVpcs:getVpcs", filters("owner-id", "1")), {
        message: "the simulated cloud has no filter owner-id",
      });
    });

    it("fails with the provider's error for a missing resource", () => {
      for (const [name, what] of [
        ["getVpc", "VPC"],
        ["getSubnet", "Subnet"],
      ]) {
        assert.throws(() => ask(account(), `aws:ec2/${name}:${name}`, { id: "x-9" }), {
          message: `no matching EC2 ${what} found`,
        });
      }
    });

    it("counts the free addresses", () => {
      const world = account();
      const { subnet } = find(world);
      assert.equal(subnet("subnet-1").availableIpAddressCount, 251);
      addInterface(world, "somebody", "a task", { subnetId: "subnet-1" });
      assert.equal(subnet("subnet-1").availableIpAddressCount, 250);
    });

    it("has route tables, one of them the main one", () => {
      const [outer, inner] = find(account()).tables;
      assert.deepEqual(
        outer.associations.map(({ subnetId }: Props) => subnetId),
        ["subnet-1", "subnet-2"],
      );
      assert.match(outer.routes[0].gatewayId, /^igw-/);
      assert.deepEqual(inner.associations, [{ subnetId: "", main: true }]);
      assert.match(inner.routes[0].natGatewayId, /^nat-/);
    });

    it("omits a propagated route, except in filters", () => {
      const world = account();
      const route = world.all("aws:ec2/route:Route").at(-1);
      Object.assign(route?.inputs ?? {}, { propagated: true });
      assert.deepEqual(find(world).tables[1].routes, []);
      const filters = [{ name: "route.destination-cidr-block", values: ["0.0.0.0/0"] }];
      const asked = ask(world, "aws:ec2/getRouteTables:getRouteTables", {
        vpcId: "vpc-1",
        filters,
      });
      assert.equal(asked?.ids.length, 2);
    });
  });
});
