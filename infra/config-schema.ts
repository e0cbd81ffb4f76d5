import { z } from "zod";

/** The versions that can be deployed, the oldest first. */
export const kubernetesVersions = ["1.35", "1.36"] as const;

/** Days that CloudWatch Logs accepts (PutRetentionPolicy), without "never". */
const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
] as const;

export const logRetention = z.literal(retentionDays, `one of ${retentionDays.join(", ")}`);

const controlPlaneLogTypes = [
  "api",
  "audit",
  "authenticator",
  "controllerManager",
  "scheduler",
] as const;

const addonNames = [
  "vpc-cni",
  "kube-proxy",
  "coredns",
  "metrics-server",
  "eks-node-monitoring-agent",
  "amazon-cloudwatch-observability",
] as const;

const whole = (min: number, max: number) =>
  z.number(`a whole number from ${min} to ${max}`).int().min(min).max(max);

/** A text of this form, and how a person is told which. */
export const matching = (pattern: RegExp, allowed: string) =>
  z.string(allowed).regex(pattern, allowed);

const flag = () => z.boolean("true or false");

const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, `one of ${values.join(", ")}`);

const cidrBlock = () => z.cidrv4("an IPv4 network such as 10.0.0.0/16");

const arn = (kind: string) =>
  matching(/^arn:aws:iam::(\d{12}|aws):[a-z-]+\/.+$/, `the ARN of ${kind}`);

const principals = () => z.array(arn("an IAM role or user"), "a list of ARNs").default([]);

/** Below 95 the fast burn, 14.4 times the budget, would be more than all requests. */
const percent = () => z.number("a number from 95 to 99.999").min(95).max(99.999);

