import { z } from "zod";
import { mostNodes } from "../cluster/capacity.ts";
import { domainSchema } from "./domain-schema.ts";
import { resourcesSchema } from "./resource-schema.ts";
import {
  arn,
  cidrBlock,
  clusterName,
  flag,
  imageName,
  matching,
  oneOf,
  percent,
  principals,
  shortName,
  timeZone,
  whole,
} from "./values.ts";
import { jobsSchema, servicesSchema } from "./workload-schema.ts";

/** The versions that can be deployed, the oldest first. */
export const kubernetesVersions = ["1.35", "1.36"] as const;

const awsRegion = () =>
  matching(/^(af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-\d$/, "a region such as eu-central-1");

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
  "eks-pod-identity-agent",
  "amazon-cloudwatch-observability",
  "aws-secrets-store-csi-driver-provider",
  "aws-efs-csi-driver",
] as const;

/** What a network of the program's own is where the stack does not say. */
const ownNetwork = {
  cidrBlock: "10.0.0.0/16",
  egress: "gateway" as "gateway" | "instance" | "none",
  natPerZone: false,
  interfaceEndpoints: [] as string[],
};

const subnets = (what: string) =>
  z
    .array(
      matching(/^subnet-[0-9a-f]{8}(?:[0-9a-f]{9})?$/, "a subnet such as subnet-0123456789abcdef0"),
      "a list of subnets",
    )
    .describe(`${what}, one for each of \`network.zones\`, in their order.`);

const existingNetworkSchema = z.strictObject({
  vpcId: matching(
    /^vpc-[0-9a-f]{8}(?:[0-9a-f]{9})?$/,
    "a VPC such as vpc-0123456789abcdef0",
  ).describe("VPC that is there already. The program changes nothing of it and makes none."),
  publicSubnetIds: subnets("Its subnets for an internet-facing load balancer").default([]),
  privateSubnetIds: subnets(
    "Its subnets for nodes, databases, caches, file systems and an internal load balancer",
  ),
});

const networkSchema = z
  .strictObject({
    cidrBlock: cidrBlock()
      .optional()
      .describe("The VPC's IPv4 network, /16 to /19.")
      .meta({ default: ownNetwork.cidrBlock }),
    zones: z
      .array(z.string(), "a list of availability zones")
      .min(2, "at least 2 zones: EKS and the load balancer need two")
      .max(6, "at most 6 zones")
      .describe("Availability zones of the subnets and nodes."),
    egress: oneOf(["gateway", "instance", "none"])
      .optional()
      .describe(
        "How nodes reach the internet: NAT gateways of AWS; one NAT instance, in development only; or not at all, with endpoints of what the stack calls of AWS.",
      )
      .meta({ default: ownNetwork.egress }),
    natPerZone: flag()
      .optional()
      .describe("One NAT gateway in each zone instead of one for all zones.")
      .meta({ default: ownNetwork.natPerZone }),
    interfaceEndpoints: z
      .array(
        matching(/^[a-z0-9.-]+$/, "a service name such as ecr.api, sts or logs"),
        "a list of service names",
      )
      .optional()
      .describe(
        "AWS services with an interface endpoint in the VPC. S3 always has a gateway endpoint.",
      )
      .meta({ default: ownNetwork.interfaceEndpoints }),
    existing: existingNetworkSchema.optional(),
  })
  .superRefine(({ existing, zones: _, ...own }, { addIssue }) => {
    for (const [key, value] of Object.entries(existing ? own : {})) {
      const message = "nothing beside network.existing, whose VPC has its own";
      addIssue({ code: "custom", path: [key], message, input: value });
    }
  })
  .transform((network) => ({ ...ownNetwork, ...network }));

const podAddressesSchema = z.strictObject({
  prefixDelegation: flag()
    .default(false)
    .describe(
      "The VPC CNI gives nodes prefixes of 16 addresses instead of single ones: a node may have up to 110 pods, 250 from 30 vCPUs on (docs/network.md).",
    ),
  warmPrefixTarget: whole(1, 15)
    .optional()
    .describe(
      "Prefixes that a node keeps free for new pods, with `prefixDelegation`. Default: 1, without `warmIpTarget`.",
    ),
  warmIpTarget: whole(1, 250)
    .optional()
    .describe(
      "Addresses that a node keeps free for new pods. Default: those of one network interface, or `warmPrefixTarget`.",
    ),
  minimumIpTarget: whole(1, 250)
    .optional()
    .describe("Addresses that a node takes at least, with `warmIpTarget`."),
});

