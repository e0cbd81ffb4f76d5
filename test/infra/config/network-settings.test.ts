import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { load, problems, type Slices, web } from "../../support/setting-problems.ts";

const existing = {
  vpcId: "vpc-0123456789abcdef0",
  publicSubnetIds: ["subnet-0000000a", "subnet-0000000b"],
  privateSubnetIds: ["subnet-1000000a", "subnet-1000000b"],
};
const within = (network: object, more: Slices = {}) =>
  problems({ network: { existing, ...network }, ...more });

describe("the way out of a network", () => {
  it("is a NAT gateway, or in development an instance", () => {
    assert.equal(load({}).network.egress, "gateway");
    const instance = { network: { egress: "instance" }, environment: "development" };
    assert.equal(load(instance).network.egress, "instance");
    assert.match(
      problems({ ...instance, environment: "production" }).join("\n"),
      /^network.egress: instance is not allowed in production: while the one instance is replaced, nothing leaves the network; allowed: gateway$/m,
    );
  });

  it("is one instance for all zones", () => {
    assert.deepEqual(
      problems({
        network: { egress: "instance", natPerZone: true },
        environment: "development",
      }),
      [
        "network.natPerZone: true goes with network.egress gateway; there is one NAT instance for all zones",
      ],
    );
  });

  it("is none, with endpoints of what the stack calls and of what is asked for besides", () => {
    const none = { network: { egress: "none", interfaceEndpoints: ["monitoring", "sts"] } };
    const base = ["ec2", "ecr.api", "ecr.dkr", "elasticloadbalancing", "logs"];
    assert.deepEqual(load(none).network.interfaceEndpoints, [...base, "sts", "monitoring"]);
    const more = {
      ...none,
      autoscaler: { enabled: true },
      insights: { traces: true },
      resources: {
        tasks: { kind: "queue" },
        unused: { kind: "topic" },
        key: { kind: "secret" },
        shared: { kind: "files" },
      },
      ...web({
        uses: { tasks: "readWrite", key: "read", shared: "read" },
        secrets: { TOKEN: { parameter: "token" } },
      }),
    };
    assert.deepEqual(
      load(more).network.interfaceEndpoints.toSorted(),
      [
        ...[...base, "sts", "monitoring", "autoscaling", "eks", "elasticfilesystem"],
        ...["secretsmanager", "sqs", "ssm", "xray"],
      ].toSorted(),
    );
    assert.deepEqual(
      load({ network: { interfaceEndpoints: ["sts"] } }).network.interfaceEndpoints,
      ["sts"],
    );
  });

  it("is none only for what works without one", () => {
    const none = { egress: "none", natPerZone: true };
    const wrong = problems({
      network: none,
      firewall: { enabled: true },
      insights: { applicationSignals: true },
      autoscaler: { enabled: true, spareCapacity: { replicas: 1 } },
      ...web({
        maxReplicas: 4,
        scale: { requestsPerSecond: 10 },
        egress: [
          { cidrBlock: "0.0.0.0/0", port: 443 },
          { cidrBlock: "10.0.0.0/16", port: 443 },
        ],
      }),
    });
    const start = (key: string) => `${key} does not work with network.egress none: `;
    for (const at of [
      "network.natPerZone: true goes with network.egress gateway; with none there is no NAT",
      start("firewall.enabled: true"),
      start("insights.applicationSignals: true"),
      start("autoscaler.spareCapacity"),
      start("services.web.scale"),
      "services.web.egress: 0.0.0.0/0 is outside the VPC, which network.egress none does not let out of",
    ]) {
      assert.equal(wrong.filter((one) => one.startsWith(at)).length, 1, `${at}: ${wrong.join()}`);
    }
    assert.equal(wrong.length, 6, wrong.join("\n"));
    const opentelemetry = {
      network: { egress: "none" },
      insights: { variant: "opentelemetry" },
      cluster: { addonVersions: { "amazon-cloudwatch-observability": "v6.2.0-eksbuild.1" } },
    };
    assert.match(problems(opentelemetry).join(), /insights.variant: opentelemetry does not work/);
  });

  it("is none with images of the stack's own region alone", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const from = (region: string) => `111122223333.dkr.ecr.${region}.amazonaws.com/web`;
    const told = (region: string, egress: string) =>
      problems({
        network: { egress },
        ...web({ image: { digest, repositoryUrl: from(region) } }),
      });
    assert.deepEqual(told("eu-west-1", "none"), [
      `services.web.image.repositoryUrl: ${from("eu-west-1")} is in another region, which network.egress none does not reach; allowed: a repository of eu-central-1`,
    ]);
    assert.deepEqual([...told("eu-central-1", "none"), ...told("eu-west-1", "gateway")], []);
  });

  it("is the owner's in a network that is there already", () => {
    assert.deepEqual(within({ egress: "gateway" }), [
      'network.egress: "gateway" is not allowed: nothing beside network.existing, whose VPC has its own',
    ]);
  });
});

