/**
 * A setting, another valid value for the stack prod, and all changed types of resources and outputs. An
 * unexpected type is a fault of the program or of the setting's description.
 */
export interface Case {
  key: string;
  to: unknown;
  /** Settings before the change. */
  with?: Record<string, unknown>;
  /** Settings that must change together with it. */
  also?: Record<string, unknown>;
  moves: string[];
}

/** One of the viewers of prod. */
const developer = "arn:aws:iam::111122223333:role/Developer";

/** A second service without a route. */
const shop = { "services.shop": { image: { context: "service" } } };
/** A container whose Dockerfile is not read. */
const foreign = {
  "services.web.image.context": undefined,
  "services.web.image.reference": "ghcr.io/stefanprodan/podinfo:6.14.1",
};
/** An existing network instead of a new one. */
const existing = {
  "network.natPerZone": undefined,
  "network.interfaceEndpoints": undefined,
  "network.cidrBlock": undefined,
  "network.existing": {
    vpcId: "vpc-0a1b2c3d",
    publicSubnetIds: ["subnet-0a00000a", "subnet-0a00000b", "subnet-0a00000c"],
    privateSubnetIds: ["subnet-0b00000a", "subnet-0b00000b", "subnet-0b00000c"],
  },
};
/** What Karpenter starts, and the settings that go with it. */
const karpenter = {
  "nodes.karpenter": { instanceTypes: ["m7g.large"], cpuLimit: 64, memoryLimitGiB: 256 },
  "nodes.release": "1.36.1-20261101",
  "autoscaler.enabled": false,
  "autoscaler.spareCapacity.replicas": 0,
};
const started = (key: string, to: unknown, moves = ["NodePool"]): Case => ({
  key: `nodes.karpenter.${key}`,
  to,
  with: { "nodes.kind": "karpenter", ...karpenter },
  moves,
});
/** What EKS Auto Mode starts, instead of a managed group and what goes with it. */
const auto = {
  "nodes.kind": "auto",
  "nodes.auto": { instanceTypes: ["m7g.large"], cpuLimit: 64, memoryLimitGiB: 256 },
  ...Object.fromEntries(
    ["instanceTypes", "minSize", "desiredSize", "maxSize", "release"].map((key) => [
      `nodes.${key}`,
      undefined,
    ]),
  ),
  "cluster.addonVersions": {},
  "autoscaler.enabled": false,
  "autoscaler.spareCapacity.replicas": 0,
};
const startedByAuto = (key: string, to: unknown): Case => ({
  key: `nodes.auto.${key}`,
  to,
  with: auto,
  moves: ["NodePool"],
});
/** A node group beside the first one, and a change of one of its settings. */
const spot = {
  instanceTypes: ["m7g.large", "m6g.large"],
  capacityType: "SPOT",
  minSize: 1,
  maxSize: 4,
};
const warm = { ...spot, capacityType: "ON_DEMAND", warmPool: { size: 1 } };
const group = (
  key: string,
  to: unknown,
  moves = ["NodeGroup"],
  more: Partial<Case> = {},
): Case => ({
  key: `nodes.groups.spot.${key}`,
  to,
  moves,
  ...more,
  with: { "nodes.groups": { spot }, ...more.with },
});
/** A job, and a change of one of its settings. */
const tidy = {
  "jobs.tidy": { image: { sameAs: "web" }, command: ["tidy"], schedule: "0 3 * * *" },
};
const job = (key: string, to: unknown, moves = ["CronJob"], more: Partial<Case> = {}): Case => ({
  key: `jobs.tidy.${key}`,
  to,
  moves,
  ...more,
  with: { ...tidy, ...more.with },
});
const itsOwnImage = [
  ...["EventRule", "Image", "LifecyclePolicy", "Repository", "ServiceImage", "docker"],
  "output imageReferences",
];
/** What an image is built by. */
const builds = {
  dockerfile: "build.js",
  target: "build",
  buildArgs: { NODE_IMAGE: "mirror/node:24" },
};
/** A stack that sleeps, which production does not. */
const asleep = {
  environment: "development",
  "nodes.schedule": { sleep: "0 19 * * 1-5", wake: "0 7 * * 1-5" },
};
/** A resource with the name of its kind, which the service uses. */
const used = (kind: string, more: object = {}) => ({
  [`resources.${kind}`]: { kind, ...more },
  "services.web.uses": { [kind]: "readWrite" },
});
/** The types of the first resource with data. */
const backups = ["Backups", "Plan", "Role", "RolePolicyAttachment", "Selection", "Vault"];
const table = used("table", { partitionKey: "id" });
const watched = ["Dashboard", "MetricAlarm"];
const postgres = used("postgres", { version: "17" });
/** A setting of the database that the service uses. */
const databaseCase = (key: string, to: unknown, moves: string[], more: object = {}): Case => ({
  key: `resources.postgres.${key}`,
  to,
  with: { ...postgres, "resources.postgres": { kind: "postgres", version: "17", ...more } },
  moves,
});
const databaseCases: Case[] = [
  {
    key: "resources.cache",
    to: { kind: "cache" },
    moves: ["Cache", "SecurityGroup", "SecurityGroupIngressRule", "ServerlessCache", ...watched],
  },
  ...["maxStorageGiB", "maxRequestsPerSecond"].map((key) => ({
    key: `resources.cache.${key}`,
    to: 2000,
    with: used("cache"),
    moves: ["ServerlessCache"],
  })),
  {
    key: "resources.postgres",
    to: { kind: "postgres", version: "17" },
    moves: [
      ...["Cluster", "ClusterInstance", "ClusterParameterGroup", "LogGroup", "Postgres"],
      ...[
        "SecretRotation",
        "SecurityGroup",
        "SecurityGroupIngressRule",
        "SubnetGroup",
        ...watched,
        ...backups,
      ],
    ],
  },
  databaseCase("version", "18", ["Cluster", "ClusterParameterGroup"]),
  databaseCase("minCapacity", 1, ["Cluster"]),
  databaseCase("maxCapacity", 4, ["Cluster", "MetricAlarm"]),
  {
    ...databaseCase("pauseAfterMinutes", 10, ["Cluster"], { minCapacity: 0 }),
    with: {
      environment: "development",
      "resources.postgres": { kind: "postgres", version: "17", minCapacity: 0 },
    },
  },
  databaseCase("replicas", 2, ["ClusterInstance"]),
  databaseCase("backupRetentionDays", 14, ["Cluster"]),
  databaseCase("passwordRotationDays", 90, ["SecretRotation"]),
];
const resourceCases: Case[] = [
  {
    key: "services.web.uses",
    to: {},
    with: table,
    moves: ["Deployment", "NetworkPolicy", "RolePolicy"],
  },
  {
    key: "jobs.tidy.uses",
    to: { table: "read" },
    with: { ...tidy, ...table },
    moves: ["CronJob", "NetworkPolicy", "RolePolicy"],
  },
  {
    key: "resources.bucket",
    to: { kind: "bucket" },
    moves: [
      ...["Bucket", "BucketLifecycleConfiguration", "BucketPolicy", "BucketPublicAccessBlock"],
      ...["BucketServerSideEncryptionConfiguration", "BucketVersioning", "Dashboard", ...backups],
    ],
  },
  ...["keepVersionsDays", "expireDays"].map((key) => ({
    key: `resources.bucket.${key}`,
    to: 60,
    with: used("bucket"),
    moves: ["BucketLifecycleConfiguration"],
  })),
  {
    key: "resources.queue",
    to: { kind: "queue" },
    moves: ["Queue", "QueuePolicy", "RedriveAllowPolicy", ...watched],
  },
  {
    key: "resources.queue.fifo",
    to: true,
    with: used("queue"),
    moves: ["Deployment", "Queue", "QueuePolicy", "RedriveAllowPolicy", "RolePolicy", ...watched],
  },
  ...["visibilityTimeoutSeconds", "retentionDays", "maxReceives"].map((key) => ({
    key: `resources.queue.${key}`,
    to: 10,
    with: used("queue"),
    moves: ["Queue"],
  })),
  {
    key: "resources.topic",
    to: { kind: "topic" },
    moves: ["Topic", "TopicPolicy", ...watched],
  },
  {
    key: "resources.topic.deliverTo",
    to: ["queue"],
    with: { ...used("queue"), "resources.topic": { kind: "topic" } },
    moves: ["QueuePolicy", "TopicSubscription"],
  },
  ...databaseCases,
  {
    key: "resources.files",
    to: { kind: "files" },
    moves: [
      ...["AccessPoint", "Addon", "FileSystem", "FileSystemPolicy", "Files", "MountTarget"],
      ...[
        "SecurityGroup",
        "SecurityGroupIngressRule",
        "ServiceAccountRole",
        ...watched,
        ...backups,
      ],
    ],
  },
  ...Object.entries({ user: 1000, group: 1000, directory: "/restored" }).map(([key, to]) => ({
    key: `resources.files.${key}`,
    to,
    with: used("files"),
    moves: ["AccessPoint"],
  })),
  { key: "resources.secret", to: { kind: "secret" }, moves: ["Secret"] },
  {
    key: "resources.table",
    to: { kind: "table", partitionKey: "id" },
    moves: ["Table", "VpcEndpoint", ...watched, ...backups],
  },
  {
    key: "resources.table.indexes",
    to: { byCustomer: { partitionKey: "customer" } },
    with: table,
    moves: ["Table", ...watched],
  },
  { key: "resources.table.partitionKey", to: "number:N", with: table, moves: ["Table"] },
  { key: "resources.table.sortKey", to: "at", with: table, moves: ["Table"] },
  { key: "resources.table.timeToLive", to: "expires", with: table, moves: ["Table"] },
];
const backupCases: Case[] = [
  {
    key: "backups.enabled",
    to: false,
    with: { ...table, environment: "development" },
    moves: backups,
  },
  { key: "backups.schedule", to: "cron(0 5 ? * SUN *)", with: table, moves: ["Plan"] },
  { key: "backups.retentionDays", to: 90, with: table, moves: ["Plan"] },
  { key: "backups.copyToRegion", to: "eu-west-1", with: table, moves: ["Plan", "Vault"] },
];
const jobCases: Case[] = [
  ...[
    job("image.context", "service", ["CronJob", ...itsOwnImage], {
      also: { "jobs.tidy.image.sameAs": undefined },
    }),
    job("image.reference", "docker.io/library/busybox:1", ["CronJob", ...itsOwnImage], {
      also: { "jobs.tidy.image.sameAs": undefined },
    }),
    job("image.sameAs", "shop", ["CronJob"], { with: shop }),
    job("image.digest", `sha256:${"a".repeat(64)}`, ["CronJob", ...withoutBuild(itsOwnImage)], {
      also: { "jobs.tidy.image.sameAs": undefined },
    }),
    job(
      "image.repositoryUrl",
      "444455556666.dkr.ecr.eu-central-1.amazonaws.com/tidy",
      ["CronJob", "EventRule", "ValidatingAdmissionPolicy", "output imageReferences"],
      {
        with: {
          "jobs.tidy": { ...tidy["jobs.tidy"], image: { digest: `sha256:${"a".repeat(64)}` } },
        },
      },
    ),
    ...Object.entries(builds).map(([key, to]) =>
      job(`image.${key}`, to, ["CronJob", "Image", "output imageReferences"], {
        with: { "jobs.tidy": { ...tidy["jobs.tidy"], image: { context: "service" } } },
      }),
    ),
  ],
  job("onDemandOnly", true),
  job("command", ["sweep"]),
  job("args", ["--all"]),
  job("user", 999),
  job("group", 998),
  job("architecture", "arm64", []),
  job("environment", { GREETING: "hello" }),
  job("secrets", { TOKEN: { parameter: "/prod/token" } }, [
    ...["Addon", "CronJob", "RolePolicy", "SecretProviderClass"],
  ]),
  job("writable", { "/tmp": 64 }, ["CronJob", "LimitRange"]),
  ...["cpuMillicores", "cpuLimitMillicores", "memoryMiB"].map((key) =>
    job(key, 300, ["CronJob", "LimitRange", "ResourceQuota"]),
  ),
  // It takes room that a rollout had.
  job("sidecars", { proxy: { image: { sameAs: "web" } } }, [
    ...["CronJob", "Deployment", "ResourceQuota"],
  ]),
  job("before", { wait: { image: { sameAs: "web" } } }),
  job("calls", ["shop"], ["CronJob", "NetworkPolicy", "Service"], { with: shop }),
  job("policyArns", ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"], ["RolePolicyAttachment"], {
    with: {
      "jobs.tidy": { ...tidy["jobs.tidy"], egress: [{ cidrBlock: "0.0.0.0/0", port: 443 }] },
    },
  }),
  job("egress", [{ cidrBlock: "10.9.0.0/16", port: 5432 }], ["NetworkPolicy"]),
  job("schedule", "0 4 * * 1-5", ["CronJob", "MetricAlarm"]),
  job("timeZone", "Europe/Berlin", ["CronJob", "MetricAlarm"]),
  job("concurrency", "replace", ["CronJob", "ResourceQuota"]),
  job("deadlineSeconds", 7200, ["CronJob", "MetricAlarm"]),
  job("retries", 5),
  job("keepRuns", 5),
];