const clusterSchema = z.strictObject({
  name: clusterName().describe(
    "Name of the EKS cluster; names of many other resources begin with it.",
  ),
  kubernetesVersion: oneOf(kubernetesVersions).describe(
    "Kubernetes version of control plane and nodes.",
  ),
  publicAccess: flag()
    .default(false)
    .describe("The Kubernetes API also answers outside the VPC, to `publicAccessCidrs`."),
  publicAccessCidrs: z
    .array(cidrBlock(), "a list of IPv4 networks")
    .default([])
    .describe("Networks that may reach the public Kubernetes API."),
  admins: principals().describe(
    "IAM principals with all rights on the cluster. The one that runs `pulumi up` must be among them.",
  ),
  deployers: principals().describe("IAM principals that may edit the namespaces of the services."),
  viewers: principals().describe("IAM principals that may read the cluster, without Secrets."),
  auditors: principals().describe("IAM principals that may read the cluster, Secrets included."),
  debug: principals().describe(
    "IAM principals among `admins`, `deployers`, `viewers` and `auditors` that alone may enter containers of services and jobs. Empty: nobody may in production, elsewhere `admins` and `deployers`.",
  ),
  debugImage: imageName("an image with a tag or digest, such as docker.io/library/busybox:1.37.0")
    .default("public.ecr.aws/docker/library/busybox:1.37.0")
    .describe(
      "Image with `sh` and `sleep` that `npm run exec -- --debug` runs beside a container. Copied to ECR when `cluster.debug` names somebody.",
    ),
  logTypes: z
    .array(oneOf(controlPlaneLogTypes))
    .default([...controlPlaneLogTypes])
    .describe("Control plane logs that EKS sends to CloudWatch Logs."),
  deletionProtection: flag()
    .default(false)
    .describe("AWS refuses to delete the cluster; Pulumi protects its key."),
  podAddresses: podAddressesSchema.prefault({}),
  identity: oneOf(["irsa", "podIdentity"])
    .default("irsa")
    .describe(
      "How pods get the IAM role of their service account: IAM roles for service accounts, or EKS Pod Identity.",
    ),
  addonVersions: z
    .partialRecord(
      oneOf(addonNames),
      matching(/^v\d+\.\d+\.\d+-eksbuild\.\d+$/, "a version such as v1.20.4-eksbuild.2"),
    )
    .default({})
    .describe(
      "Pinned versions of EKS add-ons, by the name of the add-on. Without a pin AWS chooses its default.",
    ),
});

const weekly = (what: string) =>
  matching(
    /^([0-5]?\d) ([01]?\d|2[0-3]) \* \* [\w*,/-]+$/,
    "minute, hour, * * and days of the week such as 0 19 * * 1-5",
  ).describe(`${what}, such as \`0 19 * * 1-5\`: minute, hour, \`* *\` and days of the week.`);

const sleepScheduleSchema = z.strictObject({
  sleep: weekly("When the stack goes to sleep: its nodes are taken away"),
  wake: weekly("When it wakes: `nodes.minSize` or `nodes.desiredSize` nodes come back"),
  timeZone: timeZone().default("Etc/UTC").describe("Time zone of both."),
});

const instanceTypeNames = () =>
  z
    .array(
      matching(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, "an instance type such as t4g.medium"),
      "a list of instance types",
    )
    .min(1, "at least one instance type");

/** What Karpenter starts. Without `nodes.kind: karpenter` a rule refuses it. */
const karpenterSchema = z.strictObject({
  instanceTypes: instanceTypeNames().describe(
    "EC2 instance types that Karpenter may start, of `nodes.architecture`.",
  ),
  capacityTypes: z
    .array(oneOf(["on-demand", "spot"]), "a list of capacity types")
    .min(1, "at least one capacity type")
    .default(["on-demand"])
    .describe(
      "With `spot` and `on-demand` Karpenter takes Spot first, and on-demand where AWS has no Spot.",
    ),
  cpuLimit: whole(1, 100_000).describe("Most vCPUs of all nodes that Karpenter starts together."),
  memoryLimitGiB: whole(1, 1_000_000).describe("Most memory of all these nodes together, in GiB."),
  expireAfterHours: whole(1, 8760)
    .default(720)
    .describe("Hours after which Karpenter drains and replaces a node, whatever its budget."),
});

