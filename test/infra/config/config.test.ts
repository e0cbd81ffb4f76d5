import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { ServiceConfig } from "../../../infra/config/workload-schema.ts";
import { clockOf } from "../../../infra/services/clock.ts";
import { load, problems, type Slices, valid, web } from "../../support/setting-problems.ts";

const production: Slices = {
  environment: "production",
  cluster: { deletionProtection: true },
  ingress: { deletionProtection: true },
  logs: { retentionDays: 30 },
};

const domain = {
  domain: { hostedZoneId: "Z0123456789ABC", hostName: "platform.example.com" },
} satisfies Slices;

const withDomain = (changes: object) => ({ domain: { ...domain.domain, ...changes } }) as Slices;

const autoscaler = { enabled: true };
const spot = {
  nodes: { capacityType: "SPOT", instanceTypes: ["t4g.medium", "c7g.large"] },
} satisfies Slices;

const tenShops = Object.fromEntries(
  Array.from({ length: 10 }, (_, at) => [
    `shop${at}`,
    { image: { context: "service" }, route: { hosts: [`shop${at}.platform.example.com`] } },
  ]),
);

const webSettings = { image: { context: "service" }, route: { path: "/" } };

const queue = { name: "orders", messagesPerPod: 5 };

/** A second service, that nobody calls. */
const worker = (changes: object) => ({
  services: {
    web: valid.services.web,
    mill: { image: { context: "service" }, worker: true, ...changes },
  },
});

const elevenEmails = Array.from({ length: 11 }, (_, at) => `on-call-${at}@example.com`);

