import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

/** Days that CloudWatch Logs accepts (PutRetentionPolicy), without "never". */
const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
] as const;

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
  "amazon-cloudwatch-observability",
] as const;

const whole = (min: number, max: number) =>
  z.number(`a whole number from ${min} to ${max}`).int().min(min).max(max);

const matching = (pattern: RegExp, allowed: string) => z.string(allowed).regex(pattern, allowed);

const flag = () => z.boolean("true or false");

const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, `one of ${values.join(", ")}`);

const cidrBlock = () => z.cidrv4("an IPv4 network such as 10.0.0.0/16");

const arn = (kind: string) =>
  matching(/^arn:aws:iam::(\d{12}|aws):[a-z-]+\/.+$/, `the ARN of ${kind}`);

const principals = () => z.array(arn("an IAM role or user"), "a list of ARNs").default([]);

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
  kubernetesVersion: oneOf(["1.35", "1.36"]),
  publicAccess: flag().default(false),
  publicAccessCidrs: z.array(cidrBlock(), "a list of IPv4 networks").default([]),
  admins: principals(),
  deployers: principals(),
  viewers: principals(),
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
  desiredSize: whole(1, 450),
  maxSize: whole(1, 450),
  diskSizeGiB: whole(20, 16384).default(20),
});

const logsSchema = z.strictObject({
  retentionDays: z.literal(retentionDays, `one of ${retentionDays.join(", ")}`),
  keepOnDestroy: flag().default(false),
});

const insightsSchema = z.strictObject({
  applicationSignals: flag().default(false),
});

const imageSchema = z.strictObject({
  digest: matching(/^sha256:[0-9a-f]{64}$/, "sha256: and 64 hexadecimal digits").optional(),
  repositoryUrl: matching(
    /^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com\/[a-z0-9/._-]+$/,
    "an ECR repository such as 111122223333.dkr.ecr.eu-central-1.amazonaws.com/service",
  ).optional(),
  nodeImage: imageName("an image with a tag or digest").optional(),
  runtimeImage: imageName("an image with a tag or digest").optional(),
  forceDelete: flag().default(false),
  untaggedRetentionDays: whole(1, 365).default(7),
});

const serviceSchema = z.strictObject({
  name: matching(/^[a-z][a-z0-9-]{0,29}$/, "1 to 30 of a-z, 0-9 and -, beginning with a letter"),
  minReplicas: whole(2, 1000).default(2),
  maxReplicas: whole(2, 1000).default(4),
  targetCpuPercent: whole(10, 95).default(60),
  cpuMillicores: whole(10, 64000).default(250),
  cpuLimitMillicores: whole(10, 64000).default(1000),
  memoryMiB: whole(128, 65536).default(256),
  drainSeconds: whole(5, 900).default(30),
  requestTimeoutSeconds: whole(1, 3595).default(30),
  logLevel: oneOf(["fatal", "error", "warn", "info", "debug", "trace"]).default("info"),
  faultInjection: flag().default(false),
  policyArns: z.array(arn("an IAM policy"), "a list of ARNs").max(10, "at most 10").default([]),
  egress: z
    .array(z.strictObject({ cidrBlock: cidrBlock(), port: whole(1, 65535) }), "a list")
    .default([]),
});

const ingressSchema = z.strictObject({
  scheme: oneOf(["internet-facing", "internal"]).default("internet-facing"),
  inboundCidrs: z
    .array(cidrBlock(), "a list of IPv4 networks")
    .min(1, "at least one network")
    .default(["0.0.0.0/0"]),
  idleTimeoutSeconds: whole(1, 4000).default(60),
});

const tagsSchema = z
  .record(
    matching(
      /^(?!aws:|elbv2\.k8s\.aws\/).{1,128}$/,
      "not aws: or elbv2.k8s.aws/, which AWS and the load balancer controller keep to themselves",
    ),
    z.string("a string").max(256, "at most 256 characters"),
  )
  .default({});