/** What EKS Auto Mode starts. Without `nodes.kind: auto` a rule refuses it. */
const autoSchema = z.strictObject({
  instanceTypes: instanceTypeNames().describe(
    "EC2 instance types that EKS Auto Mode may start, of `nodes.architecture`.",
  ),
  capacityTypes: karpenterSchema.shape.capacityTypes.describe(
    "With `spot` and `on-demand` EKS takes Spot first, and on-demand where AWS has no Spot.",
  ),
  cpuLimit: whole(1, 100_000).describe("Most vCPUs of all nodes together."),
  memoryLimitGiB: whole(1, 1_000_000).describe("Most memory of all nodes together, in GiB."),
  // AWS ends a managed instance after 21 days (Amazon EKS User Guide, security of EKS Auto Mode).
  expireAfterHours: whole(1, 504)
    .default(336)
    .describe("Hours after which EKS drains and replaces a node, whatever its budget."),
});

/** Not `HIBERNATED`: it needs room for the memory on the root volume, and types and images that hibernate. */
const warmPoolSchema = z.strictObject({
  size: whole(1, mostNodes).describe(
    "Instances that have started once and wait beside the group, besides its nodes.",
  ),
  state: oneOf(["STOPPED", "RUNNING"])
    .default("STOPPED")
    .describe(
      "`STOPPED` costs their volumes alone and starts in less time than a new instance; `RUNNING` costs as much as nodes.",
    ),
});

/** What a further managed group has of its own. All else is as `nodes` says. */
const nodeGroupSchema = z.strictObject({
  instanceTypes: instanceTypeNames().describe(
    "EC2 instance types of this group, of `nodes.architecture`.",
  ),
  capacityType: oneOf(["ON_DEMAND", "SPOT"])
    .default("ON_DEMAND")
    .describe("On-demand or Spot instances of this group."),
  minSize: whole(1, mostNodes).describe("Fewest nodes of this group."),
  desiredSize: whole(1, mostNodes)
    .optional()
    .describe("Nodes of this group at creation, as `nodes.desiredSize`. Default: `minSize`."),
  maxSize: whole(1, mostNodes).describe("Most nodes of this group."),
  warmPool: warmPoolSchema.optional(),
});

const nodeKinds = ["managed", "karpenter", "auto"] as const;

const nodesObject = z.strictObject({
  kind: oneOf(nodeKinds)
    .default("managed")
    .describe(
      "`managed`: one managed node group. `karpenter`: a small one for add-ons, and nodes that Karpenter starts for pods. `auto`: EKS Auto Mode, without a group (docs/nodes.md).",
    ),
  architecture: oneOf(["arm64", "amd64"])
    .default("arm64")
    .describe("CPU architecture of the nodes and of the images."),
  operatingSystem: oneOf(["al2023", "bottlerocket"])
    .optional()
    .describe("Operating system of the nodes.")
    .meta({ default: "al2023" }),
  instanceTypes: instanceTypeNames()
    .optional()
    .describe(
      "EC2 instance types of the node group, of `nodes.architecture`. Needed unless `nodes.kind` is `auto`.",
    ),
  capacityType: oneOf(["ON_DEMAND", "SPOT"])
    .optional()
    .describe(
      "On-demand or Spot instances. Spot costs less, but AWS takes a node back two minutes after its notice, and may have none. Default: `SPOT` in development with two or more `nodes.instanceTypes`, else `ON_DEMAND`.",
    ),
  minSize: whole(1, mostNodes)
    .optional()
    .describe("Fewest nodes. Needed unless `nodes.kind` is `auto`."),
  desiredSize: whole(1, mostNodes)
    .optional()
    .describe(
      "Nodes at creation. Without the autoscaler an update sets it too. Default: `minSize`.",
    ),
  maxSize: whole(1, mostNodes)
    .optional()
    .describe("Most nodes. Needed unless `nodes.kind` is `auto`."),
  release: matching(
    /^\d+\.\d+\.\d+-[0-9a-z]+$/,
    "a release of the nodes' image such as 1.36.2-20261112",
  )
    .optional()
    .describe(
      "Release of the node image. Default: the newest at creation, which later updates keep.",
    ),
  diskSizeGiB: whole(20, 16384).default(20).describe("Root volume of each node in GiB, gp3."),
  warmPool: warmPoolSchema.optional(),
  groupPerZone: flag()
    .default(false)
    .describe(
      "One managed node group in each zone instead of one over all zones. The sizes are those of all zones together. Pods of services are then spread evenly over the zones, without exception: each zone can get a node for them.",
    ),
  groups: z
    .record(shortName(), nodeGroupSchema, "a map of node groups by name")
    .default({})
    .describe(
      "Further managed node groups beside the one that the keys of `nodes` describe, such as one of Spot instances (docs/nodes.md).",
    ),
  schedule: sleepScheduleSchema.optional(),
  karpenter: karpenterSchema.optional(),
  auto: autoSchema.optional(),
});

