import assert from "node:assert/strict";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import { type PreflightArgs, preflight } from "../../../infra/config/preflight.ts";
import { load } from "../../support/setting-problems.ts";

const args: PreflightArgs = {
  zones: ["us-east-1a", "us-east-1b"],
  groups: [{ at: "nodes", instanceTypes: ["t4g.medium"], capacityType: "ON_DEMAND" }],
  architecture: "arm64",
  autoscaled: true,
  pods: [],
  domains: [["domain", { hostedZoneId: "Z0123456789ABC", hostName: "shop.example.com" }]],
  recordProviders: {},
  certificateArns: [],
  hostNames: [],
};
const zone = { name: "example.com.", privateZone: false };

/** As `aws ec2 describe-instance-types` has it for a type of 2 vCPUs and 8 GiB. */
const described = {
  defaultVcpus: 2,
  memorySize: 8192,
  maximumNetworkInterfaces: 3,
  maximumIpv4AddressesPerInterface: 10,
  supportedArchitectures: ["arm64"],
};

/** The providers by which it was asked for hosted zones. */
let zoneProviders: string[] = [];

/** The instance types that AWS was asked for. */
let asked: string[] = [];

/** What is wrong with the arguments in an account with three zones, of which the third has no EKS. */
const problems = async (
  {
    instanceTypes = ["t4g.medium"],
    capacityType = "ON_DEMAND",
    ...changes
  }: Partial<PreflightArgs & PreflightArgs["groups"][number]>,
  hosted = zone,
  type = described,
) => {
  const groups = [{ at: "nodes", instanceTypes, capacityType }];
  [asked, zoneProviders] = [[], []];
  const answers: Record<string, object> = {
    getAvailabilityZones: {
      names: ["us-east-1a", "us-east-1b", "us-east-1e"],
      zoneIds: ["use1-az1", "use1-az2", "use1-az3"],
    },
    getInstanceTypeOfferings: {
      instanceTypes: ["t4g.medium", "t4g.medium", "m8g.large", "m8g.large"].concat(
        ...["m9g.large", "m10g.large", "m10g.large"],
      ),
      locations: ["us-east-1a", "us-east-1b", "us-east-1a", "us-east-1b"].concat(
        ...["us-east-1a", "us-east-1a", "us-east-1b"],
      ),
    },
    getInstanceType: type,
    getZone: hosted,
    getVpcs: { ids: [] },
    getClusters: { names: [] },
    getAmiIds: { names: [] },
  };
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
    call: ({ token, inputs, provider }) => {
      const name = token.split(":").at(-1) ?? "";
      if (name === "getInstanceTypeOfferings") {
        // With another location AWS answers for the region, and it has no other filter for types.
        assert.equal(inputs.locationType, "availability-zone");
        assert.deepEqual(
          inputs.filters.map((one: { name: string }) => one.name),
          ["instance-type"],
        );
      }
      if (name === "getZone") zoneProviders.push(provider ?? "");
      if (name === "getInstanceType") asked.push(inputs.instanceType);
      return answers[name] ?? {};
    },
  });
  try {
    await preflight({ ...args, groups, ...changes }, {});
  } catch (error) {
    assert.ok(pulumi.RunError.isInstance(error), String(error));
    return error.message.split("\n");
  }
  return [];
};