const settingsSchema = z.strictObject({
  region: matching(/^(af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-\d$/, "a region such as eu-central-1"),
  accountId: matching(/^\d{12}$/, "12 digits, in quotes"),
  environment: oneOf(["development", "production"]),
  tags: tagsSchema,
  network: networkSchema,
  cluster: clusterSchema,
  nodes: nodesSchema,
  logs: logsSchema,
  insights: insightsSchema.prefault({}),
  image: imageSchema.prefault({}),
  service: serviceSchema,
  ingress: ingressSchema.prefault({}),
});

export type NetworkConfig = z.infer<typeof networkSchema>;
export type ClusterConfig = z.infer<typeof clusterSchema>;
export type NodesConfig = z.infer<typeof nodesSchema>;
export type LogsConfig = z.infer<typeof logsSchema>;
export type InsightsConfig = z.infer<typeof insightsSchema>;
export type ImageConfig = z.infer<typeof imageSchema>;
export type ServiceConfig = z.infer<typeof serviceSchema>;
export type IngressConfig = z.infer<typeof ingressSchema>;
export type AddonName = (typeof addonNames)[number];

type Settings = z.infer<typeof settingsSchema>;

/** The settings of a stack, in the slices that the components take whole. */
export type PlatformConfig = ReturnType<typeof slices>;

function slices(settings: Settings) {
  const { region, accountId, tags, cluster, nodes, logs, ingress, service } = settings;
  const { addonVersions } = cluster;
  const { architecture } = nodes;
  return {
    provider: {
      region,
      allowedAccountIds: [accountId],
      defaultTags: {
        tags: {
          project: pulumi.getProject(),
          stack: pulumi.getStack(),
          "managed-by": "pulumi",
          ...tags,
        },
      },
    },
    network: { ...settings.network, region, logs },
    cluster: { ...cluster, nodes, logs, tags, deployerNamespaces: [service.name] },
    loadBalancerController: { region, tags },
    containerInsights: { ...settings.insights, clusterName: cluster.name, addonVersions, logs },
    image: { ...settings.image, context: "service", architecture },
    service: { ...service, ingress, architecture },
  };
}

/**
 * Reads the stack's settings (`platform:*` in `Pulumi.<stack>.yaml`), with defaults filled in.
 *
 * Throws one `pulumi.RunError` that lists every problem: its key, what was given, what is allowed.
 * Keys that no setting has are problems too, so that a misspelled key cannot be ignored.
 */
export function loadConfig(): PlatformConfig {
  const project = pulumi.getProject();
  const given = configOf(project);
  const parsed = settingsSchema.safeParse(given);
  const problems = [
    ...(parsed.error?.issues.flatMap((issue) => describe(issue, given)) ?? []),
    ...rules.flatMap((check) => check(validSlices(given))),
  ];
  if (!parsed.success || problems.length > 0) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    const lines = problems.map((problem) => `  ${project}:${problem}`);
    throw new pulumi.RunError([`Pulumi.${pulumi.getStack()}.yaml: ${count}`, ...lines].join("\n"));
  }
  return slices(parsed.data);
}

/** The project's settings as one object; values that are no JSON stay the strings they are. */
function configOf(project: string): Record<string, unknown> {
  const config = new pulumi.Config(project);
  const scalars = new Set(["region", "accountId", "environment"]);
  const names = Object.keys(pulumi.runtime.allConfig())
    .filter((key) => key.startsWith(`${project}:`))
    .map((key) => key.slice(project.length + 1));
  return Object.fromEntries(
    names.map((name) => {
      const text = config.require(name);
      if (scalars.has(name)) return [name, text];
      try {
        return [name, JSON.parse(text)];
      } catch {
        return [name, text];
      }
    }),
  );
}

/** The slices that are valid each by itself, with their defaults. */
function validSlices(given: Record<string, unknown>): Partial<Settings> {
  return Object.fromEntries(
    Object.entries(settingsSchema.shape).flatMap(([slice, schema]) => {
      const parsed = schema.safeParse(given[slice]);
      return parsed.success ? [[slice, parsed.data]] : [];
    }),
  );
}