/** What a managed node group cannot be without. */
const neededByGroup = ["instanceTypes", "minSize", "maxSize"] as const;
/** What only a managed node group has. */
const ofGroup = [
  ...neededByGroup,
  ...([
    "operatingSystem",
    "capacityType",
    "desiredSize",
    "release",
    "warmPool",
    "schedule",
  ] as const),
] as const;

/** With `auto` there is no managed group: it has no types, and no nodes. */
const nodesSchema = nodesObject
  .superRefine((nodes, { addIssue }) => {
    const auto = nodes.kind === "auto";
    for (const key of auto ? ofGroup : []) {
      if (nodes[key] === undefined) continue;
      const message = "nothing of a managed node group with nodes.kind auto, which has none";
      addIssue({ code: "custom", path: [key], message, input: nodes[key] });
    }
    for (const key of auto ? [] : neededByGroup) {
      if (nodes[key] !== undefined) continue;
      const { error } = nodesObject.shape[key].unwrap().safeParse(undefined);
      const message = error?.issues[0]?.message ?? "";
      addIssue({ code: "custom", path: [key], message, input: undefined });
    }
  })
  .transform((nodes) => ({
    ...nodes,
    operatingSystem:
      nodes.operatingSystem ?? (nodes.kind === "auto" ? ("bottlerocket" as const) : "al2023"),
    instanceTypes: nodes.instanceTypes ?? [],
    minSize: nodes.minSize ?? 0,
    maxSize: nodes.maxSize ?? 0,
  }));

const spareCapacitySchema = z.strictObject({
  replicas: whole(0, 1000)
    .default(0)
    .describe("Pods of the lowest priority that keep room free for new pods."),
  cpuMillicores: whole(10, 64000)
    .default(500)
    .describe("CPU request of each of these pods, in thousandths of a core."),
  memoryMiB: whole(16, 65536)
    .default(512)
    .describe("Memory request of each of these pods, in MiB."),
});

const autoscalerSchema = z.strictObject({
  enabled: flag()
    .default(false)
    .describe(
      "Cluster Autoscaler adds and removes nodes between `nodes.minSize` and `nodes.maxSize`.",
    ),
  spareCapacity: spareCapacitySchema.prefault({}),
});

const logsSchema = z.strictObject({
  retentionDays: logRetention.describe("Retention of every log group of the stack, in days."),
  keepOnDestroy: flag()
    .default(false)
    .describe("`pulumi destroy` leaves log groups and the bucket of load balancer logs behind."),
});

/**
 * What it is billed by: `enhanced` by observation ($0.21 a million when it came out, 2023-11),
 * `opentelemetry` by the gigabyte of OTLP, traces by the trace ($5 a million, the first 100,000 a
 * month free), Application Signals by the gigabyte. https://aws.amazon.com/cloudwatch/pricing has
 * today's prices, which were not read when this was written (2026-11).
 */
const insightsSchema = z.strictObject({
  variant: oneOf(["enhanced", "opentelemetry"])
    .default("enhanced")
    .describe(
      "Container Insights: `enhanced` is billed by observation and has alarms, `opentelemetry` is billed by the gigabyte.",
    ),
  applicationSignals: flag()
    .default(false)
    .describe("CloudWatch Application Signals instruments the services."),
  traces: flag().default(false).describe("Services send a trace of every request to X-Ray."),
});

/** Not an alias, which could be pointed at another key. */
export const signingKey = matching(
  /^arn:aws:kms:[a-z0-9-]+:\d{12}:key\/[a-z0-9-]+$/,
  "the ARN of a KMS key such as arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
);