function withoutBuild(moves: string[]): string[] {
  return moves.filter((one) => one !== "Image" && one !== "docker");
}

export const cases: Case[] = [
  {
    key: "region",
    to: "eu-west-1",
    also: { "network.zones": ["eu-west-1a", "eu-west-1b", "eu-west-1c"] },
    moves: [
      "Addon",
      "CertificateValidation",
      "Cluster",
      "CompositeAlarm",
      "Dashboard",
      "Deployment",
      "EventTarget",
      "FlowLog",
      "Image",
      "Ingress",
      "LogResourcePolicy",
      "MetricAlarm",
      "NodeGroup",
      "OpenIdConnectProvider",
      "Record",
      "Release",
      "Role",
      "RolePolicy",
      "Topic",
      "TopicPolicy",
      "TopicSubscription",
      "ValidatingAdmissionPolicy",
      "Vpc",
      ...["Eip", "NatGateway", "Route", "VpcEndpoint"],
      "WebAclLoggingConfiguration",
      "aws",
      "kubernetes",
      "output imageReferences",
      "output kubeconfig",
    ],
  },
  {
    key: "accountId",
    to: "444455556666",
    moves: [
      "Addon",
      "BucketPolicy",
      "CertificateValidation",
      "Cluster",
      "CompositeAlarm",
      "Dashboard",
      "Deployment",
      "EventTarget",
      "FlowLog",
      "Image",
      "Ingress",
      "Key",
      "LogResourcePolicy",
      "MetricAlarm",
      "NodeGroup",
      "Release",
      "Role",
      "RolePolicy",
      "ServiceAccount",
      "Topic",
      "TopicPolicy",
      "TopicSubscription",
      "ValidatingAdmissionPolicy",
      "WebAclLoggingConfiguration",
      "aws",
      "output imageReferences",
    ],
  },
  {
    key: "environment",
    to: "development",
    moves: ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "aws"],
  },
  { key: "tags", to: { team: "shop" }, moves: ["LaunchTemplate", "Release", "aws"] },
  { key: "permissionsBoundary", to: "arn:aws:iam::111122223333:policy/boundary", moves: ["Role"] },
  { key: "network.cidrBlock", to: "10.2.0.0/16", moves: ["NetworkPolicy", "Vpc"] },
  {
    key: "network.zones",
    to: ["eu-central-1a", "eu-central-1b"],
    moves: [
      ...["Dashboard", "Eip", "NatGateway", "NetworkPolicy", "NodeGroup", "Route", "Vpc"],
      "VpcEndpoint",
    ],
  },
  {
    key: "network.egress",
    to: "instance",
    with: { environment: "development", "network.natPerZone": false },
    moves: [
      ...["Dashboard", "Eip", "Group", "LaunchTemplate", "NatGateway", "NatInstance"],
      ...["NetworkInterface", "Route", "SecurityGroup", "SecurityGroupEgressRule"],
      "SecurityGroupIngressRule",
    ],
  },
  {
    key: "network.natPerZone",
    to: false,
    moves: ["Dashboard", "Eip", "NatGateway", "Route"],
  },
  {
    key: "network.interfaceEndpoints",
    to: ["sts"],
    moves: ["SecurityGroup", "SecurityGroupIngressRule", "VpcEndpoint"],
  },
  {
    key: "network.existing.vpcId",
    to: "vpc-0f1e2d3c",
    with: existing,
    moves: ["Cluster", "Release", "RolePolicy"],
  },
  {
    key: "network.existing.publicSubnetIds",
    to: ["subnet-0c00000a", "subnet-0c00000b", "subnet-0c00000c"],
    with: existing,
    moves: ["Ingress"],
  },
  {
    key: "network.existing.privateSubnetIds",
    to: ["subnet-0c00000a", "subnet-0c00000b", "subnet-0c00000c"],
    with: existing,
    moves: ["Cluster", "NodeGroup"],
  },
  {
    key: "cluster.name",
    to: "other",
    moves: [
      "AccessEntry",
      "AccessPolicyAssociation",
      "Addon",
      "Cluster",
      "CompositeAlarm",
      "Dashboard",
      "Deployment",
      "Key",
      "LaunchTemplate",
      "LogGroup",
      "LogResourcePolicy",
      "MetricAlarm",
      "NodeGroup",
      "OpenIdConnectProvider",
      "QueryDefinition",
      "Release",
      "Role",
      "RolePolicy",
      "WebAclLoggingConfiguration",
      "kubernetes",
      "output clusterName",
      "output kubeconfig",
      "output logGroups",
    ],
  },
  {
    key: "cluster.kubernetesVersion",
    to: "1.35",
    moves: ["Addon", "Cluster", "NodeGroup", "Release"],
  },
  {
    key: "cluster.publicAccess",
    to: false,
    also: { "cluster.publicAccessCidrs": [] },
    moves: ["Cluster"],
  },
  { key: "cluster.publicAccessCidrs", to: ["198.51.100.0/24"], moves: ["Cluster"] },
  {
    key: "cluster.admins",
    to: ["arn:aws:iam::111122223333:role/Other"],
    moves: ["AccessEntry", "AccessPolicyAssociation"],
  },
  { key: "cluster.deployers", to: [], moves: ["AccessEntry", "AccessPolicyAssociation"] },
  { key: "cluster.viewers", to: [], moves: ["AccessEntry", "AccessPolicyAssociation"] },
  {
    key: "cluster.auditors",
    to: ["arn:aws:iam::111122223333:role/Auditor"],
    moves: ["AccessEntry", "AccessPolicyAssociation"],
  },
  {
    key: "cluster.debug",
    to: [developer],
    moves: [
      "AccessEntry",
      "Image",
      "LifecyclePolicy",
      "Repository",
      "Role",
      "RoleBinding",
      "ServiceImage",
      "ValidatingAdmissionPolicy",
      "docker",
    ],
  },
  {
    key: "cluster.debugImage",
    to: "docker.io/library/busybox:1.37.0",
    with: { "cluster.debug": [developer] },
    moves: ["Image", "Role"],
  },
  { key: "cluster.logTypes", to: ["audit"], moves: ["Cluster"] },
  {
    key: "cluster.identity",
    to: "podIdentity",
    moves: [
      ...[
        "Addon",
        "Deployment",
        "NetworkPolicy",
        "OpenIdConnectProvider",
        "PodIdentityAssociation",
      ],
      ...["Release", "Role", "RolePolicy", "RolePolicyAttachment", "ServiceAccount"],
    ],
  },
  {
    key: "cluster.deletionProtection",
    to: false,
    with: { environment: "development" },
    moves: ["Cluster", "Key"],
  },
  {
    key: "cluster.podAddresses.prefixDelegation",
    to: true,
    moves: ["Addon", "LaunchTemplate"],
  },
  {
    key: "cluster.podAddresses.warmPrefixTarget",
    to: 2,
    with: { "cluster.podAddresses.prefixDelegation": true },
    moves: ["Addon"],
  },
  { key: "cluster.podAddresses.warmIpTarget", to: 5, moves: ["Addon"] },
  {
    key: "cluster.podAddresses.minimumIpTarget",
    to: 20,
    with: { "cluster.podAddresses.warmIpTarget": 5 },
    moves: ["Addon"],
  },
  { key: "cluster.addonVersions", to: { coredns: "v1.14.3-eksbuild.9" }, moves: ["Addon"] },
  {
    key: "nodes.architecture",
    to: "amd64",
    also: { "nodes.instanceTypes": ["m7i.large"] },
    moves: ["Deployment", "Image", "NodeGroup", "output imageReferences"],
  },
  { key: "nodes.operatingSystem", to: "bottlerocket", moves: ["LaunchTemplate", "NodeGroup"] },
  // Other room: other rollouts.
  { key: "nodes.instanceTypes", to: ["m7g.xlarge"], moves: ["Deployment", "NodeGroup"] },
  {
    key: "nodes.capacityType",
    to: "ON_DEMAND",
    with: { environment: "development", "nodes.instanceTypes": ["m7g.large", "m6g.large"] },
    moves: ["NodeGroup"],
  },
  { key: "nodes.minSize", to: 2, moves: ["NodeGroup"] },
  { key: "nodes.desiredSize", to: 4, moves: ["NodeGroup"] },
  { key: "nodes.maxSize", to: 10, moves: ["NodeGroup"] },
  { key: "nodes.release", to: "1.36.1-20261101", moves: ["NodeGroup"] },
  { key: "nodes.diskSizeGiB", to: 80, moves: ["LaunchTemplate"] },
  // Pods are spread hard, and the sizes are shared out.
  { key: "nodes.groupPerZone", to: true, moves: ["Deployment", "NodeGroup"] },
  {
    key: "nodes.warmPool.size",
    to: 2,
    with: { "nodes.warmPool": { size: 1 } },
    moves: ["NodeGroup"],
  },
  {
    key: "nodes.warmPool.state",
    to: "RUNNING",
    with: { "nodes.warmPool": { size: 1 } },
    moves: ["NodeGroup"],
  },
  group("warmPool.size", 2, ["NodeGroup"], {
    with: { "nodes.groups": { spot: warm } },
  }),
  group("warmPool.state", "RUNNING", ["NodeGroup"], {
    with: { "nodes.groups": { spot: warm } },
  }),
  group("instanceTypes", ["m7g.large", "m7g.xlarge"]),
  // All nodes are on demand then, and no pod prefers others.
  group("capacityType", "ON_DEMAND", ["Deployment", "NodeGroup"]),
  group("minSize", 2),
  group("desiredSize", 3),
  group("maxSize", 5),
  {
    key: "nodes.kind",
    to: "karpenter",
    also: karpenter,
    // What a rollout adds follows Karpenter's limits. The group for add-ons is another resource.
    moves: [
      ...[
        "AccessEntry",
        "Deployment",
        "EC2NodeClass",
        "EventRule",
        "EventTarget",
        "InstanceProfile",
      ],
      ...["InterruptionQueue", "Karpenter", "KarpenterNodes", "LaunchTemplate", "NodeGroup"],
      ...["NodePool", "NodeRole", "Nodes"],
      ...["Queue", "QueuePolicy", "Release", "Role", "RolePolicy", "RolePolicyAttachment"],
      "ServiceAccountRole",
    ],
  },
  started("instanceTypes", ["m7g.large", "m6g.large"]),
  started("capacityTypes", ["spot", "on-demand"]),
  started("cpuLimit", 80),
  started("memoryLimitGiB", 300),
  started("expireAfterHours", 168),
  startedByAuto("instanceTypes", ["m7g.large", "m6g.large"]),
  startedByAuto("capacityTypes", ["spot", "on-demand"]),
  startedByAuto("cpuLimit", 80),
  startedByAuto("memoryLimitGiB", 300),
  startedByAuto("expireAfterHours", 168),
  {
    key: "autoscaler.enabled",
    to: false,
    with: { "nodes.desiredSize": 9 },
    moves: ["NodeGroup", "Release", "Role", "RolePolicy", "ServiceAccountRole", "SpareCapacity"],
  },
  {
    key: "autoscaler.spareCapacity.replicas",
    to: 1,
    moves: ["Deployment", "Namespace", "NetworkPolicy", "PriorityClass", "ResourceQuota"],
  },
  {
    key: "autoscaler.spareCapacity.cpuMillicores",
    to: 600,
    with: { "autoscaler.spareCapacity.replicas": 1 },
    moves: ["Deployment", "ResourceQuota"],
  },
  {
    key: "autoscaler.spareCapacity.memoryMiB",
    to: 600,
    with: { "autoscaler.spareCapacity.replicas": 1 },
    moves: ["Deployment", "ResourceQuota"],
  },
  { key: "logs.retentionDays", to: 60, moves: ["LogGroup"] },
  { key: "logs.keepOnDestroy", to: false, moves: ["Bucket", "LogGroup"] },
  {
    key: "insights.variant",
    to: "opentelemetry",
    with: {
      "alarms.enabled": false,
      "cluster.addonVersions": { "amazon-cloudwatch-observability": "v6.4.0-eksbuild.1" },
    },
    moves: ["Addon", "Dashboard", "LogGroup", "output logGroups"],
  },
  {
    key: "insights.applicationSignals",
    to: true,
    moves: ["Addon", "NetworkPolicy", "ValidatingAdmissionPolicy"],
  },
  { key: "insights.traces", to: true, moves: ["Addon", "Deployment", "NetworkPolicy"] },
  {
    key: "serviceLevel.availabilityPercent",
    to: 99,
    moves: ["CompositeAlarm", "Dashboard", "MetricAlarm"],
  },
  {
    key: "serviceLevel.latencyMilliseconds",
    to: 400,
    moves: ["CompositeAlarm", "Dashboard", "MetricAlarm"],
  },
  {
    key: "serviceLevel.latencyPercent",
    to: 98,
    moves: ["CompositeAlarm", "Dashboard", "MetricAlarm"],
  },
  {
    key: "alarms.enabled",
    to: false,
    moves: [
      "Alarms",
      "CompositeAlarm",
      "Dashboard",
      "EventRule",
      "EventTarget",
      "ImageFindings",
      "Key",
      "MetricAlarm",
      "Notifications",
      "Topic",
      "TopicPolicy",
      "TopicSubscription",
    ],
  },
  { key: "alarms.emails", to: ["other@example.com"], moves: ["TopicSubscription"] },
  {
    key: "alarms.httpsEndpoints",
    to: ["https://pager.example.com/x"],
    moves: ["TopicSubscription"],
  },
  {
    key: "alarms.runbooks",
    to: "https://example.com/runbooks.md",
    moves: ["CompositeAlarm", "EventTarget", "MetricAlarm"],
  },
  {
    key: "nodes.schedule.sleep",
    to: "0 20 * * 1-5",
    with: asleep,
    moves: ["AlarmMuteRule", "Schedule"],
  },
  {
    key: "nodes.schedule.wake",
    to: "0 8 * * 1-5",
    with: asleep,
    moves: ["AlarmMuteRule", "Schedule"],
  },
  {
    key: "nodes.schedule.timeZone",
    to: "Europe/Berlin",
    with: asleep,
    moves: ["AlarmMuteRule", "Schedule"],
  },
  { key: "budget.monthly", to: 500, moves: ["Budget"] },
  {
    key: "budget.emails",
    to: ["accounts@example.com"],
    with: { "budget.monthly": 500 },
    moves: ["Budget"],
  },
  { key: "dashboard.enabled", to: false, moves: ["Dashboard"] },
  {
    key: "registry.forceDelete",
    to: true,
    with: { environment: "development" },
    moves: ["Repository"],
  },
  { key: "registry.untaggedRetentionDays", to: 9, moves: ["LifecyclePolicy"] },
  {
    key: "registry.signingKey",
    to: "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    moves: [],
  },
  {
    key: "services.web.image.context",
    to: "other",
    moves: ["Deployment", "Image", "output imageReferences"],
  },
  {
    key: "services.web.image.digest",
    to: `sha256:${"a".repeat(64)}`,
    moves: ["Deployment", "Image", "docker", "output imageReferences"],
  },
  {
    key: "services.web.image.repositoryUrl",
    to: "444455556666.dkr.ecr.eu-central-1.amazonaws.com/web",
    with: { "services.web.image.digest": `sha256:${"a".repeat(64)}` },
    moves: ["Deployment", "EventRule", "ValidatingAdmissionPolicy", "output imageReferences"],
  },
  ...Object.entries(builds).map(([key, to]) => ({
    key: `services.web.image.${key}`,
    to,
    moves: ["Deployment", "Image", "output imageReferences"],
  })),
  {
    key: "services.web.route.hosts",
    to: ["shop.platform.example.com"],
    moves: ["Certificate", "CertificateValidation", "Ingress", "Record"],
  },
  { key: "services.web.route.sticky", to: true, moves: ["Ingress"] },
  { key: "services.web.route.path", to: "/shop", moves: ["Ingress"] },
  {
    key: "services.web.route.healthCheck.intervalSeconds",
    to: 6,
    moves: ["Deployment", "Ingress"],
  },
  { key: "services.web.route.healthCheck.timeoutSeconds", to: 2, moves: ["Ingress"] },
  { key: "services.web.route.healthCheck.healthyThreshold", to: 3, moves: ["Ingress"] },
  { key: "services.web.route.healthCheck.unhealthyThreshold", to: 3, moves: ["Ingress"] },
  { key: "services.web.maxSurge", to: "50%", moves: ["Deployment"] },
  { key: "services.web.minReplicas", to: 4, moves: ["Deployment", "HorizontalPodAutoscaler"] },
  {
    key: "services.web.maxReplicas",
    to: 10,
    moves: ["Dashboard", "Deployment", "HorizontalPodAutoscaler", "MetricAlarm", "ResourceQuota"],
  },
  { key: "services.web.targetCpuPercent", to: 50, moves: ["HorizontalPodAutoscaler"] },
  {
    key: "services.web.scale.requestsPerSecond",
    to: 50,
    moves: [
      "HorizontalPodAutoscaler",
      "Release",
      "Role",
      "RolePolicy",
      "ScaledObject",
      "ServiceAccountRole",
      "TriggerAuthentication",
    ],
  },
  {
    key: "services.web.scale.queue.name",
    to: "mail",
    with: { "services.web.scale.queue": { name: "orders", messagesPerPod: 5 } },
    moves: ["RolePolicy", "ScaledObject"],
  },
  {
    key: "services.web.scale.queue.resource",
    to: "mails",
    with: {
      "resources.queue": { kind: "queue" },
      "resources.mails": { kind: "queue" },
      "services.web.uses": { queue: "read", mails: "read" },
      "services.web.scale.queue": { resource: "queue", messagesPerPod: 5 },
    },
    moves: ["RolePolicy", "ScaledObject"],
  },
  {
    key: "services.web.scale.queue.messagesPerPod",
    to: 6,
    with: { "services.web.scale.queue": { name: "orders", messagesPerPod: 5 } },
    moves: ["ScaledObject"],
  },
  {
    key: "services.web.cpuMillicores",
    to: 400,
    moves: ["Deployment", "LimitRange", "ResourceQuota"],
  },
  {
    key: "services.web.cpuLimitMillicores",
    to: 900,
    moves: ["Deployment", "LimitRange", "ResourceQuota"],
  },
  { key: "services.web.memoryMiB", to: 400, moves: ["Deployment", "LimitRange", "ResourceQuota"] },
  { key: "services.web.maxBodyKiB", to: 16, moves: ["Deployment", "WebAcl"] },
  { key: "services.web.drainSeconds", to: 40, moves: ["Deployment"] },
  { key: "services.web.requestTimeoutSeconds", to: 20, moves: ["Deployment", "Ingress"] },
  { key: "services.web.logLevel", to: "warn", moves: ["Deployment"] },
  {
    key: "services.web.faultInjection",
    to: true,
    with: { environment: "development" },
    moves: ["Deployment"],
  },
  {
    key: "services.web.policyArns",
    to: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"],
    with: { "services.web.egress": [{ cidrBlock: "0.0.0.0/0", port: 443 }] },
    moves: ["RolePolicyAttachment"],
  },
  {
    key: "services.web.egress",
    to: [{ cidrBlock: "10.9.0.0/16", port: 5432 }],
    moves: ["NetworkPolicy"],
  },
  {
    key: "services.web.image.reference",
    to: "ghcr.io/stefanprodan/podinfo:6.14.1",
    also: { "services.web.image.context": undefined },
    moves: ["Deployment", "Image", "output imageReferences"],
  },
  {
    key: "services.web.image.sameAs",
    to: "shop",
    with: shop,
    also: { "services.web.image.context": undefined },
    moves: [
      "Deployment",
      "EventRule",
      "Image",
      "LifecyclePolicy",
      "Repository",
      "ServiceImage",
      "docker",
      "output imageReferences",
    ],
  },
  { key: "services.web.command", to: ["node", "server.js"], moves: ["Deployment"] },
  { key: "services.web.args", to: ["--verbose"], moves: ["Deployment"] },
  { key: "services.web.user", to: 999, with: foreign, moves: ["Deployment"] },
  { key: "services.web.onDemandOnly", to: true, moves: ["Deployment"] },
  { key: "services.web.group", to: 998, moves: ["Deployment"] },
  { key: "services.web.architecture", to: "arm64", moves: [] },
  { key: "services.web.environment", to: { GREETING: "hello" }, moves: ["Deployment"] },
  {
    key: "services.web.secrets",
    to: {
      DB_PASSWORD: { secret: "prod/db", key: "password" },
      TOKEN: { parameter: "/prod/token" },
    },
    moves: ["Addon", "Deployment", "RolePolicy", "SecretProviderClass"],
  },
  {
    key: "services.web.writable",
    to: { "/tmp": 64 },
    moves: ["Deployment", "LimitRange"],
  },
  {
    key: "services.web.sidecars",
    to: { proxy: { image: { reference: "docker.io/library/envoy:1" }, cpuMillicores: 10 } },
    with: { "nodes.maxSize": 20 },
    moves: [
      "Deployment",
      "EventRule",
      "Image",
      "LifecyclePolicy",
      "Repository",
      "ResourceQuota",
      "ServiceImage",
      "docker",
      "output imageReferences",
    ],
  },
  {
    key: "services.web.before",
    to: { wait: { image: { sameAs: "web" } } },
    moves: ["Deployment"],
  },
  {
    key: "services.web.calls",
    to: ["shop"],
    with: shop,
    moves: ["Deployment", "NetworkPolicy", "Service"],
  },
  {
    key: "services.web.worker",
    to: true,
    also: { "services.web.route": undefined, "services.web.health": undefined },
    moves: [
      "Dashboard",
      "Deployment",
      "Ingress",
      "MetricAlarm",
      "Namespace",
      "NetworkPolicy",
      "Service",
    ],
  },
  { key: "services.web.port", to: 3000, with: foreign, moves: ["Deployment"] },
  { key: "services.web.protocol", to: "http2", moves: ["Ingress"] },
  { key: "services.web.health", to: "/health", moves: ["Deployment", "Ingress"] },
  {
    key: "services.web.drain",
    to: "sleep",
    moves: ["Dashboard", "Deployment", "MetricAlarm"],
  },
  {
    key: "services.web.release.command",
    to: ["migrate"],
    moves: ["Job", "NetworkPolicy", "ReleaseJob", "ResourceQuota"],
  },
  {
    key: "services.web.release.deadlineSeconds",
    to: 60,
    with: { "services.web.release.command": ["migrate"] },
    moves: ["Job"],
  },
  {
    key: "services.web.release.retries",
    to: 2,
    with: { "services.web.release.command": ["migrate"] },
    moves: ["Job", "ResourceQuota"],
  },
  { key: "services.web.targetMemoryPercent", to: 70, moves: ["HorizontalPodAutoscaler"] },
  { key: "services.web.nodeHeapPercent", to: 50, moves: ["Deployment"] },
  ...jobCases,
  ...backupCases,
  ...resourceCases,
  {
    key: "ingress.scheme",
    to: "internal",
    moves: ["Dashboard", "Ingress", "MetricAlarm", "NetworkPolicy", "Record"],
  },
  { key: "ingress.inboundCidrs", to: ["203.0.113.0/24"], moves: ["Ingress"] },
  { key: "ingress.idleTimeoutSeconds", to: 90, moves: ["Deployment", "Ingress"] },
  {
    key: "ingress.deletionProtection",
    to: false,
    with: { environment: "development" },
    moves: ["Ingress"],
  },
  { key: "domain.hostedZoneId", to: "Z9999999999EXAMPLE", moves: ["Record"] },
  {
    key: "domain.hostedZoneRoleArn",
    to: "arn:aws:iam::444455556666:role/records",
    moves: ["aws"],
  },
  {
    key: "domain.certificateArns",
    to: ["arn:aws:acm:eu-central-1:111122223333:certificate/0a1b2c3d"],
    moves: ["Certificate", "CertificateValidation", "Ingress", "MetricAlarm", "Record"],
  },
  {
    key: "domain.additional",
    to: [{ hostName: "shop.example.org" }],
    moves: ["Certificate", "CertificateValidation", "output dnsRecords"],
  },
  {
    key: "domain.hostName",
    to: "other.example.com",
    moves: ["Certificate", "CertificateValidation", "Record", "output url"],
  },
  {
    key: "pullRequests.environments",
    to: 1,
    with: { environment: "development", "nodes.maxSize": 20 },
    moves: [
      "Certificate",
      "LifecyclePolicy",
      "PriorityClass",
      "Record",
      "Repository",
      "output pullRequests",
    ],
  },
  {
    key: "pullRequests.days",
    to: 5,
    with: { environment: "development", "pullRequests.environments": 1, "nodes.maxSize": 20 },
    moves: ["LifecyclePolicy", "output pullRequests"],
  },
  {
    key: "pullRequests.resources",
    to: { table: "read" },
    with: {
      ...table,
      environment: "development",
      "pullRequests.environments": 1,
      "nodes.maxSize": 20,
    },
    moves: ["output pullRequests"],
  },
  {
    key: "firewall.enabled",
    to: false,
    moves: [
      "Dashboard",
      "Ingress",
      "LogGroup",
      "LogResourcePolicy",
      "WebAcl",
      "WebAclLoggingConfiguration",
      "output logGroups",
    ],
  },
  { key: "firewall.countOnly", to: true, moves: ["WebAcl"] },
  { key: "firewall.requestsPerFiveMinutes", to: 500, moves: ["WebAcl"] },
  { key: "loadBalancerLogs.access", to: false, moves: ["Ingress"] },
  { key: "loadBalancerLogs.connections", to: false, moves: ["Ingress"] },
  { key: "loadBalancerLogs.healthChecks", to: false, moves: ["Ingress"] },
  { key: "loadBalancerLogs.retentionDays", to: 30, moves: ["BucketLifecycleConfiguration"] },
];
