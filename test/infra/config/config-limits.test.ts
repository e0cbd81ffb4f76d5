import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, it } from "mocha";
import { settingsSchema } from "../../../infra/config/schema.ts";

/** The least that a stack must say, and in which each number has its place. */
const least = {
  region: "eu-central-1",
  accountId: "111122223333",
  environment: "development",
  network: { zones: ["eu-central-1a", "eu-central-1b"] },
  cluster: { name: "platform", kubernetesVersion: "1.36" },
  nodes: { instanceTypes: ["t4g.medium"], minSize: 2, maxSize: 4 },
  logs: { retentionDays: 7 },
  services: {
    web: {
      image: { context: "service" },
      health: { ready: { tcp: 8080 } },
      release: { command: ["migrate"] },
      egress: [{ cidrBlock: "10.0.0.0/8", port: 5432 }],
    },
  },
  jobs: { tidy: { image: { context: "service" } } },
};

function withValue(key: string, value: unknown): unknown {
  const settings = structuredClone(least) as Record<string, unknown>;
  const path = key.split(".");
  const last = path.pop() as string;
  let at = settings;
  for (const part of path) {
    at[part] ??= {};
    at = at[part] as Record<string, unknown>;
  }
  at[last] = value;
  return settings;
}
const takes = (key: string, value: unknown) =>
  settingsSchema.safeParse(withValue(key, value)).success;

/** Least and most, and who says so. */
const limits: [key: string, least: number, most: number, source: string][] = [
  ["nodes.minSize", 1, 450, "EKS quota: nodes of a managed node group"],
  ["nodes.desiredSize", 1, 450, "EKS quota: nodes of a managed node group"],
  ["nodes.maxSize", 1, 450, "EKS quota: nodes of a managed node group"],
  ["nodes.diskSizeGiB", 20, 16_384, "EKS's image needs 20 GiB; EBS: a gp3 volume has 16 TiB"],
  ["autoscaler.spareCapacity.replicas", 0, 1000, "none, or as many as a service"],
  [
    "autoscaler.spareCapacity.cpuMillicores",
    10,
    64_000,
    "a pod that runs, on the largest common node",
  ],
  ["autoscaler.spareCapacity.memoryMiB", 16, 65_536, "the same"],
  ["registry.untaggedRetentionDays", 1, 365, "ECR: a count of days from 1; a year is enough"],
  ["services.web.minReplicas", 0, 1000, "none for a worker; behind the load balancer two"],
  ["services.web.maxReplicas", 1, 1000, "ELB: 1000 targets of a target group"],
  ["services.web.maxSurge", 1, 1000, "as many as the most pods"],
  ["services.web.route.healthCheck.intervalSeconds", 5, 300, "ELB: of an ALB's target group"],
  ["services.web.route.healthCheck.timeoutSeconds", 2, 120, "the same"],
  ["services.web.route.healthCheck.healthyThreshold", 2, 10, "the same"],
  ["services.web.route.healthCheck.unhealthyThreshold", 2, 10, "the same"],
  ["services.web.targetCpuPercent", 10, 95, "over 95 the autoscaler comes too late"],
  ["services.web.scale.requestsPerSecond", 1, 100_000, "more than a pod answers"],
  ["services.web.cpuMillicores", 10, 64_000, "a pod that runs, on the largest common node"],
  ["services.web.cpuLimitMillicores", 10, 64_000, "the same"],
  ["services.web.memoryMiB", 16, 65_536, "what a small static binary runs in"],
  ["services.web.drainSeconds", 5, 900, "below, a target is still sent to; an update waits 900 s"],
  ["services.web.requestTimeoutSeconds", 1, 3595, "ELB: deregistration delay of 3600 s, less 5"],
  ["services.web.maxBodyKiB", 1, 10_240, "the service itself takes 10 MiB"],
  ["services.web.port", 1, 65_535, "Kubernetes: a containerPort; 0 is none"],
  ["services.web.health.ready.tcp", 1, 65_535, "the same"],
  ["services.web.health.ready.periodSeconds", 1, 300, "Kubernetes: from 1; five minutes are long"],
  ["services.web.health.ready.timeoutSeconds", 1, 60, "Kubernetes: from 1; a minute is long"],
  ["services.web.health.ready.failures", 1, 600, "Kubernetes: from 1; ten minutes by the second"],
  ["services.web.user", 1, 2_147_483_647, "Kubernetes: 31 bits of runAsUser; 0 is root"],
  ["services.web.group", 1, 2_147_483_647, "the same of runAsGroup and fsGroup"],
  ["services.web.writable./tmp", 1, 65_536, "as much as memory; a node's volume is its end"],
  ["services.web.targetMemoryPercent", 10, 95, "as of the CPU"],
  ["services.web.nodeHeapPercent", 10, 90, "Node.js needs memory besides its heap"],
  ["services.web.release.deadlineSeconds", 1, 3600, "an hour: a deployment waits for it"],
  ["services.web.release.retries", 0, 10, "Kubernetes: backoffLimit from 0; its delays double"],
  ["services.web.egress.0.port", 1, 65_535, "Kubernetes: a port of a NetworkPolicy"],
  ["jobs.tidy.deadlineSeconds", 1, 604_800, "Kubernetes: from 1; a week, until nodes are replaced"],
  ["jobs.tidy.retries", 0, 10, "Kubernetes: backoffLimit from 0; its delays double"],
  ["jobs.tidy.keepRuns", 1, 20, "Kubernetes: history limits; with none nobody sees a failure"],
  ["jobs.tidy.memoryMiB", 16, 65_536, "as of a service"],
  ["ingress.idleTimeoutSeconds", 1, 4000, "ELB: idle timeout"],
  ["pullRequests.environments", 0, 20, "none, or what a cluster's nodes bear"],
  ["pullRequests.days", 1, 30, "a month after the last commit nobody looks"],
  ["firewall.requestsPerFiveMinutes", 10, 2_000_000_000, "WAF: limit of a rate-based rule"],
  ["loadBalancerLogs.retentionDays", 1, 3653, "ten years, the most that CloudWatch Logs keeps"],
  ["serviceLevel.latencyMilliseconds", 1, 60_000, "a minute: the default idle timeout"],
];

