import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ExistingNetwork, Subnet } from "../../../infra/network/existing-network.ts";
import { type NetworkNeeds, networkProblems } from "../../../infra/network/network-needs.ts";

const vpcId = "vpc-1";
const subnet = (id: string, zone: string, defaultRoute: string): Subnet => ({
  id,
  vpcId,
  zone,
  cidrBlock: "10.1.0.0/24",
  freeAddresses: 251,
  defaultRoute,
});
const whole: ExistingNetwork = {
  vpcId,
  vpcArn: "arn:aws:ec2:eu-central-1:111122223333:vpc/vpc-1",
  cidrBlocks: ["10.1.0.0/16"],
  dnsSupport: true,
  dnsHostnames: true,
  publicSubnets: [subnet("subnet-a", "a", "igw-1"), subnet("subnet-b", "b", "igw-1")],
  privateSubnets: [subnet("subnet-c", "a", "nat-1"), subnet("subnet-d", "b", "nat-2")],
};
const nodes = {
  instanceTypes: ["t4g.medium"],
  capacityType: "ON_DEMAND" as const,
  minSize: 2,
  maxSize: 4,
  groups: {},
  groupPerZone: false,
};
const stack: NetworkNeeds = {
  existing: {
    vpcId,
    publicSubnetIds: ["subnet-a", "subnet-b"],
    privateSubnetIds: ["subnet-c", "subnet-d"],
  },
  zones: ["a", "b"],
  clusterName: "shop",
  nodes,
  podAddresses: { prefixDelegation: false },
  scheme: "internet-facing",
  running: {},
  clusterVpcId: undefined,
  waysToCachePort: [],
};
const lacks = (network: Partial<ExistingNetwork>, needs: Partial<NetworkNeeds> = {}) =>
  networkProblems({ ...whole, ...network }, { ...stack, ...needs });
const privately = (changes: Partial<Subnet>, needs: Partial<NetworkNeeds> = {}) =>
  lacks(
    {
      privateSubnets: whole.privateSubnets.map((one, at) =>
        at === 0 ? { ...one, ...changes } : one,
      ),
    },
    needs,
  );
const publicly = (changes: Partial<Subnet>, needs: Partial<NetworkNeeds> = {}) =>
  lacks(
    {
      publicSubnets: whole.publicSubnets.map((one, at) =>
        at === 1 ? { ...one, ...changes } : one,
      ),
    },
    needs,
  );