const registrySchema = z.strictObject({
  forceDelete: flag()
    .default(false)
    .describe("`pulumi destroy` deletes ECR repositories that contain images."),
  untaggedRetentionDays: whole(1, 365)
    .default(7)
    .describe("Days until ECR expires images without a tag."),
  signingKey: signingKey
    .optional()
    .describe("KMS key that signs images. A release then refuses unsigned images."),
});

const ingressSchema = z.strictObject({
  scheme: oneOf(["internet-facing", "internal"])
    .default("internet-facing")
    .describe("Load balancer with public addresses, or in the VPC alone."),
  inboundCidrs: z
    .array(cidrBlock(), "a list of IPv4 networks")
    .min(1, "at least one network")
    .default(["0.0.0.0/0"])
    .describe("Networks that may reach the load balancer."),
  idleTimeoutSeconds: whole(1, 4000)
    .default(60)
    .describe("Idle timeout of the load balancer's connections, in seconds."),
  deletionProtection: flag().default(false).describe("AWS refuses to delete the load balancer."),
});

/** Environments of pull requests. With none allowed, the stack is the same as without the setting. */
const pullRequestsSchema = z.strictObject({
  environments: whole(0, 20)
    .default(0)
    .describe("Most pull requests with an environment on this stack at one time."),
  days: whole(1, 30).default(3).describe("Days until an environment is removed."),
  resources: z
    .record(z.string(), z.literal("read", "read"), "access by resource")
    .default({})
    .describe(
      "Buckets, tables and secrets of the stack that its environments may read. Of other buckets, tables, queues and topics each environment has its own, empty, and in a database a schema.",
    ),
});

const firewallSchema = z.strictObject({
  enabled: flag()
    .default(false)
    .describe("AWS WAF with AWS managed rules before the load balancer."),
  countOnly: flag().default(false).describe("The rules count requests and block none."),
  requestsPerFiveMinutes: whole(10, 2_000_000_000)
    .default(2000)
    .describe("Most requests of one client address in five minutes."),
});

const loadBalancerLogsSchema = z.strictObject({
  access: flag().default(false).describe("Access logs to an S3 bucket."),
  connections: flag().default(false).describe("Connection logs to an S3 bucket."),
  healthChecks: flag().default(false).describe("Health check logs to an S3 bucket."),
  retentionDays: whole(1, 3653).default(90).describe("Days that the bucket keeps them."),
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
  availabilityPercent: percent()
    .default(99.9)
    .describe("Percent of requests of each service that succeed."),
  latencyMilliseconds: whole(1, 60_000)
    .default(300)
    .describe("Latency that `latencyPercent` of the requests keep, in milliseconds."),
  latencyPercent: percent()
    .default(99)
    .describe("Percent of requests that are answered within `latencyMilliseconds`."),
});

/** About $0.10 a month for each metric that an alarm reads, $0.50 for each composite alarm. */
const alarmsSchema = z.strictObject({
  enabled: flag()
    .default(false)
    .describe("CloudWatch alarms, an SNS topic and an EventBridge rule for image findings."),
  emails: z
    .array(z.email("an e-mail address"), "a list of e-mail addresses")
    .default([])
    .describe("E-mail addresses that receive alarms once they confirm."),
  httpsEndpoints: z
    .array(
      matching(/^https:\/\/[a-z0-9.-]+(\/[^\s]*)?$/i, "a URL that starts with https://"),
      "a list of URLs",
    )
    .default([])
    .describe("URLs that receive alarms once they confirm."),
  runbooks: z
    .string("where docs/runbooks.md can be read")
    .min(1)
    .default("docs/runbooks.md")
    .describe("Address of docs/runbooks.md that the alarms name."),
});

/** Of one notification (AWS Cost Management User Guide, quotas of AWS Budgets). */
export const mostBudgetEmails = 10;

const budgetSchema = z.strictObject({
  monthly: whole(1, 1_000_000)
    .optional()
    .describe(
      "US dollars that the stack may cost a month. A plan whose cost at rest passes it is refused. AWS Budgets sends mails at 80 % of it spent, and when the forecast passes it. Default: none.",
    ),
  emails: z
    .array(z.email("an e-mail address"), "a list of e-mail addresses")
    .max(mostBudgetEmails, `at most ${mostBudgetEmails} addresses: AWS Budgets takes no more`)
    .default([])
    .describe("E-mail addresses that hear of the budget. Default: `alarms.emails`."),
});

