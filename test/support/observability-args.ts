import * as pulumi from "@pulumi/pulumi";
import type { ObservabilityArgs } from "../../infra/observability/observability.ts";
import type { Service } from "../../infra/services/service.ts";

const service = (name: string) =>
  ({
    names: {
      deployment: pulumi.output(`${name}-deployment`),
      ingress: pulumi.output(`${name}-ingress`),
      service: pulumi.output(`${name}-service`),
    },
  }) as Service;

const repository = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/teams/web-1";

/** A resource of each kind, with the name of its kind. */
const measured: ObservabilityArgs["resources"]["measured"] = [
  { name: "bucket", config: { kind: "bucket" }, dimensions: { BucketName: "bucket-1" } },
  { name: "cache", config: { kind: "cache" }, dimensions: { clusterId: "cache-1" } },
  { name: "files", config: { kind: "files" }, dimensions: { FileSystemId: "fs-1" } },
  {
    name: "postgres",
    config: { kind: "postgres", minCapacity: 0.5, maxCapacity: 8 },
    dimensions: { DBClusterIdentifier: "postgres-1" },
  },
  {
    name: "queue",
    config: {
      kind: "queue",
      visibilityTimeoutSeconds: 30,
      maxReceives: 5,
      retentionDays: 4,
    },
    dimensions: { QueueName: "queue-1" },
    deadLetterDimensions: { QueueName: "queue-dead-letters-1" },
  },
  { name: "secret", config: { kind: "secret" }, dimensions: {} },
  {
    name: "table",
    config: { kind: "table", indexes: { byCustomer: {} } },
    dimensions: { TableName: "table-1" },
  },
  { name: "topic", config: { kind: "topic" }, dimensions: { TopicName: "topic-1" } },
];

/** Two services, with all features enabled. */
export const observabilityArgs: ObservabilityArgs = {
  alarms: {
    enabled: true,
    emails: ["on-call@example.com"],
    httpsEndpoints: ["https://pager.example.com/hook"],
    runbooks: "https://example.com/runbooks.md",
  },
  schedule: undefined,
  budget: { emails: [], tags: { project: "platform", stack: "test" } },
  dashboard: { enabled: true },
  serviceLevel: { availabilityPercent: 99.9, latencyMilliseconds: 300, latencyPercent: 99 },
  insights: { variant: "enhanced", applicationSignals: false, traces: false },
  clusterName: "platform-test",
  scheme: "internet-facing",
  accountId: "111122223333",
  region: "eu-central-1",
  network: { natGatewayIds: pulumi.output(["nat-1", "nat-2"]) },
  edge: { certificates: ["1", "2"].map((id) => pulumi.output(`arn:aws:acm:${id}`)) },
  images: { references: { web: pulumi.output(`${repository}@sha256:${"a".repeat(64)}`) } },
  services: {
    loadBalancer: pulumi.output("alb.example"),
    services: { web: service("web"), orders: service("orders") },
  },
  scale: {
    web: { maxReplicas: 12, drain: "own", uses: { queue: "readWrite" } },
    orders: { maxReplicas: 4, drain: "own", uses: { queue: "write" } },
  },
  jobs: {
    tidy: { deadlineSeconds: 3600, schedule: "0 3 * * *", timeZone: "Etc/UTC", uses: {} },
  },
  resources: { measured },
  logGroups: {
    application: "/aws/containerinsights/platform-test/application",
    controlPlane: "/aws/eks/platform-test/cluster",
    flowLogs: "flow-logs",
  },
};