describe("the settings of a network that is there already", () => {
  it("are its VPC and a subnet of each kind a zone", () => {
    assert.deepEqual(within({}), []);
    assert.deepEqual(load({ network: { existing } }).preflight.network?.existing, existing);
  });

  it("go beside no setting of a network of its own, whatever that says", () => {
    const beside = "is not allowed: nothing beside network.existing, whose VPC has its own";
    assert.deepEqual(
      within({ cidrBlock: "10.0.0.0/16", natPerZone: false, interfaceEndpoints: [] }),
      [
        `network.cidrBlock: "10.0.0.0/16" ${beside}`,
        `network.natPerZone: false ${beside}`,
        `network.interfaceEndpoints: [] ${beside}`,
      ],
    );
  });

  it("are identifiers of AWS", () => {
    assert.deepEqual(within({ existing: { vpcId: "main", privateSubnetIds: ["private-a"] } }), [
      'network.existing.vpcId: "main" is not allowed: a VPC such as vpc-0123456789abcdef0',
      'network.existing.privateSubnetIds.0: "private-a" is not allowed: a subnet such as subnet-0123456789abcdef0',
    ]);
  });

  it("have one subnet of each kind for each zone, each once", () => {
    const more = {
      ...existing,
      publicSubnetIds: [...existing.publicSubnetIds, "subnet-0000000c"],
      privateSubnetIds: ["subnet-0000000a"],
    };
    const order =
      "for 2 zones; allowed: one for each of network.zones, in their order: eu-central-1a, eu-central-1b";
    assert.deepEqual(within({ existing: more }), [
      `network.existing.publicSubnetIds: 3 subnets ${order}`,
      `network.existing.privateSubnetIds: 1 subnets ${order}`,
      "network.existing: subnet-0000000a is named twice",
    ]);
  });

  it("have no fewer than the zones, not even none", () => {
    const [one] = existing.publicSubnetIds;
    const fewer = { ...existing, publicSubnetIds: [one], privateSubnetIds: [] };
    const [first, second, ...others] = within({ existing: fewer });
    assert.match(first ?? "", /^network.existing.publicSubnetIds: 1 subnets for 2 zones/);
    assert.match(second ?? "", /^network.existing.privateSubnetIds: 0 subnets for 2 zones/);
    assert.deepEqual(others, []);
  });

  it("have public subnets where the load balancer is on the internet, and nowhere else", () => {
    const { publicSubnetIds: _, ...inner } = existing;
    const internal = { ingress: { scheme: "internal" } };
    assert.deepEqual(within({ existing: inner }, internal), []);
    assert.deepEqual(within({ existing: inner }), [
      "network.existing.publicSubnetIds: is empty; ingress.scheme internet-facing needs a public subnet in each zone",
    ]);
    assert.deepEqual(within({}, internal), [
      "network.existing.publicSubnetIds: nothing is in them with ingress.scheme internal, whose load balancer is in the private ones; leave them out",
    ]);
  });

  it("leave to AWS what only it knows: addresses that are free, and which of them a cache has", () => {
    const many = { nodes: { instanceTypes: ["m7g.large"], maxSize: 400 } };
    assert.match(problems(many).join(), /^nodes\.maxSize: 400 needs 6066 addresses/);
    assert.deepEqual(within({}, many), []);
    const cached: Slices = {
      resources: { sessions: { kind: "cache" } },
      ...web({
        egress: [
          { cidrBlock: "10.0.0.0/8", port: 6379 },
          { cidrBlock: "10.0.0.0/8", port: 443 },
        ],
      }),
    };
    assert.deepEqual(within({}, cached), []);
    assert.deepEqual(
      load({ network: { existing }, ...cached }).preflight.network?.waysToCachePort,
      [{ at: "services.web", cidrBlock: "10.0.0.0/8", cache: "sessions" }],
    );
  });
});
