import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as aws from "@pulumi/aws";
import * as awsx from "@pulumi/awsx";
import * as eks from "@pulumi/eks";
import * as kubernetes from "@pulumi/kubernetes";
import { describe, it } from "mocha";
import { Network } from "../../../infra/network/network.ts";
import { instanceFamilies, monthly, prices } from "../../../tools/cloud/prices.ts";
import { deploy, evaluate } from "../../../tools/graph/evaluate.ts";
import { type Cost, costOf } from "../../../tools/plan/cost/cost.ts";
import { costText, dollars } from "../../../tools/plan/cost/cost-text.ts";
import { plan } from "../../../tools/plan/plan-command.ts";
import { styleOf } from "../../../tools/plan/text.ts";

const costs = async (build: () => unknown) => costOf(await deploy(build));
const counts = ({ fixed }: Cost) =>
  Object.fromEntries(fixed.map(({ what, count }) => [what, count]));
const vpc = (args: awsx.ec2.VpcArgs) => costs(() => new awsx.ec2.Vpc("vpc", args));
const ingress = (name: string, annotations: Record<string, string>) =>
  new kubernetes.networking.v1.Ingress(name, {
    metadata: {
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, of]) => [`alb.ingress.kubernetes.io/${key}`, of]),
      ),
    },
    spec: { ingressClassName: "alb" },
  });
const nodes = (args: Partial<aws.eks.NodeGroupArgs>) =>
  new aws.eks.NodeGroup("nodes", {
    clusterName: "cluster",
    nodeRoleArn: "role",
    subnetIds: [],
    scalingConfig: { minSize: 1, desiredSize: 2, maxSize: 4 },
    instanceTypes: ["m7g.large"],
    ...args,
  } as aws.eks.NodeGroupArgs);