describe("a number in the settings", () => {
  for (const [key, from, to, source] of limits) {
    it(`${key} is from ${from} to ${to} (${source})`, () => {
      for (const value of [from, to]) assert.ok(takes(key, value), String(value));
      for (const value of [from - 1, to + 1, from + 0.5, String(from), null]) {
        assert.ok(!takes(key, value), JSON.stringify(value));
      }
    });
  }

  it("of a promise is within what a fast burn can break", () => {
    for (const key of ["serviceLevel.availabilityPercent", "serviceLevel.latencyPercent"]) {
      for (const value of [95, 99.9, 99.999]) assert.ok(takes(key, value));
      for (const value of [94.99, 100, 99.9995, "99"]) assert.ok(!takes(key, value));
    }
  });

  it("of messages for a pod is from 1 to 1000000, and goes with a queue", () => {
    const queue = (messagesPerPod: unknown, name: unknown = "orders") =>
      takes("services.web.scale.queue", { name, messagesPerPod });
    for (const value of [1, 1_000_000]) assert.ok(queue(value), String(value));
    for (const value of [0, 1_000_001, 1.5, "5", undefined]) assert.ok(!queue(value), `${value}`);
    for (const name of [
      "a".repeat(80),
      "Orders_1.fifo",
      `https://sqs.eu-west-1.amazonaws.com/444455556666/${"a".repeat(75)}.fifo`,
    ]) {
      assert.ok(queue(5, name), name);
    }
    for (const name of [
      "a".repeat(81),
      `${"a".repeat(76)}.fifo`,
      "",
      "orders.fif",
      "arn:aws:sqs:eu-central-1:111122223333:orders",
      "https://sqs.eu-west-1.amazonaws.com/1/orders",
      "http://sqs.eu-west-1.amazonaws.com/444455556666/orders",
      undefined,
    ]) {
      assert.ok(!queue(5, name === undefined ? 7 : name), name);
    }
  });

  it("of days is one that CloudWatch Logs keeps, by the provider's own words", () => {
    const provider = createRequire(import.meta.url).resolve("@pulumi/aws/cloudwatch/logGroup.d.ts");
    const [, words = ""] =
      /Possible values are: ([\d, and]+)/.exec(readFileSync(provider, "utf8")) ?? [];
    const days = words.match(/\d+/g)?.map(Number) ?? [];
    assert.equal(days.length, 23);
    for (const one of days) assert.equal(takes("logs.retentionDays", one), one !== 0, String(one));
    for (const one of [2, 4, 8, 366, 10_000]) assert.ok(!takes("logs.retentionDays", one));
  });
});