const hostName = () =>
  matching(
    /^(?=.{1,64}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/,
    "a host name such as shop.example.com, of at most 64 characters",
  );

const imageName = (what: string) => matching(/^[^\s@]+(:|@sha256:)[^\s]+$/, what);

const networkSchema = z.strictObject({
  cidrBlock: cidrBlock().default("10.0.0.0/16"),
  zones: z
    .array(z.string(), "a list of availability zones")
    .min(2, "at least 2 zones: EKS and the load balancer need two")
    .max(6, "at most 6 zones"),
  natPerZone: flag().default(false),
  interfaceEndpoints: z
    .array(
      matching(/^[a-z0-9.-]+$/, "a service name such as ecr.api, sts or logs"),
      "a list of service names",
    )
    .default([]),
});

const clusterSchema = z.strictObject({
  name: matching(/^[a-z][a-z0-9-]{1,38}$/, "2 to 39 of a-z, 0-9 and -, beginning with a letter"),
  kubernetesVersion: oneOf(kubernetesVersions),
  publicAccess: flag().default(false),
  publicAccessCidrs: z.array(cidrBlock(), "a list of IPv4 networks").default([]),
  admins: principals(),
  deployers: principals(),
  viewers: principals(),
  auditors: principals(),
  logTypes: z.array(oneOf(controlPlaneLogTypes)).default([...controlPlaneLogTypes]),
  deletionProtection: flag().default(false),
  addonVersions: z
    .partialRecord(
      oneOf(addonNames),
      matching(/^v\d+\.\d+\.\d+-eksbuild\.\d+$/, "a version such as v1.20.4-eksbuild.2"),
    )
    .default({}),
});

const nodesSchema = z.strictObject({
  architecture: oneOf(["arm64", "amd64"]).default("arm64"),
  operatingSystem: oneOf(["al2023", "bottlerocket"]).default("al2023"),
  instanceTypes: z
    .array(
      matching(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, "an instance type such as t4g.medium"),
      "a list of instance types",
    )
    .min(1, "at least one instance type"),
  capacityType: oneOf(["ON_DEMAND", "SPOT"]).default("ON_DEMAND"),
  minSize: whole(1, 450),
  desiredSize: whole(1, 450).optional(),
  maxSize: whole(1, 450),
  release: matching(
    /^\d+\.\d+\.\d+-[0-9a-z]+$/,
    "a release of the nodes' image such as 1.36.2-20261112",
  ).optional(),
  diskSizeGiB: whole(20, 16384).default(20),
});

const headroomSchema = z.strictObject({
  replicas: whole(0, 1000).default(0),
  cpuMillicores: whole(10, 64000).default(500),
  memoryMiB: whole(16, 65536).default(512),
});

const autoscalerSchema = z.strictObject({
  enabled: flag().default(false),
  headroom: headroomSchema.prefault({}),
});

const logsSchema = z.strictObject({
  retentionDays: logRetention,
  keepOnDestroy: flag().default(false),
});

/**
 * What it is billed by: `enhanced` by observation ($0.21 a million when it came out, 2023-11),
 * `opentelemetry` by the gigabyte of OTLP, traces by the trace ($5 a million, the first 100,000 a
 * month free), Application Signals by the gigabyte. https://aws.amazon.com/cloudwatch/pricing has
 * today's prices, which were not read when this was written (2026-11).
 */
const insightsSchema = z.strictObject({
  variant: oneOf(["enhanced", "opentelemetry"]).default("enhanced"),
  applicationSignals: flag().default(false),
  traces: flag().default(false),
});

/** Not an alias, which could be pointed at another key. */
export const signingKey = matching(
  /^arn:aws:kms:[a-z0-9-]+:\d{12}:key\/[a-z0-9-]+$/,
  "the ARN of a KMS key such as arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
);

const registrySchema = z.strictObject({
  forceDelete: flag().default(false),
  untaggedRetentionDays: whole(1, 365).default(7),
  signingKey: signingKey.optional(),
});

const imageSchema = z.strictObject({
  context: z.string("a folder with a Dockerfile, such as service").min(1).optional(),
  digest: matching(/^sha256:[0-9a-f]{64}$/, "sha256: and 64 hexadecimal digits").optional(),
  repositoryUrl: matching(
    /^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com\/[a-z0-9/._-]+$/,
    "an ECR repository such as 111122223333.dkr.ecr.eu-central-1.amazonaws.com/service",
  ).optional(),
  nodeImage: imageName("an image with a tag or digest").optional(),
  runtimeImage: imageName("an image with a tag or digest").optional(),
});

const routeSchema = z.strictObject({
  host: hostName().optional(),
  path: matching(/^\/[a-z0-9/_.~-]{0,127}$/i, "a path such as / or /orders").default("/"),
});

const serviceSchema = z.strictObject({
  image: imageSchema,
  route: routeSchema.prefault({}),
  minReplicas: whole(2, 1000).default(2),
  maxReplicas: whole(2, 1000).default(4),
  targetCpuPercent: whole(10, 95).default(60),
  cpuMillicores: whole(10, 64000).default(250),
  cpuLimitMillicores: whole(10, 64000).default(1000),
  memoryMiB: whole(128, 65536).default(256),
  drainSeconds: whole(5, 900).default(30),
  requestTimeoutSeconds: whole(1, 3595).default(30),
  /** The firewall sees the first 8 KiB of a body: what a service takes beyond them is not looked at. */
  maxBodyKiB: whole(1, 10_240).default(8),
  logLevel: oneOf(["fatal", "error", "warn", "info", "debug", "trace"]).default("info"),
  faultInjection: flag().default(false),
  policyArns: z.array(arn("an IAM policy"), "a list of ARNs").max(10, "at most 10").default([]),
  egress: z
    .array(z.strictObject({ cidrBlock: cidrBlock(), port: whole(1, 65535) }), "a list")
    .default([]),
});

const servicesSchema = z
  .record(
    matching(
      /^[a-z][a-z0-9-]{0,28}[a-z0-9]$/,
      "a name of 2 to 30 of a-z, 0-9 and -, beginning with a letter",
    ),
    serviceSchema,
    "a map of services by name",
  )
  .refine((services) => Object.keys(services).length > 0, "at least one service");

const ingressSchema = z.strictObject({
  scheme: oneOf(["internet-facing", "internal"]).default("internet-facing"),
  inboundCidrs: z
    .array(cidrBlock(), "a list of IPv4 networks")
    .min(1, "at least one network")
    .default(["0.0.0.0/0"]),
  idleTimeoutSeconds: whole(1, 4000).default(60),
  deletionProtection: flag().default(false),
});

const domainSchema = z.strictObject({
  hostedZoneId: matching(/^Z[A-Z0-9]{5,31}$/, "a Route 53 hosted zone such as Z0123456789ABC"),
  hostName: hostName(),
});

/** Environments of pull requests. With none allowed, the stack is the same as without the setting. */
const pullRequestsSchema = z.strictObject({
  environments: whole(0, 20).default(0),
  days: whole(1, 30).default(3),
});

const firewallSchema = z.strictObject({
  enabled: flag().default(false),
  countOnly: flag().default(false),
  requestsPerFiveMinutes: whole(10, 2_000_000_000).default(2000),
});

const loadBalancerLogsSchema = z.strictObject({
  access: flag().default(false),
  connections: flag().default(false),
  healthChecks: flag().default(false),
  retentionDays: whole(1, 3653).default(90),
});

const imagesByService = () => z.record(z.string(), z.string("an image"), "images by service");

/** Written by `npm run release`; people read it. */
const releaseSchema = z.strictObject({
  images: imagesByService(),
  by: z.string("who released it"),
  at: z.iso.datetime("a time such as 2026-11-25T12:00:00Z"),
  commit: z.string().optional(),
  run: z.string().optional(),
  before: imagesByService(),
  wentBackFrom: imagesByService().optional(),
});

/** In one place for all services: what each of them promises its callers. */
const serviceLevelSchema = z.strictObject({
  availabilityPercent: percent().default(99.9),
  latencyMilliseconds: whole(1, 60_000).default(300),
  latencyPercent: percent().default(99),
});

/** About $0.10 a month for each metric that an alarm reads, $0.50 for each composite alarm. */
const alarmsSchema = z.strictObject({
  enabled: flag().default(false),
  emails: z.array(z.email("an e-mail address"), "a list of e-mail addresses").default([]),
  httpsEndpoints: z
    .array(
      matching(/^https:\/\/[a-z0-9.-]+(\/[^\s]*)?$/i, "a URL that starts with https://"),
      "a list of URLs",
    )
    .default([]),
  runbooks: z.string("where docs/runbooks.md can be read").min(1).default("docs/runbooks.md"),
});

const dashboardSchema = z.strictObject({
  enabled: flag().default(false),
});

const tagsSchema = z
  .record(
    matching(
      /^(?!aws:|elbv2\.k8s\.aws\/)[\p{L}\p{N} _.:/+@-]{1,128}$/u,
      "1 to 128 letters, digits, spaces and _.:/+@-, not beginning with aws: or elbv2.k8s.aws/, which AWS and the load balancer controller keep to themselves",
    ),
    matching(
      // An offline plan has this word for a value that only Pulumi can decrypt.
      /^([\p{L}\p{N} _.:/=+@-]{0,256}|\[secret\])$/u,
      "at most 256 letters, digits, spaces and _.:/=+@-, which IAM and Elastic Load Balancing take",
    ),
  )
  .default({});

export const settingsSchema = z.strictObject({
  region: matching(/^(af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-\d$/, "a region such as eu-central-1"),
  accountId: matching(/^\d{12}$/, "12 digits, in quotes"),
  environment: oneOf(["development", "production"]),
  tags: tagsSchema,
  permissionsBoundary: arn("an IAM policy").optional(),
  network: networkSchema,
  cluster: clusterSchema,
  nodes: nodesSchema,
  autoscaler: autoscalerSchema.prefault({}),
  logs: logsSchema,
  insights: insightsSchema.prefault({}),
  registry: registrySchema.prefault({}),
  services: servicesSchema,
  ingress: ingressSchema.prefault({}),
  domain: domainSchema.optional(),
  pullRequests: pullRequestsSchema.prefault({}),
  firewall: firewallSchema.prefault({}),
  loadBalancerLogs: loadBalancerLogsSchema.prefault({}),
  release: releaseSchema.optional(),
  serviceLevel: serviceLevelSchema.prefault({}),
  alarms: alarmsSchema.prefault({}),
  dashboard: dashboardSchema.prefault({}),
});

export type Settings = z.infer<typeof settingsSchema>;
export type NetworkConfig = Settings["network"];
export type ClusterConfig = Settings["cluster"];
export type NodesConfig = Settings["nodes"];
export type AutoscalerConfig = Settings["autoscaler"];
export type HeadroomConfig = AutoscalerConfig["headroom"];
export type LogsConfig = Settings["logs"];
export type InsightsConfig = Settings["insights"];
export type RegistryConfig = Settings["registry"];
export type ServiceConfig = Settings["services"][string];
export type ImageConfig = ServiceConfig["image"];
export type RouteConfig = ServiceConfig["route"];
export type IngressConfig = Settings["ingress"];
export type DomainConfig = NonNullable<Settings["domain"]>;
export type PullRequestsConfig = Settings["pullRequests"];
export type FirewallConfig = Settings["firewall"];
export type LoadBalancerLogsConfig = Settings["loadBalancerLogs"];
export type ServiceLevelConfig = Settings["serviceLevel"];
export type AlarmsConfig = Settings["alarms"];
export type DashboardConfig = Settings["dashboard"];
export type AddonName = (typeof addonNames)[number];
