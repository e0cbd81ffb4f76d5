import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import { type PreflightArgs, preflight } from "../../../infra/config/preflight.ts";
import { load } from "../../support/setting-problems.ts";

const args: PreflightArgs = {
  zones: ["us-east-1a", "us-east-1b"],
  instanceTypes: ["t4g.medium"],
  domains: [["domain", { hostedZoneId: "Z0123456789ABC", hostName: "shop.example.com" }]],
  recordProviders: {},
  certificateArns: [],
  hostNames: [],
};
const zone = { name: "example.com.", privateZone: false };

/** What is wrong with the arguments in an account with three zones, of which the third has no EKS. */
const problems = async (changes: Partial<PreflightArgs>, hosted = zone) => {
  const answers: Record<string, object> = {
    getAvailabilityZones: {
      names: ["us-east-1a", "us-east-1b", "us-east-1e"],
      zoneIds: ["use1-az1", "use1-az2", "use1-az3"],
    },
    getInstanceTypeOfferings: {
      instanceTypes: ["t4g.medium", "t4g.medium", "m9g.large"],
      locations: ["us-east-1a", "us-east-1b", "us-east-1a"],
    },
    getZone: hosted,
    getVpcs: { ids: [] },
    getClusters: { names: [] },
    getAmiIds: { names: [] },
  };
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
    call: ({ token }) => answers[token.split(":").at(-1) ?? ""] ?? {},
  });
  try {
    await preflight({ ...args, ...changes }, {});
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
    assert.deepEqual(await problems({ instanceTypes: ["t4g.medium", "m9g.large"] }), [
      "nodes.instanceTypes: m9g.large is not offered in us-east-1b; allowed: a type of all zones",
    ]);
    assert.deepEqual(await problems({ instanceTypes: ["t9z.medium"] }), [
      "nodes.instanceTypes: t9z.medium is not offered in us-east-1a, us-east-1b; allowed: a type of all zones, such as t2.medium",
    ]);
  });

  it("refuses a host name that only ends like its hosted zone", async () => {
    const domain = { hostedZoneId: "Z0123456789ABC", hostName: "shopexample.com" };
    assert.deepEqual(await problems({ domains: [["domain", domain]] }, zone), [
      "domain.hostName: shopexample.com is not in the hosted zone example.com; allowed: a name in it",
    ]);
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