describe("config", () => {
  it("fills in the defaults", () => {
    const config = load();
    assert.equal(config.network.cidrBlock, "10.0.0.0/16");
    assert.equal(config.cluster.nodes.architecture, "arm64");
    assert.equal(config.services.services.web?.drainSeconds, 30);
    assert.equal(config.services.domain, undefined);
    assert.equal(config.edge.firewall.enabled, false);
    assert.deepEqual(config.provider.allowedAccountIds, ["111122223333"]);
  });

  it("leaves out the release job of a service that went back, until its next image", () => {
    const image = (letter: string) => `repository@sha256:${letter.repeat(64)}`;
    const jobOf = (digest: string | undefined, from: string, to = "a") => {
      const { services } = load({
        services: {
          web: {
            image: digest === undefined ? { context: "service" } : { digest },
            route: { path: "/" },
            release: { command: ["migrate"] },
          },
        },
        release: {
          images: { web: image(to) },
          by: "who",
          at: "2026-11-25T12:00:00Z",
          before: {},
          wentBackFrom: { web: image(from) },
        },
      }).services;
      return services.web?.release?.command;
    };
    const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
    assert.equal(jobOf(digest("a"), "b"), undefined);
    assert.deepEqual(jobOf(digest("c"), "b"), ["migrate"], "another image");
    assert.deepEqual(jobOf(undefined, "b"), ["migrate"], "an image that is built");
    assert.deepEqual(jobOf(digest("a"), "a"), ["migrate"], "another service went back");
  });

  it("tags everything with project, stack, environment and the stack's own tags", () => {
    const { tags } = load({ tags: { team: "shop" } }).provider.defaultTags;
    assert.deepEqual(tags, {
      project: "platform",
      stack: "test",
      environment: "development",
      "managed-by": "pulumi",
      team: "shop",
    });
  });

  it("tells the firewall which bodies the services take, in environments of pull requests too", () => {
    const routes = (changes: Slices) =>
      load({ ...domain, autoscaler, nodes: { maxSize: 9 }, ...changes }).edge.firewall.bodies.map(
        ({ hosts, ...rest }) => ({
          hosts: hosts.join(" "),
          ...rest,
        }),
      );
    const services = {
      web: valid.services.web,
      inner: { image: { context: "service" } },
      shop: {
        image: { context: "service" },
        route: { hosts: ["shop.platform.example.com"], path: "/buy" },
        maxBodyKiB: 64,
      },
    };
    const web = { hosts: "", path: "/", maxBodyKiB: 8 };
    const shop = { hosts: "shop.platform.example.com", path: "/buy", maxBodyKiB: 64 };
    assert.deepEqual(routes({ services }), [web, shop]);
    const hosts = `${shop.hosts} shop-pr-*.platform.example.com`;
    assert.deepEqual(routes({ services, pullRequests: { environments: 1 } }), [
      web,
      { ...shop, hosts },
    ]);
  });

  it("reports all problems at once, of single settings and between settings", () => {
    const lines = problems({
      region: "Frankfurt",
      logs: { retentionDays: 8 },
      ...web({ minReplicas: 9 }),
    });
    assert.deepEqual(
      lines.map((line) => line.split(":")[0]),
      ["region", "logs.retentionDays", "services.web.minReplicas"],
    );
  });

  const wrong: [title: string, changes: Slices, line: string][] = [
    [
      "an unknown slice",
      { nodez: { minSize: 1 } },
      "nodez: there is no such setting; nodes is the nearest",
    ],
    [
      "an unknown key",
      { nodes: { minsize: 1 } },
      "nodes.minsize: there is no such setting; minSize is the nearest",
    ],
    ["a missing slice", { logs: undefined }, "logs: is missing; allowed: a map of settings"],
    [
      "a slice that is no map",
      { nodes: "many" },
      'nodes: "many" is not allowed: a map of settings',
    ],
    [
      "an account that is no account",
      { accountId: "1234" },
      'accountId: "1234" is not allowed: 12 digits, in quotes',
    ],
    [
      "a number out of range",
      web({ drainSeconds: 1 }),
      "services.web.drainSeconds: 1 is not allowed: at least 5",
    ],
    [
      "text for a number",
      { nodes: { minSize: "two" } },
      'nodes.minSize: "two" is not allowed: a whole number from 1 to 450',
    ],
    [
      "a Kubernetes version that we do not know",
      { cluster: { kubernetesVersion: "1.29" } },
      'cluster.kubernetesVersion: "1.29" is not allowed: one of 1.35, 1.36',
    ],
    [
      "a tag that the controller would refuse in silence",
      { tags: { "elbv2.k8s.aws/cluster": "x" } },
      "tags: elbv2.k8s.aws/cluster is not allowed: 1 to 128 letters, digits, spaces and _.:/+@-, not beginning with aws: or elbv2.k8s.aws/, which AWS and the load balancer controller keep to themselves",
    ],
    [
      "a single zone",
      { network: { zones: ["eu-central-1a"] } },
      'network.zones: ["eu-central-1a"] is not allowed: at least 2 zones: EKS and the load balancer need two',
    ],
    [
      "a region in place of a zone",
      { network: { zones: ["eu-central-1a", "eu-central-1"] } },
      "network.zones: eu-central-1 is not a zone of region eu-central-1",
    ],
    [
      "a zone of another region",
      { network: { zones: ["eu-central-1a", "us-east-1a"] } },
      "network.zones: us-east-1a is not a zone of region eu-central-1",
    ],
    [
      "a zone named twice",
      { network: { zones: ["eu-central-1a", "eu-central-1a"] } },
      "network.zones: eu-central-1a, eu-central-1a names a zone twice",
    ],
    [
      "a network too small for its subnets",
      { network: { cidrBlock: "10.0.0.0/20" } },
      "network.cidrBlock: 10.0.0.0/20 is not allowed: a prefix from /16 (the most that AWS gives a VPC) to /19 (a load balancer needs a /27 in each zone)",
    ],
    [
      "a network larger than AWS gives a VPC",
      { network: { cidrBlock: "10.0.0.0/15" } },
      "network.cidrBlock: 10.0.0.0/15 is not allowed: a prefix from /16 (the most that AWS gives a VPC) to /19 (a load balancer needs a /27 in each zone)",
    ],
    [
      "a network with bits beyond its prefix",
      { network: { cidrBlock: "10.0.7.0/16" } },
      "network.cidrBlock: 10.0.7.0/16 has bits beyond its prefix",
    ],
    [
      "a public endpoint for nobody",
      { cluster: { publicAccess: true } },
      "cluster.publicAccessCidrs: is empty; a public endpoint needs the networks that may reach it",
    ],
    [
      "a public endpoint for everybody",
      { cluster: { publicAccess: true, publicAccessCidrs: ["0.0.0.0/0"] } },
      "cluster.publicAccessCidrs: 0.0.0.0/0 is not allowed: name the networks that may reach the endpoint",
    ],
    [
      "networks of an endpoint that is private",
      { cluster: { publicAccessCidrs: ["203.0.113.0/24"] } },
      "cluster.publicAccess: false goes with an empty cluster.publicAccessCidrs",
    ],
    [
      "a cluster without administrators",
      { cluster: { admins: [] } },
      "cluster.admins: is empty; nobody could reach the cluster",
    ],
    [
      "a principal with two kinds of access",
      { cluster: { viewers: valid.cluster.admins } },
      "cluster: arn:aws:iam::111122223333:role/PlatformAdmin is named twice in admins, deployers, viewers and auditors",
    ],
    [
      "a debugger without access",
      { cluster: { debug: ["arn:aws:iam::111122223333:role/Stranger"] } },
      "cluster.debug: arn:aws:iam::111122223333:role/Stranger has no access to the cluster; allowed: a principal of admins, deployers, viewers or auditors",
    ],
    [
      "a debugger named twice",
      { cluster: { debug: [...valid.cluster.admins, ...valid.cluster.admins] } },
      "cluster.debug: arn:aws:iam::111122223333:role/PlatformAdmin is named twice",
    ],
    [
      "debuggers of whom nothing is recorded",
      { cluster: { debug: valid.cluster.admins, logTypes: ["api"] } },
      "cluster.logTypes: audit is not in it, which records who of cluster.debug enters a container; allowed: with audit",
    ],
    [
      "a service whose image has the debug image's name",
      {
        cluster: { debug: valid.cluster.admins },
        services: { "debug-image": { ...valid.services.web, route: { path: "/debug" } } },
      },
      "services.debug-image: its image is named debug-image, as that of cluster.debugImage; allowed: another name",
    ],
    [
      "fewer nodes at most than at least",
      { nodes: { minSize: 9, desiredSize: 9, maxSize: 2 } },
      "nodes.minSize: 9 is above nodes.maxSize 2",
    ],
    [
      "a desired size out of bounds",
      { nodes: { desiredSize: 7 } },
      "nodes.desiredSize: 7 is not between nodes.minSize 2 and nodes.maxSize 4",
    ],
    [
      "an instance type of another architecture",
      { nodes: { instanceTypes: ["m5.large"] } },
      "nodes.instanceTypes: m5.large is amd64, but nodes.architecture is arm64",
    ],
    [
      "autoscaling bounds the wrong way round",
      web({ minReplicas: 6, maxReplicas: 3 }),
      "services.web.minReplicas: 6 is above services.web.maxReplicas 3",
    ],
    [
      "a rollout of more pods than there are",
      web({ maxSurge: 5 }),
      "services.web.maxSurge: 5 is above services.web.maxReplicas 4",
    ],
    [
      "a rollout of a share that is none",
      web({ maxSurge: "0%" }),
      'services.web.maxSurge: "0%" is not allowed: a number of pods from 1 to 1000, or a share from 1% to 100%',
    ],
    [
      "a rollout that the nodes have no room for",
      { autoscaler: { enabled: true }, ...web({ maxReplicas: 10, maxSurge: "100%" }) },
      "nodes.maxSize: 4 is too few for all pods at their most: no room for 1 of 2 cluster-autoscaler; allowed: at least 5",
    ],
    [
      "a health check that takes as long as the time between two",
      web({ route: { path: "/", healthCheck: { intervalSeconds: 5 } } }),
      "services.web.route.healthCheck.timeoutSeconds: 5 is not below services.web.route.healthCheck.intervalSeconds 5; allowed: 2 to 4",
    ],
    [
      "a service behind the load balancer without a pod",
      web({ minReplicas: 0 }),
      "services.web.minReplicas: 0 is not allowed behind the load balancer: at least 2, or each disruption is an outage",
    ],
    [
      "a worker without a pod that no queue starts again",
      worker({ minReplicas: 0 }),
      "services.mill.minReplicas: 0 is not allowed: only a worker with services.mill.scale.queue may have no pod; allowed: at least 1",
    ],
    [
      "a service without a pod that others call",
      worker({ worker: false, minReplicas: 0, scale: { queue } }),
      "services.mill.minReplicas: 0 is not allowed: only a worker with services.mill.scale.queue may have no pod; allowed: at least 1",
    ],
    [
      "a scale by nothing",
      web({ scale: {} }),
      "services.web.scale: names nothing to scale by; allowed: requestsPerSecond, queue, or no services.web.scale",
    ],
    [
      "a scale by requests that the load balancer does not see",
      worker({ worker: false, scale: { requestsPerSecond: 50 } }),
      "services.mill.scale.requestsPerSecond: 50 needs services.mill.route: the load balancer counts the requests",
    ],
    [
      "KEDA for which the nodes have no room",
      {
        nodes: { maxSize: 2 },
        ...web({ maxReplicas: 6, cpuMillicores: 300, scale: { requestsPerSecond: 50 } }),
      },
      "nodes.desiredSize: 2 (autoscaler.enabled is false: nothing adds nodes) is too few for all pods at their most: no room for 2 of 2 keda-operator, 2 of 2 keda-metrics-apiserver; allowed: at least 3",
    ],
    [
      "a request longer than the load balancer waits",
      web({ requestTimeoutSeconds: 60 }),
      "services.web.requestTimeoutSeconds: 60 is not below ingress.idleTimeoutSeconds 60; the load balancer would answer 504 first",
    ],
    [
      "permissions that nothing can use",
      web({ policyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"] }),
      "services.web.policyArns: needs an egress rule for port 443, on which AWS answers",
    ],
    [
      "a way to the instance metadata alone",
      web({ egress: [{ cidrBlock: "169.254.169.254/32", port: 80 }] }),
      "services.web.egress: 169.254.169.254/32 is the instance metadata, which no pod may reach",
    ],
    [
      "a repository without a digest",
      web({
        image: {
          context: "service",
          repositoryUrl: "111122223333.dkr.ecr.eu-central-1.amazonaws.com/service",
        },
      }),
      "services.web.image.repositoryUrl: needs services.web.image.digest; a stack that builds pushes to its own repository",
    ],
    [
      "a build context that is not there",
      web({ image: { context: "servce" } }),
      "services.web.image.context: servce is not a folder; allowed: a folder with a Dockerfile, such as service, in which everything can be read",
    ],
    [
      "a build context without a Dockerfile",
      web({ image: { context: "docs" } }),
      "services.web.image.context: docs has no file Dockerfile; allowed: a folder with a Dockerfile, such as service, in which everything can be read",
    ],
    [
      "an image from nowhere",
      web({ image: {} }),
      "services.web.image: needs a context to build, the reference of an image, sameAs a service, or the digest of an image that was pushed",
    ],
    [
      "no services at all",
      { services: JSON.stringify({}) },
      "services: {} is not allowed: at least one service",
    ],
    [
      "a service whose name is no name",
      { services: { Web_1: valid.services.web } },
      "services: Web_1 is not allowed: a name of 2 to 30 of a-z, 0-9 and single -, beginning with a letter",
    ],
    [
      "two services at one route",
      { services: { shop: valid.services.web } },
      "services.shop.route: / is the route of services.web too",
    ],
    [
      "a host that nothing names in DNS",
      web({ route: { hosts: ["shop.example.com"] } }),
      "services.web.route.hosts: shop.example.com needs domain, which names it in DNS",
    ],
    [
      "a host outside of the domain",
      { ...domain, ...web({ route: { hosts: ["shop.example.org"] } }) },
      "services.web.route.hosts: shop.example.org is not platform.example.com, or below it",
    ],
    [
      "a host name that is none",
      { domain: { ...domain.domain, hostName: "localhost" } },
      'domain.hostName: "localhost" is not allowed: a host name such as shop.example.com, of at most 64 characters',
    ],
    [
      "more host names than a certificate takes",
      { ...domain, services: tenShops },
      "services: 11 host names, but a certificate of ACM takes at most 10; allowed beyond: domain.certificateArns, or a wildcard in domain.additional",
    ],
    [
      "a name two labels below a domain's wildcard",
      {
        ...withDomain({ additional: [{ hostName: "*.example.org" }] }),
        ...web({ route: { hosts: ["a.b.example.org"] } }),
      },
      "services.web.route.hosts: a.b.example.org is not platform.example.com or *.example.org, or below it",
    ],
    [
      "a wildcard beside a name, which would come before other services' names",
      {
        ...domain,
        ...web({ route: { hosts: ["*.platform.example.com", "platform.example.com"] } }),
      },
      "services.web.route.hosts: *.platform.example.com beside other names; allowed: wildcards alone, or names alone, so that a name comes before a wildcard",
    ],
    [
      "a domain twice",
      withDomain({ additional: [{ hostName: "platform.example.com" }] }),
      "domain.additional.0.hostName: platform.example.com is named before; allowed: each name once",
    ],
    [
      "the role of a hosted zone that is not named",
      withDomain({
        additional: [
          { hostName: "example.org", hostedZoneRoleArn: "arn:aws:iam::444455556666:role/records" },
        ],
      }),
      "domain.additional.0.hostedZoneRoleArn: arn:aws:iam::444455556666:role/records needs domain.additional.0.hostedZoneId, the zone that it changes",
    ],
    [
      "a certificate of another region",
      withDomain({ certificateArns: ["arn:aws:acm:us-east-1:111122223333:certificate/0a1b"] }),
      "domain.certificateArns: arn:aws:acm:us-east-1:111122223333:certificate/0a1b is not of the stack's region and account; allowed: arn:aws:acm:eu-central-1:111122223333:certificate/…",
    ],
    [
      "a server certificate of IAM",
      withDomain({ certificateArns: ["arn:aws:iam::111122223333:server-certificate/shop"] }),
      'domain.certificateArns.0: "arn:aws:iam::111122223333:server-certificate/shop" is not allowed: the ARN of a certificate of ACM',
    ],
    [
      "one host name for two services",
      {
        ...domain,
        services: {
          web: {
            ...valid.services.web,
            route: { hosts: ["a.platform.example.com", "b.platform.example.com"] },
          },
          shop: { ...valid.services.web, route: { hosts: ["b.platform.example.com"] } },
        },
      },
      "services.shop.route: b.platform.example.com/ is the route of services.web too",
    ],
    [
      "environments of pull requests without host names",
      { pullRequests: { environments: 2 } },
      "pullRequests.environments: 2 needs domain, below which each environment has its host name",
    ],
    [
      "more environments than a load balancer has target groups for",
      { ...domain, services: tenShops, pullRequests: { environments: 10 } },
      "pullRequests.environments: 10 with 11 services each are more than the 100 target groups of a load balancer; allowed: at most 8",
    ],
    [
      "a service in the namespace of an environment",
      {
        ...domain,
        pullRequests: { environments: 1 },
        services: { "pr-1-web": { ...valid.services.web, route: { path: "/pr" } } },
      },
      "services.pr-1-web: is not allowed with pullRequests.environments, whose namespaces begin so",
    ],
    [
      "environments that find no room",
      { ...domain, autoscaler, pullRequests: { environments: 12 } },
      "nodes.maxSize: 4 is too few for all pods at their most: no room for 9 of 24 web of pull requests, 1 of 2 cluster-autoscaler; allowed: at least 6",
    ],
    [
      "spare capacity without an autoscaler",
      { autoscaler: { spareCapacity: { replicas: 1 } } },
      "autoscaler.spareCapacity.replicas: 1 needs autoscaler.enabled: only the autoscaler adds a node when these pods give way",
    ],
    [
      "a service in the namespace of spare capacity",
      {
        autoscaler: { enabled: true, spareCapacity: { replicas: 1 } },
        services: { "spare-capacity": { ...valid.services.web, route: { path: "/room" } } },
      },
      "services.spare-capacity: is not allowed with autoscaler.spareCapacity, whose namespace has that name",
    ],
    [
      "Spot of a single type",
      { nodes: { capacityType: "SPOT", instanceTypes: ["t4g.medium", "t4g.medium"] } },
      "nodes.instanceTypes: t4g.medium, t4g.medium is not enough for nodes.capacityType SPOT: at least 2 types, or one that AWS runs out of takes all nodes",
    ],
    [
      "pods that need longer to end than Spot leaves them",
      { ...spot, ...web({ drainSeconds: 40 }) },
      "services.web.drainSeconds: 40 with services.web.requestTimeoutSeconds 30 gives a pod 122 seconds to end, but nodes.capacityType SPOT at most 120; allowed: shorter times, or nodes.capacityType ON_DEMAND",
    ],
    [
      "Spot in production",
      { ...production, ...spot },
      "nodes.capacityType: SPOT is not allowed in production: all nodes are Spot then, and none is left when AWS has none",
    ],
    [
      "Spot types smaller than the one that the autoscaler takes them for",
      { autoscaler, nodes: { instanceTypes: ["t4g.medium", "t4g.small"] } },
      "nodes.instanceTypes: t4g.small has less vCPUs or memory than t4g.medium, and the autoscaler takes every node for one of the first type",
    ],
    [
      "types of different sizes, which the autoscaler cannot tell",
      {
        autoscaler,
        nodes: {
          capacityType: "ON_DEMAND",
          instanceTypes: ["m7g.large", "m6g.large", "m7g.xlarge"],
        },
      },
      "nodes.instanceTypes: m7g.xlarge has not the vCPUs and memory of m7g.large, and the autoscaler takes every node for one of the first type",
    ],
    [
      "a pod larger than a node",
      web({ memoryMiB: 4096 }),
      "services.web: 250 millicores and 4096 MiB for a pod are more than a node has left: 1470 millicores and 2960 MiB with nodes.instanceTypes t4g.medium",
    ],
    [
      "more pods than the largest group holds",
      { autoscaler, ...web({ maxReplicas: 30 }) },
      "nodes.maxSize: 4 is too few for all pods at their most: no room for 11 of 31 web, 1 of 2 cluster-autoscaler; allowed: at least 7",
    ],
    [
      "more pods than there are nodes for, by the names of the first three and the number of the others",
      {
        nodes: { minSize: 1, desiredSize: 1 },
        jobs: {
          large: { image: { sameAs: "web" }, cpuMillicores: 1400, cpuLimitMillicores: 1400 },
        },
      },
      "nodes.desiredSize: 1 (autoscaler.enabled is false: nothing adds nodes) is too few for all pods at their most: no room for 1 of 1 large, 2 of 2 metrics-server, 2 of 2 aws-load-balancer-controller, 1 more; allowed: at least 3",
    ],
    [
      "more pods than there are nodes for, where nothing adds one",
      web({ maxReplicas: 12 }),
      "nodes.desiredSize: 2 (autoscaler.enabled is false: nothing adds nodes) is too few for all pods at their most: no room for 3 of 13 web, 2 of 2 aws-load-balancer-controller, 1 of 1 amazon-cloudwatch-observability; allowed: at least 3",
    ],
    [
      "a namespace of Kubernetes' own",
      { services: { "kube-system": webSettings } },
      "services.kube-system: is not allowed: the namespace is Kubernetes's",
    ],
    [
      "a namespace of an add-on",
      { services: { "amazon-cloudwatch": webSettings } },
      "services.amazon-cloudwatch: is not allowed: the namespace is AWS's",
    ],
    [
      "more services than a load balancer has target groups",
      {
        services: Object.fromEntries(
          Array.from({ length: 120 }, (_, at) => [
            `service-${at}`,
            { ...webSettings, route: { path: `/${at}` } },
          ]),
        ),
      },
      "services: 121 services with a route are more than the 100 target groups of a load balancer; allowed: at most 100",
    ],
    [
      "a region that AWS does not have",
      { region: "eu-central-9" },
      "region: eu-central-9 is not known; allowed: eu-central-1",
    ],
    [
      "a network of the internet for the VPC",
      { network: { cidrBlock: "8.8.0.0/16" } },
      "network.cidrBlock: 8.8.0.0/16 is not allowed: a part of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, which nobody has on the internet",
    ],
    [
      "more networks than EKS lets to its endpoint",
      {
        cluster: {
          publicAccess: true,
          publicAccessCidrs: Array.from({ length: 41 }, (_, at) => `203.0.113.${at}/32`),
        },
      },
      "cluster.publicAccessCidrs: 41 networks are more than EKS takes; allowed: at most 40",
    ],
    [
      "a tag with a comma, at which the controller would split it",
      { tags: { teams: "shop,web" } },
      'tags.teams: "shop,web" is not allowed: at most 256 letters, digits, spaces and _.:/=+@-, which IAM and Elastic Load Balancing take',
    ],
    [
      "more networks than a security group has rules",
      { ingress: { inboundCidrs: Array.from({ length: 31 }, (_, at) => `203.0.113.${at}/32`) } },
      "ingress.inboundCidrs: 31 networks on 2 ports are more than the 60 rules of a security group; allowed: at most 30",
    ],
    [
      "more tags than a resource has",
      { tags: Object.fromEntries(Array.from({ length: 41 }, (_, at) => [`tag-${at}`, "x"])) },
      "tags: 41 are more than a resource has besides the program's and the controller's; allowed: at most 40",
    ],
    [
      "a pod that ends later than EKS waits in an update of its node",
      {
        ...web({ drainSeconds: 300, requestTimeoutSeconds: 300 }),
        ingress: { idleTimeoutSeconds: 400 },
      },
      "services.web.drainSeconds: 300 with services.web.requestTimeoutSeconds 300 gives a pod 912 seconds to end, but an update of a node at most 900; allowed: shorter times",
    ],
    [
      "an image release of the nodes for another Kubernetes version",
      { nodes: { release: "1.35.4-20261101" } },
      "nodes.release: 1.35.4-20261101 is not for cluster.kubernetesVersion 1.36",
    ],
    [
      "spare capacity that finds no room",
      { autoscaler: { enabled: true, spareCapacity: { replicas: 20 } } },
      "nodes.maxSize: 4 is too few for all pods at their most: no room for 15 of 20 spare-capacity; allowed: at least 12",
    ],
    [
      "spare capacity larger than a node",
      {
        autoscaler: { enabled: true, spareCapacity: { replicas: 1, memoryMiB: 4096 } },
      },
      "nodes.maxSize: 4 is too few for all pods at their most: no room for 1 of 1 spare-capacity; allowed: fewer or smaller pods",
    ],
    [
      "endpoints of a network without a way out for which a subnet has no addresses",
      {
        network: {
          cidrBlock: "10.0.0.0/19",
          zones: ["eu-central-1a", "eu-central-1b"],
          egress: "none",
          interfaceEndpoints: Array.from({ length: 10 }, (_, at) => `service-${at}`),
        },
        nodes: { maxSize: 50 },
      },
      "nodes.maxSize: 50 needs 508 addresses in a private subnet (18 a node, 22 for AWS), but with network.cidrBlock 10.0.0.0/19 it has 507; allowed: at most 48",
    ],
    [
      "more nodes than a subnet has addresses for",
      {
        network: { cidrBlock: "10.0.0.0/19", zones: ["eu-central-1a", "eu-central-1b"] },
        nodes: { maxSize: 60 },
      },
      "nodes.maxSize: 60 needs 582 addresses in a private subnet (18 a node, 6 for AWS), but with network.cidrBlock 10.0.0.0/19 it has 507; allowed: at most 50",
    ],
    [
      "two who trace each request",
      { insights: { traces: true, applicationSignals: true } },
      "insights.traces: true goes without insights.applicationSignals, which traces each request itself",
    ],
    [
      "an add-on too old for OpenTelemetry",
      {
        insights: { variant: "opentelemetry" },
        cluster: { addonVersions: { "amazon-cloudwatch-observability": "v6.1.9-eksbuild.1" } },
      },
      "insights.variant: opentelemetry needs at least v6.2.0 in cluster.addonVersions.amazon-cloudwatch-observability, not v6.1.9-eksbuild.1",
    ],
    [
      "OpenTelemetry by an add-on of which nobody knows the version",
      { insights: { variant: "opentelemetry" } },
      "insights.variant: opentelemetry needs at least v6.2.0 in cluster.addonVersions.amazon-cloudwatch-observability, not AWS's default, which may be older",
    ],
    [
      "an add-on that puts an agent into every pod",
      { cluster: { addonVersions: { "amazon-cloudwatch-observability": "v3.7.0-eksbuild.1" } } },
      "cluster.addonVersions.amazon-cloudwatch-observability: v3.7.0-eksbuild.1 cannot be told to leave pods alone; allowed: at least v4.0.0",
    ],
    [
      "alarms on metrics that the variant does not have",
      {
        alarms: { enabled: true, emails: ["on-call@example.com"] },
        insights: { variant: "opentelemetry" },
        cluster: { addonVersions: { "amazon-cloudwatch-observability": "v6.4.0-eksbuild.1" } },
      },
      "alarms.enabled: true needs insights.variant enhanced; opentelemetry has no metrics of nodes and pods for alarms",
    ],
    [
      "alarms that nobody hears of",
      { alarms: { enabled: true } },
      "alarms.enabled: true needs somebody in alarms.emails or alarms.httpsEndpoints to hear of them",
    ],
    [
      "sleep of production",
      { ...production, nodes: { schedule: { sleep: "0 19 * * 1-5", wake: "0 7 * * 1-5" } } },
      "nodes.schedule: is not allowed in production: while a stack sleeps, its load balancer answers 503",
    ],
    [
      "sleep on a day of the month",
      { nodes: { schedule: { sleep: "0 19 1 * *", wake: "0 7 * * 1-5" } } },
      'nodes.schedule.sleep: "0 19 1 * *" is not allowed: minute, hour, * * and days of the week such as 0 19 * * 1-5',
    ],
    [
      "sleep on an eighth day",
      { nodes: { schedule: { sleep: "0 19 * * 1-7", wake: "0 7 * * 1-5" } } },
      "nodes.schedule.sleep: 0 19 * * 1-7 has the day of the week 7; allowed: 0 to 6",
    ],
    [
      "a wake that no sleep precedes",
      { nodes: { schedule: { sleep: "0 19 * * 1-5", wake: "0 7 * * *" } } },
      "nodes.schedule.wake: 0 7 * * * comes due twice without nodes.schedule.sleep 0 19 * * 1-5 between, and takes the nodes back to nodes.minSize then; allowed: one wake after each sleep",
    ],
    [
      "sleep that ends as it begins",
      { nodes: { schedule: { sleep: "0 7 * * *", wake: "0 7 * * 1" } } },
      "nodes.schedule: sleep 0 7 * * * and wake 0 7 * * 1 come due at one time; allowed: at different times",
    ],
    [
      "sleep in a time zone that is none",
      {
        nodes: {
          schedule: { sleep: "0 19 * * *", wake: "0 7 * * *", timeZone: "Europe/Atlantis" },
        },
      },
      "nodes.schedule.timeZone: Europe/Atlantis is not known; allowed: a time zone of the IANA database such as Europe/Berlin",
    ],
    [
      "a budget that nobody hears of",
      { budget: { monthly: 200 } },
      "budget.monthly: needs somebody in budget.emails or alarms.emails to hear of it",
    ],
    [
      "addresses of a budget without an amount",
      { budget: { emails: ["accounts@example.com"] } },
      "budget.emails: goes with budget.monthly, of which they hear",
    ],
    [
      "a budget of nothing",
      { budget: { monthly: 0, emails: ["accounts@example.com"] } },
      "budget.monthly: 0 is not allowed: at least 1",
    ],
    [
      "more addresses of alarms than a budget takes",
      { budget: { monthly: 200 }, alarms: { emails: elevenEmails } },
      "alarms.emails: 11 addresses are more than AWS Budgets takes of budget.monthly; allowed: at most 10, or others in budget.emails",
    ],
    [
      "more addresses than a budget takes",
      { budget: { monthly: 200, emails: elevenEmails } },
      `budget.emails: ${JSON.stringify(elevenEmails)} is not allowed: at most 10 addresses: AWS Budgets takes no more`,
    ],
    [
      "an address that is none",
      { alarms: { emails: ["on-call"] } },
      'alarms.emails.0: "on-call" is not allowed: an e-mail address',
    ],
    [
      "a promise that cannot be broken fast",
      { serviceLevel: { availabilityPercent: 90 } },
      "serviceLevel.availabilityPercent: 90 is not allowed: at least 95",
    ],
    [
      "production with a load balancer that anyone may delete",
      { ...production, ingress: {} },
      "ingress.deletionProtection: false is not allowed in production",
    ],
    [
      "production with code that nobody has merged",
      { ...production, ...domain, pullRequests: { environments: 1 } },
      "pullRequests.environments: 1 is not allowed in production: it runs code that nobody has merged",
    ],
    [
      "production without deletion protection",
      { ...production, cluster: {} },
      "cluster.deletionProtection: false is not allowed in production",
    ],
    [
      "production with a registry that deletes its images",
      { ...production, registry: { forceDelete: true } },
      "registry.forceDelete: true is not allowed in production",
    ],
    [
      "an alias for a signing key",
      { registry: { signingKey: "arn:aws:kms:eu-central-1:111122223333:alias/signing" } },
      'registry.signingKey: "arn:aws:kms:eu-central-1:111122223333:alias/signing" is not allowed: the ARN of a KMS key such as arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    ],
    [
      "production with fault injection",
      { ...production, ...web({ faultInjection: true }) },
      "services.web.faultInjection: true is not allowed in production",
    ],
    [
      "production with short logs",
      { ...production, logs: { retentionDays: 14 } },
      "logs.retentionDays: 14 is not allowed in production: at least 30",
    ],
  ];
  for (const [title, changes, line] of wrong) {
    it(`refuses ${title}`, () =>
      assert.ok(problems(changes).includes(line), problems(changes).join("\n")));
  }

  it("asks one certificate for the host names of all domains, each with its hosted zone", () => {
    const settings = {
      autoscaler,
      nodes: { maxSize: 9 },
      ...withDomain({
        additional: [
          { hostName: "*.tenants.example.org", hostedZoneId: "Z1111111111EXAMPLE" },
          { hostName: "shop.platform.example.com", hostedZoneId: "Z2222222222EXAMPLE" },
        ],
      }),
      services: {
        web: { ...valid.services.web, route: { hosts: ["a.tenants.example.org"] } },
        shop: { ...valid.services.web, route: { hosts: ["x.shop.platform.example.com"] } },
      },
    };
    const names = load(settings).edge.domain?.hostNames ?? [];
    assert.deepEqual(
      names.map(({ hostName, hostedZoneId }) => `${hostName} ${hostedZoneId}`),
      [
        "platform.example.com Z0123456789ABC",
        "x.shop.platform.example.com Z2222222222EXAMPLE",
        "*.tenants.example.org Z1111111111EXAMPLE",
        "shop.platform.example.com Z2222222222EXAMPLE",
      ],
    );
  });

  it("accepts more host names than a certificate takes, with certificates of one's own", () => {
    const arn = "arn:aws:acm:eu-central-1:111122223333:certificate/0a1b";
    const changes = { ...withDomain({ certificateArns: [arn] }), services: tenShops };
    assert.ok(!problems(changes).some((line) => line.includes("ACM")));
  });

  it("accepts a production stack that is protected", () =>
    assert.deepEqual(problems(production), []));

  it("accepts permissions with a way to AWS, in a network that the instance metadata is part of", () => {
    const policyArns = ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"];
    const egress = [{ cidrBlock: "0.0.0.0/0", port: 443 }];
    assert.deepEqual(problems(web({ policyArns, egress })), []);
  });

  it("accepts types of different sizes where no autoscaler adds nodes", () => {
    const instanceTypes = ["m7g.large", "m7g.xlarge"];
    load({ autoscaler: { enabled: false }, nodes: { instanceTypes } });
  });

  it("takes Spot in development where there are types to choose from, and else what is on demand", () => {
    const capacityType = (nodes: Record<string, unknown>, changes: Slices = {}) =>
      load({ nodes, ...changes }).cluster.nodes.capacityType;
    const instanceTypes = ["t4g.medium", "c7g.large"];
    assert.equal(capacityType({ instanceTypes }), "SPOT");
    assert.equal(capacityType({ instanceTypes: ["t4g.medium", "t4g.medium"] }), "ON_DEMAND");
    assert.equal(capacityType({ instanceTypes, capacityType: "ON_DEMAND" }), "ON_DEMAND");
    assert.equal(capacityType({ instanceTypes }, production), "ON_DEMAND");
  });

  it("accepts Spot of larger types than the first", () => {
    assert.deepEqual(problems({ nodes: { instanceTypes: ["t4g.medium", "t4g.large"] } }), []);
  });

  it("accepts Spot with types to choose from and pods that end in time", () => {
    assert.deepEqual(problems(spot), []);
    assert.deepEqual(problems({ ...spot, ...web({ drainSeconds: 39 }) }), []);
  });

  it("accepts no more pods than the largest group has CPU, memory and pods for", () => {
    const nodeOf = { cpuMillicores: 1930, memoryMiB: 4096, pods: 17 };
    fc.assert(
      fc.property(
        fc.record({
          maxSize: fc.integer({ min: 2, max: 12 }),
          maxReplicas: fc.integer({ min: 2, max: 60 }),
          cpuMillicores: fc.integer({ min: 50, max: 1000 }),
          memoryMiB: fc.integer({ min: 128, max: 2048 }),
          replicas: fc.integer({ min: 0, max: 10 }),
        }),
        ({ maxSize, maxReplicas, cpuMillicores, memoryMiB, replicas }) => {
          const accepted = problems({
            autoscaler: { enabled: true, spareCapacity: { replicas, cpuMillicores, memoryMiB } },
            nodes: { maxSize },
            ...web({ maxReplicas, cpuMillicores, memoryMiB }),
          });
          if (accepted.length > 0) return;
          const { maxSurge } = load({
            autoscaler: { enabled: true, spareCapacity: { replicas, cpuMillicores, memoryMiB } },
            nodes: { maxSize },
            ...web({ maxReplicas, cpuMillicores, memoryMiB }),
          }).services.services.web as { maxSurge: number };
          assert.ok(maxSurge >= 1);
          const pods = maxReplicas + maxSurge + replicas;
          assert.ok(pods * cpuMillicores <= maxSize * nodeOf.cpuMillicores);
          assert.ok(pods * memoryMiB <= maxSize * nodeOf.memoryMiB);
          assert.ok(pods + 4 * maxSize <= maxSize * nodeOf.pods);
        },
      ),
    );
  });

  describe("gives each rollout as many pods as the nodes have room for", () => {
    const surges = (changes: Slices) => {
      const { services } = load({ autoscaler: { enabled: true }, ...changes }).services;
      return Object.values(services).map(({ maxSurge }) => maxSurge);
    };
    const both = (more: object = {}) => ({
      services: {
        web: { ...valid.services.web, maxReplicas: 9, ...more },
        shop: { ...valid.services.web, route: { path: "/shop" } },
      },
    });

    it("all of them, or a share of all services, or one", () => {
      assert.deepEqual(surges({}), [4]);
      assert.deepEqual(surges(web({ maxReplicas: 12 })), [6]);
      assert.deepEqual(surges(web({ maxReplicas: 16 })), [2]);
      assert.deepEqual(surges(both()), [4, 2]);
      assert.deepEqual(surges({ nodes: { maxSize: 9 }, ...both() }), [9, 4]);
    });

    it("by the nodes that there are where nothing adds one", () => {
      const still = { autoscaler: { enabled: false }, ...web({ maxReplicas: 6 }) };
      assert.deepEqual(surges(still), [2]);
      assert.deepEqual(surges({ ...still, nodes: { desiredSize: 4 } }), [6]);
    });

    it("one where the room of a node is not known", () =>
      assert.deepEqual(surges({ nodes: { instanceTypes: ["t9z.medium"] } }), [1]));

    it("but leaves a service its own number, for which the others make room", () => {
      assert.deepEqual(surges(both({ maxSurge: 1 })), [1, 4]);
      assert.deepEqual(surges(both({ maxSurge: "50%" })), ["50%", 1]);
    });
  });

  it("lets a rollout wait for its health checks, however rare they are", () => {
    const slow = (healthCheck?: object) =>
      clockOf(
        load(web({ route: { path: "/", healthCheck } })).services.services.web as ServiceConfig,
        { idleTimeoutSeconds: 60 },
      ).progressDeadlineSeconds;
    assert.equal(slow({ intervalSeconds: 300 }) - slow(), 4 * 290);
  });

  it("checks neither capacity nor architecture of types that it does not know", () => {
    for (const type of ["g5.xlarge", "m9i.large", "t9z.medium"]) {
      const nodes = { architecture: "amd64", instanceTypes: [type] };
      assert.deepEqual(problems({ nodes, ...web({ maxReplicas: 1000 }) }), [], type);
    }
    assert.deepEqual(problems({ nodes: { instanceTypes: ["t9z.medium"] } }), []);
  });

  it("lets a node run for as long as the slowest pod drains", () => {
    const { autoscaler: slice } = load({
      autoscaler,
      services: {
        web: { ...valid.services.web, drainSeconds: 300 },
        shop: { ...valid.services.web, route: { path: "/shop" } },
      },
    });
    assert.equal(slice.longestGraceSeconds, 642);
  });

  it("lets a worker go to zero whose queue starts it again", () => {
    const { services } = load({
      nodes: { desiredSize: 4 },
      ...worker({ minReplicas: 0, scale: { queue } }),
    }).services;
    assert.equal(services.mill?.minReplicas, 0);
    assert.deepEqual(services.mill?.scale, { queue });
  });

  it("tells KEDA what it reads, each queue once, and nothing where no service needs it", () => {
    const keda = (changes: Slices) => load(changes).keda;
    const none = {
      requests: false,
      queues: [],
      queueResources: [],
      clusterName: "platform-dev",
    };
    assert.deepEqual(keda({}), none);
    assert.deepEqual(problems(web({ maxReplicas: 6, cpuMillicores: 300 })), [], "room without it");
    assert.deepEqual(keda(web({ scale: { requestsPerSecond: 50 } })), { ...none, requests: true });
    const own = "https://sqs.eu-central-1.amazonaws.com/111122223333/orders";
    const other = "https://sqs.eu-west-1.amazonaws.com/444455556666/mail.fifo";
    const services = {
      web: { ...valid.services.web, scale: { queue: { ...queue, name: own } } },
      mill: { image: { context: "service" }, worker: true, scale: { queue } },
      mail: {
        image: { context: "service" },
        worker: true,
        scale: { queue: { ...queue, name: other } },
      },
    };
    assert.deepEqual(keda({ nodes: { maxSize: 20, desiredSize: 10 }, services }).queues, [
      "arn:aws:sqs:eu-central-1:111122223333:orders",
      "arn:aws:sqs:eu-west-1:444455556666:mail.fifo",
    ]);
  });

  it("tells Graviton families from the others", () => {
    for (const type of [
      "t4g.medium",
      "m7gd.large",
      "c8gn.xlarge",
      "im4gn.large",
      "hpc7g.4xlarge",
    ]) {
      assert.deepEqual(problems({ nodes: { instanceTypes: [type] } }), [], type);
    }
    for (const type of ["t3.medium", "m7i.large", "c6in.xlarge", "g5.xlarge", "p5en.48xlarge"]) {
      const nodes = { architecture: "amd64", instanceTypes: [type] };
      assert.deepEqual(problems({ nodes }), [], type);
    }
  });
});