describe("costOf", () => {
  const zones = ["a", "b", "c"];
  const strategies = [
    ["Single", 1],
    ["OnePerAz", 3],
    ["None", undefined],
  ] as const;
  for (const [strategy, count] of strategies) {
    it(`counts NAT gateways and their addresses: ${strategy}`, async () => {
      const cost = await vpc({ availabilityZoneNames: zones, natGateways: { strategy } });
      assert.equal(counts(cost)["NAT gateway"], count);
      assert.equal(counts(cost)["public IPv4"], count);
    });
  }

  it("counts an interface endpoint once a zone, and a gateway endpoint not at all", async () => {
    const cost = await vpc({
      availabilityZoneNames: zones,
      vpcEndpointSpecs: [
        { serviceName: "s3", vpcEndpointType: "Gateway" },
        { serviceName: "sts", vpcEndpointType: "Interface" },
        { serviceName: "ecr.api", vpcEndpointType: "Interface" },
      ],
    });
    assert.equal(counts(cost)["endpoint in a zone"], 6);
  });

  it("counts nodes and their disks at the desired size", async () => {
    const cost = await costs(() => {
      const disk = (deviceName: string, volumeSize: number) => ({
        deviceName,
        ebs: { volumeSize, volumeType: "gp3" },
      });
      const template = new aws.ec2.LaunchTemplate("nodes", {
        blockDeviceMappings: [disk("/dev/xvda", 4), disk("/dev/xvdb", 50)],
      });
      nodes({ launchTemplate: { id: template.id, version: "1" } });
    });
    assert.deepEqual(counts(cost), { "m7g.large node": 2, "GB of gp3": 108 });
  });

  it("counts the instance and the disk of an Auto Scaling group by its launch template", async () => {
    const cost = await costs(() => {
      const template = new aws.ec2.LaunchTemplate("nat", {
        instanceType: "t4g.micro",
        blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { volumeSize: 8 } }],
      });
      const launchTemplate = { id: template.id, version: "1" };
      new aws.autoscaling.Group("nat", { minSize: 1, maxSize: 1, launchTemplate });
    });
    assert.deepEqual(counts(cost), { "t4g.micro NAT instance": 1, "GB of gp3": 8 });
    assert.equal(cost.fixed[0]?.price.usd, 0.0084);
    const unknown = await costs(
      () => new aws.autoscaling.Group("other", { minSize: 2, maxSize: 2 }),
    );
    assert.match(unknown.unknown[0]?.what ?? "", /2 × instance type/);
  });

  describe("the ways out of a network", () => {
    const network = { cidrBlock: "10.0.0.0/16", zones, region: "eu-central-1" };
    const logs = { retentionDays: 7, keepOnDestroy: false } as const;
    const waysOf = async (egress: "gateway" | "instance", natPerZone = false) => {
      const more = { logs, tags: {}, interfaceEndpoints: [], gatewayEndpoints: [] };
      const cost = await costs(
        () => new Network("network", { ...network, ...more, egress, natPerZone }),
      );
      return { cost, ways: cost.waysOut };
    };

    it("cost what the network's bill says, for the way that the stack has", async () => {
      for (const [egress, natPerZone, at] of [
        ["gateway", false, 0],
        ["gateway", true, 1],
        ["instance", false, 2],
      ] as const) {
        const { cost, ways } = await waysOf(egress, natPerZone);
        assert.deepEqual(
          ways.map(({ chosen }) => chosen),
          [0, 1, 2, 3].map((one) => one === at),
        );
        assert.equal(ways[at]?.monthly.toFixed(2), cost.monthly.toFixed(2));
      }
    });

    it("break even where an endpoint's hours are saved by its lower price of a GB", async () => {
      const endpoint = (await waysOf("gateway")).ways[3];
      const gb = endpoint?.pays?.fromGb ?? 0;
      const saved = (gb: number) => gb * (0.045 - 0.01) - 3 * 0.01 * 730;
      assert.ok(saved(gb) >= 0 && saved(gb - 1) < 0);
    });

    it("are the owner's in a network that is there already", async () => {
      assert.deepEqual((await costs(() => nodes({}))).waysOut, []);
    });
  });

  it("prices an instance by its family and size", async () => {
    const priceOf = async (type: string) =>
      (await costs(() => nodes({ instanceTypes: [type] }))).fixed[0]?.price.usd;
    assert.equal(await priceOf("t4g.medium"), 0.0336);
    assert.equal(await priceOf("m7g.2xlarge"), 0.3264);
  });

  it("says that Spot nodes cost at most their price on demand", async () => {
    const cost = await costs(() => nodes({ capacityType: "SPOT" }));
    assert.equal(counts(cost)["m7g.large node, at most (Spot)"], 2);
  });

  it("bills one load balancer to several Ingresses of a group, and one to each without", async () => {
    const cost = await costs(() => {
      ingress("a", { "group.name": "shared" });
      ingress("b", { "group.name": "shared" });
      ingress("c", { "group.name": "other" });
      ingress("d", {});
      ingress("e", {});
    });
    assert.equal(cost.fixed.filter(({ what }) => what === "load balancer").length, 4);
  });

  it("gives an address a zone to a load balancer that faces the internet, and no other", async () => {
    const addresses = async (scheme: string) =>
      counts(
        await costs(() => {
          new awsx.ec2.Vpc("vpc", {
            availabilityZoneNames: zones,
            natGateways: { strategy: "None" },
          });
          ingress("a", { scheme });
        }),
      )["public IPv4"];
    assert.equal(await addresses("internet-facing"), 3);
    assert.equal(await addresses("internal"), undefined);
  });

  const unpriced: [string, () => unknown, RegExp][] = [
    [
      "a type",
      () => new aws.rds.Instance("data", { instanceClass: "x" }),
      /no price for the type aws:rds/,
    ],
    ["an instance type", () => nodes({ instanceTypes: ["x9.huge"] }), /2 × instance type x9\.huge/],
    [
      "a Service's own load balancer",
      () => new kubernetes.core.v1.Service("a", { spec: { type: "LoadBalancer" } }),
      /a load balancer of its own/,
    ],
    [
      "extended support",
      () => new eks.Cluster("a", { upgradePolicy: { supportType: "EXTENDED" } }),
      /extended support/,
    ],
  ];
  for (const [what, build, name] of unpriced) {
    it(`names ${what} that it has no price for`, async () => {
      const cost = await costs(build);
      assert.match(cost.unknown.map(({ what }) => what).join(), name);
      assert.match(costText("dev", cost, styleOf(false)), name);
    });
  }

  for (const stack of ["dev", "prod"]) {
    it(`accounts for every resource, to the cent (${stack})`, async () => {
      const { resources } = await evaluate(stack);
      const cost = costOf(resources);
      assert.deepEqual(cost.unknown, []);
      const sum = (of: { monthly: number }[]) => of.reduce((all, { monthly }) => all + monthly, 0);
      assert.ok(Math.abs(sum(cost.components) - cost.monthly) < 0.01);
      assert.ok(Math.abs(sum(cost.fixed) - cost.monthly) < 0.01);
      for (const item of cost.fixed) assert.equal(item.monthly, monthly(item));
    });
  }

  it("has a source for each price, and a date where the source has one", () => {
    for (const [name, { usd, per, source, date }] of Object.entries({
      ...prices,
      ...instanceFamilies,
    })) {
      assert.ok(usd > 0 && per && source, name);
      assert.match(date ?? "2026", /^20\d\d(-\d\d){0,2}$/, name);
    }
  });
});

describe("npm run cost", () => {
  const run = async (args: string[]) => {
    let out = "";
    const terminal = {
      out: (text: string) => {
        out += text;
      },
      err: () => {},
      color: false,
    };
    assert.equal(await plan(["--cost", ...args], terminal), 0);
    return out;
  };

  it("prints what the README says", async () => {
    const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
    for (const stack of ["dev", "prod"]) {
      const [, said] = new RegExp(`\\b${stack} (\\$\\d+)`).exec(readme) ?? [];
      const printed = await run(["--stack", stack]);
      assert.match(printed, new RegExp(`^Stack ${stack}: \\${said} a month`));
    }
  });

  it("fits 80 columns, and says what it assumes", async () => {
    const text = await run([]);
    for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
    assert.match(text, /^Assumed\n {2}730 hours/m);
    assert.match(text, /\$0\.5 +per GB of logs/);
    assert.match(text, /^\* {3}36\.50 {2}one NAT gateway, and \$0\.045 per GB$/m);
    assert.match(text, /^ {11}less than its traffic through a NAT gateway from 418 GB a month$/m);
    assert.doesNotMatch(text, /undefined|NaN/);
  });

  it("is one document for machines", async () => {
    const cost: Cost = JSON.parse(await run(["--json"]));
    const whole = JSON.parse(await run(["--json", "--stack", "prod"]));
    assert.ok(cost.monthly > 0 && whole.monthly > cost.monthly);
    assert.equal(dollars(cost.monthly), `$${Math.round(cost.monthly)}`);
  });
});