describe("a network that is there already", () => {
  it("is taken as it is when it has all that a stack needs", () => assert.deepEqual(lacks({}), []));

  it("and its subnets exist", () => {
    assert.deepEqual(networkProblems(undefined, stack), [
      "network.existing.vpcId: vpc-1 does not exist; needed: one that does, in this account and region",
    ]);
    assert.deepEqual(lacks({ publicSubnets: [], privateSubnets: whole.privateSubnets.slice(1) }), [
      "network.existing.publicSubnetIds: subnet-a does not exist; needed: one that does, in this account and region",
      "network.existing.publicSubnetIds: subnet-b does not exist; needed: one that does, in this account and region",
      "network.existing.privateSubnetIds: subnet-c does not exist; needed: one that does, in this account and region",
    ]);
  });

  it("has its subnets in the VPC, of which alone it is said if they are not", () =>
    assert.deepEqual(privately({ vpcId: "vpc-2", zone: "z", freeAddresses: 0 }), [
      "network.existing.privateSubnetIds: subnet-c is in vpc-2; needed: a subnet of vpc-1",
    ]));

  it("has its subnets in the zones of the stack, public and private ones alike", () => {
    assert.deepEqual(publicly({ zone: "c" }), [
      "network.existing.publicSubnetIds: subnet-b is in c; needed: one in b, which is at this place of network.zones",
    ]);
    assert.deepEqual(privately({ zone: "b" }), [
      "network.existing.privateSubnetIds: subnet-c is in b; needed: one in a, which is at this place of network.zones",
    ]);
  });

  it("leads from its public subnets to an internet gateway", () => {
    const needed = "needed: one to an internet gateway, or nobody reaches the load balancer";
    assert.deepEqual(publicly({ defaultRoute: undefined }), [
      `network.existing.publicSubnetIds: subnet-b has no default route; ${needed}`,
    ]);
    assert.deepEqual(publicly({ defaultRoute: "nat-1" }), [
      `network.existing.publicSubnetIds: subnet-b has a default route to nat-1; ${needed}`,
    ]);
  });

  it("leads from its private subnets to the internet, by whatever but a gateway to it", () => {
    const needed =
      "needed: one to a NAT gateway, a transit gateway or a firewall: nodes have no public address, and pull images of registries on the internet";
    for (const defaultRoute of [undefined, "igw-1", "pcx-1"]) {
      const has = defaultRoute ? `a default route to ${defaultRoute}` : "no default route";
      assert.deepEqual(privately({ defaultRoute }), [
        `network.existing.privateSubnetIds: subnet-c has ${has}; ${needed}`,
      ]);
    }
    for (const defaultRoute of ["tgw-1", "eni-1", "vpce-1", "vgw-1", "a gateway of a VPN"]) {
      assert.deepEqual(privately({ defaultRoute }), [], defaultRoute);
    }
  });

  it("has free addresses for all nodes and EKS in each private subnet", () => {
    // Four nodes in two zones and two more in an upgrade, of 18 addresses each.
    const enough = 4 * 18 + 6;
    assert.deepEqual(privately({ freeAddresses: enough }), []);
    assert.deepEqual(privately({ freeAddresses: enough - 1 }), [
      "network.existing.privateSubnetIds: subnet-c (10.1.0.0/24) has 77 free addresses; needed: 78, for nodes.maxSize 4 (18 a node, 6 for EKS)",
    ]);
  });

  it("has eight more for the load balancer, in the subnets of its scheme", () => {
    assert.deepEqual(publicly({ freeAddresses: 8 }), []);
    assert.deepEqual(publicly({ freeAddresses: 7 }), [
      "network.existing.publicSubnetIds: subnet-b (10.1.0.0/24) has 7 free addresses; needed: 8, for the load balancer",
    ]);
    assert.deepEqual(privately({ freeAddresses: 85 }, { scheme: "internal" }), [
      "network.existing.privateSubnetIds: subnet-c (10.1.0.0/24) has 85 free addresses; needed: 86, for nodes.maxSize 4 (18 a node, 6 for EKS and 8 for the load balancer)",
    ]);
    assert.deepEqual(privately({ freeAddresses: 86 }, { scheme: "internal" }), []);
  });

  it("has a /27 at least for the load balancer, in the subnets of its scheme", () => {
    const small = { cidrBlock: "10.1.0.0/28", freeAddresses: 11 };
    assert.deepEqual(publicly({ ...small, cidrBlock: "10.1.0.0/27" }), []);
    assert.deepEqual(publicly(small), [
      "network.existing.publicSubnetIds: subnet-b is 10.1.0.0/28; needed: a /27, for the load balancer",
    ]);
    const running = { minSize: 2, desiredSize: 4, maxSize: 4, replaced: false };
    const there = { running: { "": running }, nodes: { ...nodes, instanceTypes: [] } };
    assert.deepEqual(privately(small, there), []);
    assert.deepEqual(privately(small, { ...there, scheme: "internal" }), [
      "network.existing.privateSubnetIds: subnet-c is 10.1.0.0/28; needed: a /27, for the load balancer",
    ]);
  });

  it("needs no address twice: what runs has its own", () => {
    const running = { minSize: 2, desiredSize: 3, maxSize: 3, replaced: false };
    // Two of three nodes may be in one zone.
    assert.deepEqual(privately({ freeAddresses: 2 * 18 }, { running: { "": running } }), []);
    assert.equal(privately({ freeAddresses: 2 * 18 - 1 }, { running: { "": running } }).length, 1);
    assert.deepEqual(publicly({ freeAddresses: 0 }, { running: { "": running } }), []);
    const more = { ...running, desiredSize: 12 };
    assert.deepEqual(privately({ freeAddresses: 0 }, { running: { "": more } }), []);
  });

  it("needs addresses of all nodes anew where others take their place", () => {
    const running = { minSize: 2, desiredSize: 3, maxSize: 4, replaced: true };
    assert.deepEqual(privately({ freeAddresses: 4 * 18 }, { running: { "": running } }), []);
    assert.equal(privately({ freeAddresses: 4 * 18 - 1 }, { running: { "": running } }).length, 1);
  });

  it("lets an update pass that asks for no more nodes, whoever has taken the addresses", () => {
    for (const maxSize of [4, 5]) {
      const running = { minSize: 2, desiredSize: 2, maxSize, replaced: false };
      assert.deepEqual(privately({ freeAddresses: 0 }, { running: { "": running } }), []);
      assert.deepEqual(
        privately({ freeAddresses: 0 }, { running: { "": running }, scheme: "internal" }),
        [],
      );
    }
  });

  it("resolves names, which nodes need", () => {
    assert.deepEqual(lacks({ dnsHostnames: false }), [
      "network.existing.vpcId: vpc-1 has DNS hostnames off; needed: on, or no node finds the cluster",
    ]);
    assert.deepEqual(lacks({ dnsSupport: false }), [
      "network.existing.vpcId: vpc-1 has DNS support off; needed: on, or no node finds the cluster",
    ]);
  });

  it("has no address that EKS gives to Kubernetes services", () => {
    const clash = (...cidrBlocks: string[]) => lacks({ cidrBlocks }).length > 0;
    assert.deepEqual(lacks({ cidrBlocks: ["10.1.0.0/16", "172.20.64.0/18"] }), [
      "network.existing.vpcId: vpc-1 has the network 172.20.64.0/18; needed: nothing in 172.20.0.0/16, from which EKS takes the addresses of Kubernetes services",
    ]);
    assert.equal(clash("10.100.0.0/16"), false);
    assert.equal(clash("172.20.0.0/16"), false);
    assert.equal(clash("172.20.0.0/16", "10.100.0.0/20"), true);
  });

  it("stays where the cluster runs", () => {
    assert.deepEqual(lacks({}, { clusterVpcId: "vpc-1" }), []);
    assert.deepEqual(lacks({}, { clusterVpcId: "vpc-9" }), [
      "network.existing.vpcId: vpc-1 is not vpc-9, in which cluster shop runs; needed: vpc-9, or another cluster.name in a new stack: EKS moves no cluster to another VPC",
    ]);
  });

  it("holds a cache that no declared way out leads to", () => {
    const waysToCachePort = ["10.0.0.0/8", "10.2.0.0/16", "192.168.4.0/24"].map((cidrBlock) => ({
      at: "services.web",
      cidrBlock,
      cache: "sessions",
    }));
    assert.deepEqual(
      lacks({ cidrBlocks: ["10.1.0.0/16", "192.168.0.0/16"] }, { waysToCachePort }),
      [
        "services.web.egress: 10.0.0.0/8 at port 6379 reaches resources.sessions, which has no password; allowed: networks outside of 10.1.0.0/16, 192.168.0.0/16, or services.web.uses.sessions",
        "services.web.egress: 192.168.4.0/24 at port 6379 reaches resources.sessions, which has no password; allowed: networks outside of 10.1.0.0/16, 192.168.0.0/16, or services.web.uses.sessions",
      ],
    );
  });
});