function describe(issue: z.core.$ZodIssue, given: unknown): string[] {
  const at = (path: PropertyKey[]) => path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${at([...issue.path, key])}: there is no such setting`);
  }
  if (issue.code === "invalid_key") {
    const key = String(issue.path.at(-1));
    return [`${at(issue.path.slice(0, -1))}: ${key} is not allowed: ${issue.issues[0]?.message}`];
  }
  const value = issue.path.reduce<unknown>(
    (object, key) => (object as Record<PropertyKey, unknown> | undefined)?.[key],
    given,
  );
  const allowed =
    issue.code === "invalid_type" && issue.expected === "object"
      ? "a map of settings"
      : issue.code === "too_small" && issue.origin === "number"
        ? `at least ${issue.minimum}`
        : issue.code === "too_big" && issue.origin === "number"
          ? `at most ${issue.maximum}`
          : issue.message;
  return [
    value === undefined
      ? `${at(issue.path)}: is missing; allowed: ${allowed}`
      : `${at(issue.path)}: ${JSON.stringify(value)} is not allowed: ${allowed}`,
  ];
}

/** A rule between settings: what it says when it is broken, checked when the slices it needs are valid. */
function rule<Slice extends keyof Settings>(
  needs: Slice[],
  check: (settings: Pick<Settings, Slice>) => (string | false)[],
) {
  return (settings: Partial<Settings>): string[] =>
    needs.every((slice) => settings[slice] !== undefined)
      ? check(settings as Pick<Settings, Slice>).filter((problem) => problem !== false)
      : [];
}

const rules = [
  rule(["network", "region"], ({ network: { zones }, region }) => [
    ...zones
      .filter((zone) => !new RegExp(`^${region}[a-z]$`).test(zone))
      .map((zone) => `network.zones: ${zone} is not a zone of region ${region}`),
    new Set(zones).size < zones.length && `network.zones: ${zones.join(", ")} names a zone twice`,
  ]),
  rule(["network"], ({ network: { cidrBlock } }) => {
    const [address = "", prefix = ""] = cidrBlock.split("/");
    return [
      (Number(prefix) < 16 || Number(prefix) > 19) &&
        `network.cidrBlock: ${cidrBlock} is not allowed: a prefix from /16 (the most that AWS gives a VPC) to /19 (a load balancer needs a /27 in each zone)`,
      !isNetworkAddress(address, Number(prefix)) &&
        `network.cidrBlock: ${cidrBlock} has bits beyond its prefix`,
    ];
  }),
  rule(["cluster"], ({ cluster: { publicAccess, publicAccessCidrs } }) => [
    publicAccess &&
      publicAccessCidrs.length === 0 &&
      "cluster.publicAccessCidrs: is empty; a public endpoint needs the networks that may reach it",
    !publicAccess &&
      publicAccessCidrs.length > 0 &&
      "cluster.publicAccess: false goes with an empty cluster.publicAccessCidrs",
    publicAccessCidrs.some((cidr) => cidr.endsWith("/0")) &&
      "cluster.publicAccessCidrs: 0.0.0.0/0 is not allowed: name the networks that may reach the endpoint",
  ]),
  rule(["cluster"], ({ cluster: { admins, deployers, viewers } }) => {
    const principals = [...admins, ...deployers, ...viewers];
    const repeated = principals.filter((principal, at) => principals.indexOf(principal) !== at);
    return [
      admins.length === 0 &&
        "cluster.admins: is empty; without an administrator only the principal that made the cluster can reach it",
      ...[...new Set(repeated)].map(
        (principal) => `cluster: ${principal} is named twice in admins, deployers and viewers`,
      ),
    ];
  }),
  rule(["nodes"], ({ nodes: { minSize, desiredSize, maxSize, instanceTypes, architecture } }) => [
    minSize > maxSize && `nodes.minSize: ${minSize} is above nodes.maxSize ${maxSize}`,
    (desiredSize < minSize || desiredSize > maxSize) &&
      `nodes.desiredSize: ${desiredSize} is not between nodes.minSize ${minSize} and nodes.maxSize ${maxSize}`,
    ...instanceTypes
      .filter((type) => architectureOf(type) !== architecture)
      .map(
        (type) =>
          `nodes.instanceTypes: ${type} is ${architectureOf(type)}, but nodes.architecture is ${architecture}`,
      ),
  ]),
  rule(["service"], ({ service }) => [
    service.minReplicas > service.maxReplicas &&
      `service.minReplicas: ${service.minReplicas} is above service.maxReplicas ${service.maxReplicas}`,
    service.cpuMillicores > service.cpuLimitMillicores &&
      `service.cpuMillicores: ${service.cpuMillicores} is above service.cpuLimitMillicores ${service.cpuLimitMillicores}`,
    service.policyArns.length > 0 &&
      !service.egress.some((rule) => rule.port === 443) &&
      "service.policyArns: needs a service.egress rule for port 443, on which AWS answers",
  ]),
  rule(["service", "ingress"], ({ service, ingress }) => [
    service.requestTimeoutSeconds >= ingress.idleTimeoutSeconds &&
      `service.requestTimeoutSeconds: ${service.requestTimeoutSeconds} is not below ingress.idleTimeoutSeconds ${ingress.idleTimeoutSeconds}; the load balancer would answer 504 first`,
  ]),
  rule(["image"], ({ image }) => [
    image.repositoryUrl !== undefined &&
      image.digest === undefined &&
      "image.repositoryUrl: needs image.digest; a stack that builds pushes to its own repository",
  ]),
  production("cluster", ({ deletionProtection }) => [
    !deletionProtection && "cluster.deletionProtection: false is not allowed in production",
  ]),
  production("image", ({ forceDelete }) => [
    forceDelete && "image.forceDelete: true is not allowed in production",
  ]),
  production("service", ({ faultInjection }) => [
    faultInjection && "service.faultInjection: true is not allowed in production",
  ]),
  production("logs", ({ retentionDays }) => [
    retentionDays < 30 &&
      `logs.retentionDays: ${retentionDays} is not allowed in production: at least 30`,
  ]),
];

function production<Slice extends keyof Settings>(
  slice: Slice,
  check: (settings: Settings[Slice]) => (string | false)[],
) {
  return rule(["environment", slice], (settings) =>
    settings.environment === "production" ? check(settings[slice]) : [],
  );
}

function isNetworkAddress(address: string, prefix: number): boolean {
  const bits = address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return bits % 2 ** (32 - prefix) === 0;
}

/** Graviton families carry a `g` after the generation's number: t4g, m7gd, c8gn, im4gn, hpc7g. */
function architectureOf(instanceType: string): "arm64" | "amd64" {
  return /^[a-z]+\d+g/.test(instanceType) ? "arm64" : "amd64";
}