describe("the preflight", () => {
  it("lets pass what the account has", async () => {
    assert.deepEqual(await problems({}), []);
    assert.deepEqual(await problems({ domains: [] }), []);
  });

  it("refuses zones that the account has not, or in which EKS makes no cluster", async () => {
    const zones = ["us-east-1a", "us-east-1e", "us-east-1z"];
    const [first, second] = await problems({ zones, instanceTypes: [] });
    assert.equal(
      first,
      "network.zones: us-east-1e has no EKS in this account; allowed: us-east-1a, us-east-1b",
    );
    assert.match(second ?? "", /^network\.zones: us-east-1z has no EKS/);
  });

  it("refuses instance types that a zone does not offer", async () => {
    assert.deepEqual(await problems({ instanceTypes: ["m8g.large", "m9g.large"] }), [
      "nodes.instanceTypes: m9g.large is not offered in us-east-1b; allowed: a type of all zones",
    ]);
    assert.deepEqual(await problems({ instanceTypes: ["t9z.medium"] }), [
      "nodes.instanceTypes: t9z.medium is not offered in us-east-1a, us-east-1b; allowed: a type of all zones, such as t2.medium",
    ]);
  });

  it("asks AWS for the instance types that the region offers and instance-types.ts does not have", async () => {
    const instanceTypes = ["m8g.large", "m10g.large", "t9z.medium"];
    await problems({ instanceTypes });
    assert.deepEqual(asked, ["m10g.large"]);
    assert.deepEqual(await problems({ instanceTypes: ["m8g.large", "m10g.large"] }), []);
  });

  it("asks for the types of each group, and says of which one", async () => {
    const spot = {
      ...{ at: "nodes.groups.spot", instanceTypes: ["t4g.medium", "m9g.large"] },
      capacityType: "SPOT" as const,
    };
    assert.deepEqual(await problems({ groups: [...args.groups, spot] }), [
      "nodes.groups.spot.instanceTypes: m9g.large is not offered in us-east-1b; allowed: a type of all zones",
    ]);
  });

  it("refuses an instance type of another architecture than nodes.architecture", async () => {
    const instanceTypes = ["m10g.large"];
    assert.deepEqual(await problems({ instanceTypes, architecture: "amd64" }), [
      "nodes.instanceTypes: m10g.large is arm64, but nodes.architecture is amd64; allowed: a type of amd64",
    ]);
    const intel = { ...described, supportedArchitectures: ["i386", "x86_64"] };
    assert.deepEqual(await problems({ instanceTypes, architecture: "amd64" }, zone, intel), []);
    assert.deepEqual(await problems({ instanceTypes }, zone, intel), [
      "nodes.instanceTypes: m10g.large is i386, x86_64, but nodes.architecture is arm64; allowed: a type of arm64",
    ]);
  });

  it("refuses an instance type of another size than the first where the autoscaler adds nodes", async () => {
    const larger = { ...described, defaultVcpus: 4, memorySize: 16384 };
    const lines = (...instanceTypes: string[]) => problems({ instanceTypes }, zone, larger);
    assert.deepEqual(await lines("m8g.large", "m10g.large"), [
      "nodes.instanceTypes: m10g.large has 4 vCPUs and 16384 MiB, but m8g.large 2 vCPUs and 8192 MiB; allowed: with autoscaler.enabled, types of equal vCPUs and memory",
    ]);
    assert.match((await lines("m10g.large", "m8g.large"))[0] ?? "", /m8g\.large has 2 vCPUs/);
    const memory = { ...described, memorySize: 4096 };
    const instanceTypes = ["m8g.large", "m10g.large"];
    assert.equal((await problems({ instanceTypes }, zone, memory)).length, 1);
    assert.deepEqual(await problems({ instanceTypes, autoscaled: false }, zone, larger), []);
  });

  it("takes a larger type beside the first on Spot, and no smaller one", async () => {
    const of = (type: typeof described, ...instanceTypes: string[]) =>
      problems({ instanceTypes, capacityType: "SPOT" }, zone, type);
    const larger = { ...described, defaultVcpus: 4, memorySize: 16384 };
    assert.deepEqual(await of(larger, "m8g.large", "m10g.large"), []);
    const [line = ""] = await of(larger, "m10g.large", "m8g.large");
    assert.match(line, /m8g\.large has 2 vCPUs.*types of at least these vCPUs and memory$/);
  });

  it("takes what one of Karpenter's types has, in one of the zones", async () => {
    const size = { cpuMillicores: 3000, cpuLimitMillicores: 3000, memoryMiB: 128 };
    const large = { ...described, defaultVcpus: 4, memorySize: 16384 };
    const of = (pods: PreflightArgs["pods"], type: typeof described, ...types: string[]) =>
      problems(
        {
          instanceTypes: ["t4g.medium"],
          started: { at: "nodes.karpenter", instanceTypes: types },
          pods,
        },
        zone,
        type,
      );
    assert.deepEqual(await of([["services.web", size]], large, "m8g.large", "m10g.large"), []);
    const [most = ""] = await of(
      [["jobs.bulk", { ...size, cpuMillicores: 9000 }]],
      large,
      "m8g.large",
      "m10g.large",
    );
    assert.match(most, /: 3\d{3} millicores and \d+ MiB$/, "the largest, whatever comes first");
    assert.deepEqual(await of([["services.web", size]], described, "m8g.large", "m10g.large"), [
      "services.web: 3000 millicores and 128 MiB for a pod are more than a node has left; allowed with nodes.karpenter.instanceTypes m8g.large, m10g.large: 1470 millicores and 6617 MiB",
    ]);
    assert.deepEqual(await of([], described, "m9g.large"), [], "in one zone");
    const [line = ""] = await of([], described, "m8g.large", "m11g.large");
    assert.match(
      line,
      /^nodes\.karpenter\.instanceTypes: m11g\.large is not offered in us-east-1a, us-east-1b; allowed: a type of one of them/,
    );
  });

  it("refuses types that have no prefixes of addresses", async () => {
    const xen = { ...described, hypervisor: "xen" };
    const types = ["m8g.large", "m10g.large"];
    assert.deepEqual(await problems({ instanceTypes: types, prefixes: "few" }, zone, xen), [
      "nodes.instanceTypes: m10g.large has the hypervisor xen, and no prefixes of addresses; allowed with cluster.podAddresses.prefixDelegation: a type of the Nitro System",
    ]);
    assert.deepEqual(await problems({ instanceTypes: types }, zone, xen), []);
    assert.deepEqual(await problems({ instanceTypes: types, prefixes: "few" }), []);
  });

  it("refuses pods that need more than a node of an instance type has left", async () => {
    const size = { cpuMillicores: 100, cpuLimitMillicores: 100, memoryMiB: 128 };
    const pods: PreflightArgs["pods"] = [
      ["services.web", size],
      ["services.api", { ...size, memoryMiB: 8000 }],
      ["jobs.report", { ...size, cpuMillicores: 2000 }],
    ];
    const after = "allowed with nodes.instanceTypes m10g.large: 1470 millicores and 6617 MiB";
    assert.deepEqual(await problems({ instanceTypes: ["m10g.large"], pods }), [
      `services.api: 100 millicores and 8000 MiB for a pod are more than a node has left; ${after}`,
      `jobs.report: 2000 millicores and 128 MiB for a pod are more than a node has left; ${after}`,
    ]);
    assert.deepEqual(await problems({ instanceTypes: ["m8g.large"], pods }), []);
  });

  it("is given a pod of each service and job, with its key", () => {
    const { pods, architecture, autoscaled } = load({ autoscaler: { enabled: true } }).preflight;
    const [[at, size] = []] = pods;
    assert.deepEqual([at, architecture, autoscaled], ["services.web", "arm64", true]);
    assert.ok(size?.cpuMillicores && size.memoryMiB);
  });

  it("refuses a host name that only ends like its hosted zone", async () => {
    const domain = { hostedZoneId: "Z0123456789ABC", hostName: "shopexample.com" };
    assert.deepEqual(await problems({ domains: [["domain", domain]] }, zone), [
      "domain.hostName: shopexample.com is not in the hosted zone example.com; allowed: a name in it",
    ]);
  });

  it("asks for a hosted zone as the role that may change it", async () => {
    const hostedZoneRoleArn = "arn:aws:iam::444455556666:role/dns";
    const [[at, domain] = assert.fail()] = args.domains;
    const others = new aws.Provider("records", { region: "us-east-1" });
    const found = await problems({
      domains: [[at, { ...domain, hostedZoneRoleArn }]],
      recordProviders: { [hostedZoneRoleArn]: others },
    });
    assert.deepEqual(found, []);
    assert.match(zoneProviders.join(), /::records::/);
    await problems({});
    assert.doesNotMatch(zoneProviders.join(), /records/);
  });

  it("refuses a host name outside its hosted zone, and a zone that nobody outside sees", async () => {
    const domain = { hostedZoneId: "Z0123456789ABC", hostName: "shop.example.org" };
    assert.deepEqual(
      await problems({ domains: [["domain", domain]] }, { ...zone, privateZone: true }),
      [
        "domain.hostedZoneId: Z0123456789ABC is a private zone; allowed: a public one",
        "domain.hostName: shop.example.org is not in the hosted zone example.com; allowed: a name in it",
      ],
    );
  });

  it("refuses a network that is there already where it lacks something, with all else", async () => {
    const network: PreflightArgs["network"] = {
      existing: { vpcId: "vpc-1", publicSubnetIds: [], privateSubnetIds: [] },
      nodes: load().cluster.nodes,
      clusterName: "shop",
      podAddresses: { prefixDelegation: false },
      scheme: "internal",
      waysToCachePort: [],
    };
    const domain = { hostedZoneId: "Z0123456789ABC", hostName: "shop.example.org" };
    assert.deepEqual(await problems({ network, domains: [["domain", domain]] }), [
      "domain.hostName: shop.example.org is not in the hosted zone example.com; allowed: a name in it",
      "network.existing.vpcId: vpc-1 does not exist; needed: one that does, in this account and region",
    ]);
  });
});
