import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import {
  type ExistingNetwork,
  findExistingNetwork,
  vpcOfCluster,
} from "../../../infra/network/existing-network.ts";
import { Network } from "../../../infra/network/network.ts";
import type { PreviewEnvironmentSettings } from "../../../infra/preview-environments/preview-environments.ts";
import { Environment } from "../../../projects/pull-request/environment.ts";
import { deploy } from "../../../tools/graph/evaluate.ts";
import { plans } from "../../recorded/plans.ts";
import { evaluateWith } from "../../support/other-settings.ts";

const web = `111122223333.dkr.ecr.eu-central-1.amazonaws.com/web@sha256:${"a".repeat(64)}`;

const settings = {
  vpcId: "vpc-1",
  publicSubnetIds: ["subnet-a"],
  privateSubnetIds: ["subnet-b", "subnet-c"],
};
interface Table {
  id: string;
  of: string[];
  main?: boolean;
  /** Without a target: the provider leaves the route out. */
  defaultRoute?: Record<string, string>;
}
const tables: Table[] = [
  { id: "rtb-main", of: [], main: true },
  { id: "rtb-public", of: ["subnet-a"], defaultRoute: { gatewayId: "igw-1" } },
  { id: "rtb-private", of: ["subnet-b", "subnet-x"], defaultRoute: { natGatewayId: "nat-1" } },
];
/** Of the provider: every target of a route is a text, which is empty where it does not lead there. */
const noTarget = { gatewayId: "", natGatewayId: "", transitGatewayId: "", networkInterfaceId: "" };

async function find(
  { there = ["vpc-1", "subnet-a", "subnet-b", "subnet-c"], routes = tables } = {},
  clusters: string[] = [],
) {
  const asked = (filter: string, { filters }: pulumi.runtime.MockCallArgs["inputs"]) =>
    filters[0].name === filter
      ? filters[0].values.filter((id: string) => there.includes(id))
      : assert.fail(filters[0].name);
  const answers: Record<string, (inputs: pulumi.runtime.MockCallArgs["inputs"]) => object> = {
    getVpcs: (inputs) => ({ ids: asked("vpc-id", inputs) }),
    getVpc: ({ id }) => ({
      id,
      arn: `arn of ${id}`,
      cidrBlock: "10.1.0.0/16",
      cidrBlockAssociations: [
        { cidrBlock: "100.64.0.0/16", state: "associated" },
        { cidrBlock: "10.1.0.0/16", state: "associated" },
        { cidrBlock: "10.9.0.0/16", state: "disassociated" },
      ],
      enableDnsSupport: true,
      enableDnsHostnames: false,
    }),
    getSubnets: (inputs) => ({ ids: asked("subnet-id", inputs) }),
    getSubnet: ({ id }) => ({
      id,
      vpcId: "vpc-1",
      availabilityZone: `zone of ${id}`,
      cidrBlock: "10.1.0.0/24",
      availableIpAddressCount: 7,
    }),
    getRouteTables: ({ vpcId, filters }) => {
      assert.equal(vpcId, "vpc-1", "tables of other VPCs are not asked for");
      if (filters) {
        assert.deepEqual(filters, [
          { name: "route.destination-cidr-block", values: ["0.0.0.0/0"] },
        ]);
      }
      const found = routes.filter(({ defaultRoute }) => !filters || defaultRoute);
      return { ids: found.map(({ id }) => id) };
    },
    getRouteTable: ({ routeTableId }) => {
      const {
        of,
        main = false,
        defaultRoute,
      } = routes.find(({ id }) => id === routeTableId) as Table;
      const shown = defaultRoute && Object.keys(defaultRoute).length > 0;
      return {
        routeTableId,
        associations: [
          ...of.map((subnetId) => ({ subnetId, main: false })),
          { subnetId: "", main },
        ],
        routes: [
          { cidrBlock: "10.7.0.0/16", ...noTarget, transitGatewayId: "tgw-9" },
          ...(shown ? [{ cidrBlock: "0.0.0.0/0", ...noTarget, ...defaultRoute }] : []),
        ],
      };
    },
    getClusters: () => ({ names: clusters }),
    getCluster: ({ name }) => ({ name, vpcConfig: { vpcId: "vpc-7" } }),
  };
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
    call: ({ token, inputs }) => answers[token.split(":").at(-1) ?? ""]?.(inputs) ?? {},
  });
  return {
    network: await findExistingNetwork(settings, {}),
    cluster: await vpcOfCluster("shop", {}),
  };
}
const routesOf = async (routes: Table[]) => {
  const { publicSubnets = [], privateSubnets = [] } = (await find({ routes })).network ?? {};
  return [...publicSubnets, ...privateSubnets].map(({ defaultRoute }) => defaultRoute);
};