describe("a list in the settings", () => {
  it("of control plane logs has the five that EKS has", () => {
    const names = ["api", "audit", "authenticator", "controllerManager", "scheduler"];
    for (const name of names) assert.ok(takes("cluster.logTypes", [name]), name);
    assert.ok(!takes("cluster.logTypes", ["kubelet"]));
    assert.deepEqual(settingsSchema.parse(least).cluster.logTypes, names);
  });

  it("of zones has two to six, of policies ten at most, of networks one at least", () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => `eu-central-1${at}`);
    for (const [count, good] of [
      [1, false],
      [2, true],
      [6, true],
      [7, false],
    ] as const) {
      assert.equal(takes("network.zones", many(count)), good, String(count));
    }
    const policies = (count: number) =>
      Array.from({ length: count }, (_, at) => `arn:aws:iam::111122223333:policy/P${at}`);
    assert.ok(takes("services.web.policyArns", policies(10)));
    assert.ok(!takes("services.web.policyArns", policies(11)));
    assert.ok(!takes("ingress.inboundCidrs", []) && takes("ingress.inboundCidrs", ["10.0.0.0/8"]));
    assert.ok(!takes("nodes.instanceTypes", []));
    assert.ok(!takes("services", {}));
  });

  it("of pinned add-ons may name each that the cluster has", () => {
    for (const name of [
      ...["vpc-cni", "kube-proxy", "coredns", "metrics-server", "eks-node-monitoring-agent"],
      "amazon-cloudwatch-observability",
    ]) {
      assert.ok(takes("cluster.addonVersions", { [name]: "v1.20.4-eksbuild.2" }), name);
      assert.ok(!takes("cluster.addonVersions", { [name]: "1.20.4" }), name);
    }
    assert.ok(!takes("cluster.addonVersions", { "aws-ebs-csi-driver": "v1.20.4-eksbuild.2" }));
  });
});

describe("a choice in the settings", () => {
  const choices: Record<string, string[]> = {
    environment: ["development", "production"],
    "nodes.architecture": ["arm64", "amd64"],
    "nodes.operatingSystem": ["al2023", "bottlerocket"],
    "nodes.capacityType": ["ON_DEMAND", "SPOT"],
    "insights.variant": ["enhanced", "opentelemetry"],
    "ingress.scheme": ["internet-facing", "internal"],
    "services.web.protocol": ["http", "http2", "grpc", "tcp"],
    "services.web.drain": ["sleep", "own"],
    "services.web.architecture": ["arm64", "amd64"],
    "jobs.tidy.concurrency": ["forbid", "replace", "allow"],
    "services.web.logLevel": ["fatal", "error", "warn", "info", "debug", "trace"],
    "cluster.kubernetesVersion": ["1.35", "1.36"],
  };
  for (const [key, values] of Object.entries(choices)) {
    it(`of ${key} has each of its values, and no other`, () => {
      for (const value of values) assert.ok(takes(key, value), value);
      for (const value of ["", "other", `${values[0]?.toUpperCase()}X`, true]) {
        assert.ok(!takes(key, value), String(value));
      }
    });
  }
});