const dashboardSchema = z.strictObject({
  enabled: flag().default(false).describe("One CloudWatch dashboard, named like the cluster."),
});

const backupsSchema = z.strictObject({
  enabled: flag()
    .default(true)
    .describe("AWS Backup of every resource that holds data. False deletes its backups."),
  // Once an hour is the most that AWS Backup takes, so the minute is one number.
  schedule: matching(
    /^cron\(([0-5]?\d) [\d,*/-]+ (\? [\w,*/-]+ [\w,*/#-]+|[\w,*/-]+ [\w,*/-]+ \?) [\d,*/-]+\)$/,
    "a cron expression of AWS, at most hourly, such as cron(0 3 * * ? *)",
  )
    .default("cron(0 3 * * ? *)")
    .describe("When backups begin, as a cron expression of AWS in UTC."),
  retentionDays: whole(1, 36_500).default(35).describe("Days that each backup is kept."),
  copyToRegion: awsRegion()
    .optional()
    .describe("Region that gets a copy of each backup, kept as long. Default: none."),
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
  region: awsRegion().describe("AWS region of the stack."),
  accountId: matching(/^\d{12}$/, "12 digits, in quotes").describe(
    "AWS account of the stack. Credentials of another account are refused.",
  ),
  environment: oneOf(["development", "production"]).describe(
    "`production` refuses settings that endanger data or uptime.",
  ),
  tags: tagsSchema.describe("Tags of every AWS resource."),
  permissionsBoundary: arn("an IAM policy")
    .optional()
    .describe("Permissions boundary of every IAM role; bootstrap makes one."),
  network: networkSchema,
  cluster: clusterSchema,
  nodes: nodesSchema,
  autoscaler: autoscalerSchema.prefault({}),
  logs: logsSchema,
  insights: insightsSchema.prefault({}),
  registry: registrySchema.prefault({}),
  services: servicesSchema,
  jobs: jobsSchema,
  resources: resourcesSchema,
  backups: backupsSchema.prefault({}),
  ingress: ingressSchema.prefault({}),
  domain: domainSchema.optional(),
  pullRequests: pullRequestsSchema.prefault({}),
  firewall: firewallSchema.prefault({}),
  loadBalancerLogs: loadBalancerLogsSchema.prefault({}),
  release: releaseSchema
    .optional()
    .describe("Written by `npm run release`: images by service, who released them and when."),
  serviceLevel: serviceLevelSchema.prefault({}),
  alarms: alarmsSchema.prefault({}),
  budget: budgetSchema.prefault({}),
  dashboard: dashboardSchema.prefault({}),
});

export type Settings = z.infer<typeof settingsSchema>;
/** Where a stack is. */
export type Place = Pick<Settings, "region" | "accountId">;
/** With `existing` only it and `zones` mean something. */
export type NetworkConfig = Settings["network"];
export type ExistingNetworkConfig = NonNullable<NetworkConfig["existing"]>;
export type ClusterConfig = Settings["cluster"];
export type NodesConfig = Settings["nodes"] & { capacityType: "ON_DEMAND" | "SPOT" };
/** What a managed node group is made by. */
export type NodeGroupConfig = Omit<NodesConfig, "kind" | "karpenter" | "auto">;
export type AutoNodesConfig = NonNullable<NodesConfig["auto"]>;
export type KarpenterConfig = NonNullable<NodesConfig["karpenter"]>;
export type AutoscalerConfig = Settings["autoscaler"];
export type SpareCapacityConfig = AutoscalerConfig["spareCapacity"];
export type LogsConfig = Settings["logs"];
export type InsightsConfig = Settings["insights"];
export type RegistryConfig = Settings["registry"];
export type IngressConfig = Settings["ingress"];
export type PullRequestsConfig = Settings["pullRequests"];
export type FirewallConfig = Settings["firewall"];
export type LoadBalancerLogsConfig = Settings["loadBalancerLogs"];
export type ServiceLevelConfig = Settings["serviceLevel"];
export type BackupsConfig = Settings["backups"];
export type AlarmsConfig = Settings["alarms"];
export type BudgetConfig = Settings["budget"];
export type DashboardConfig = Settings["dashboard"];
export type AddonName = (typeof addonNames)[number];