describe("the look-up of a network", () => {
  it("says what AWS says of the VPC and its subnets, in the order of the settings", async () => {
    const { network } = await find();
    const { publicSubnets, privateSubnets, ...vpc } = network as ExistingNetwork;
    assert.deepEqual(vpc, {
      vpcId: "vpc-1",
      vpcArn: "arn of vpc-1",
      cidrBlocks: ["10.1.0.0/16", "100.64.0.0/16"],
      dnsSupport: true,
      dnsHostnames: false,
    });
    assert.deepEqual(
      [publicSubnets, privateSubnets].map((subnets) => subnets.map(({ id }) => id)),
      [["subnet-a"], ["subnet-b", "subnet-c"]],
    );
    assert.deepEqual(publicSubnets[0], {
      id: "subnet-a",
      vpcId: "vpc-1",
      zone: "zone of subnet-a",
      cidrBlock: "10.1.0.0/24",
      freeAddresses: 7,
      defaultRoute: "igw-1",
    });
  });

  it("leaves out what does not exist, and asks no more of it", async () => {
    assert.equal((await find({ there: [] })).network, undefined);
    const { network } = await find({ there: ["vpc-1", "subnet-c"] });
    assert.deepEqual(network?.publicSubnets, []);
    assert.deepEqual(
      network?.privateSubnets.map(({ id }) => id),
      ["subnet-c"],
    );
  });

  it("takes the main table for a subnet that has none of its own", async () => {
    assert.deepEqual(await routesOf(tables), ["igw-1", "nat-1", undefined]);
    const main = {
      id: "rtb-main",
      of: [],
      main: true,
      defaultRoute: { transitGatewayId: "tgw-1" },
    };
    assert.deepEqual(await routesOf([...tables.slice(1), main]), ["igw-1", "nat-1", "tgw-1"]);
  });

  it("sees a default route that the provider leaves out, as those of a gateway of a VPN", async () => {
    const main = { id: "rtb-main", of: [], main: true, defaultRoute: {} };
    assert.deepEqual(await routesOf([main, ...tables.slice(1)]), [
      "igw-1",
      "nat-1",
      "a gateway of a VPN",
    ]);
  });

  it("asks for the VPC of a cluster that exists alone", async () => {
    assert.equal((await find({}, ["web"])).cluster, undefined);
    assert.equal((await find({}, ["web", "shop"])).cluster, "vpc-7");
  });
});

describe("a stack in a network that is there already", () => {
  const network: ExistingNetwork = {
    vpcId: "vpc-1",
    vpcArn: "arn",
    cidrBlocks: ["10.1.0.0/16"],
    dnsSupport: true,
    dnsHostnames: true,
    publicSubnets: ["a", "b", "c"].map((zone, at) => subnet(`subnet-${zone}`, `10.1.${at}.0/24`)),
    privateSubnets: ["d", "e", "f"].map((zone, at) => subnet(`subnet-${zone}`, `10.1.1${at}.0/24`)),
  };
  function subnet(id: string, cidrBlock: string) {
    const [vpcId, zone, freeAddresses, defaultRoute] = ["vpc-1", "a", 100, "nat-1"] as const;
    return { id, vpcId, zone, cidrBlock, freeAddresses, defaultRoute };
  }

  it("uses its subnets: private ones for nodes, those of its scheme for a load balancer", async () => {
    let made: Network | undefined;
    const resources = await deploy(() => {
      made = new Network("network", network);
    });
    assert.deepEqual(
      resources.map(({ type }) => type),
      ["platform:network:Network"],
    );
    assert.ok(made);
    const { loadBalancerSubnetIds, loadBalancerCidrBlocks, privateCidrBlocks, logGroups } = made;
    assert.deepEqual(loadBalancerSubnetIds, {
      "internet-facing": ["subnet-a", "subnet-b", "subnet-c"],
      internal: ["subnet-d", "subnet-e", "subnet-f"],
    });
    assert.deepEqual(loadBalancerCidrBlocks, {
      "internet-facing": ["10.1.0.0/24", "10.1.1.0/24", "10.1.2.0/24"],
      internal: privateCidrBlocks,
    });
    assert.deepEqual(privateCidrBlocks, ["10.1.10.0/24", "10.1.11.0/24", "10.1.12.0/24"]);
    assert.deepEqual(logGroups, {});
    const known = (output: pulumi.Output<unknown>) =>
      new Promise((resolve) => output.apply((value) => resolve(value)));
    assert.deepEqual(await known(made.controlPlaneSubnetIds), ["subnet-d", "subnet-e"]);
    assert.deepEqual(await known(made.natGatewayIds), []);
    assert.deepEqual([await known(made.vpcId), await known(made.vpcArn)], ["vpc-1", "arn"]);
  });

  it("makes nothing of a network: no VPC, subnet, route, gateway, endpoint or flow log", async () => {
    const { resources = [] } = (await plans.existing?.()) ?? {};
    assert.ok(resources.length > 50);
    const ofNetworks = resources.filter(({ type }) => /^(aws:ec2|aws:vpc|awsx:)/.test(type));
    assert.deepEqual([...new Set(ofNetworks.map(({ type }) => type))].sort(), [
      "aws:ec2/launchTemplate:LaunchTemplate",
      "aws:ec2/securityGroup:SecurityGroup",
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    ]);
  });

  it("tags none of it: the Ingress names the subnets of the load balancer", async () => {
    const { resources = [] } = (await plans.existing?.()) ?? {};
    const named = resources.flatMap(
      ({ inputs }) => inputs.metadata?.annotations?.["alb.ingress.kubernetes.io/subnets"] ?? [],
    );
    assert.deepEqual(named, ["subnet-0a00000000000000a,subnet-0a00000000000000b"]);
    assert.ok(!resources.some(({ type }) => /tag/i.test(type)));
  });

  it("has its preview environments behind the same load balancer, in the same subnets", async () => {
    const text = readFileSync("test/recorded/Pulumi.existing.yaml", "utf8")
      .replace(/ {2}platform:resources:\n( {4}.*\n)+/, "")
      .replace(/ {6}uses: .*\n/, "");
    const more = {
      "platform:domain": { hostedZoneId: "Z0123456789ABC", hostName: "shop.example.com" },
      "platform:pullRequests": { environments: 2 },
    };
    const lines = Object.entries(more).map(([key, of]) => `  ${key}: ${JSON.stringify(of)}\n`);
    const { outputs } = await evaluateWith("existing", text + lines.join(""));
    const settings = outputs.pullRequests as PreviewEnvironmentSettings;
    assert.deepEqual(settings.network.loadBalancerCidrBlocks["internet-facing"], [
      "10.0.240.0/24",
      "10.0.241.0/24",
    ]);
    const made = await deploy(
      () => new Environment("pr-12", { pullRequest: 12, settings, images: { web } }),
    );
    const policies = made.filter(({ type }) => type.endsWith(":NetworkPolicy"));
    assert.match(JSON.stringify(policies.map(({ inputs }) => inputs)), /10\.0\.241\.0\/24/);
    const ingresses = made.filter(({ type }) => type.endsWith(":Ingress"));
    assert.equal(ingresses.length, 1);
    // Two Ingresses of a group that name subnets must name the same.
    assert.doesNotMatch(JSON.stringify(ingresses), /kubernetes\.io\/subnets/);
  });
});
