import type { AwsAnswers } from "../../support/aws-answers.ts";
import type { KubernetesAnswer } from "../../support/kubernetes-server.ts";

export const now = new Date("2026-11-30T12:00:00Z");

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const registry = "111122223333.dkr.ecr.eu-central-1.amazonaws.com";
export const image = `${registry}/web@${digest("a")}`;
export const olderImage = `${registry}/web@${digest("b")}`;

/** Settings of a stack with a service behind the load balancer, a worker and a job. */
export const settings = `config:
  platform:accountId: "111122223333"
  platform:network: { zones: [eu-central-1a, eu-central-1b] }
  platform:cluster:
    name: platform-shop
    kubernetesVersion: "1.36"
    publicAccess: true
    publicAccessCidrs: [203.0.113.0/24]
    admins: [arn:aws:iam::111122223333:role/PlatformAdmin]
  platform:nodes: { instanceTypes: [m7g.large], minSize: 3, desiredSize: 3, maxSize: 6 }
  platform:logs: { retentionDays: 7 }
  platform:alarms: { enabled: true, emails: [on-call@example.com] }
  platform:release:
    images: { web: "${image}" }
    by: alice
    at: "2026-11-28T11:58:00Z"
    commit: 0123456789abcdef0123456789abcdef01234567
    before: { web: "${olderImage}" }
  platform:services:
    web:
      image: { reference: "${image}" }
      route: { path: / }
      health: /health
      minReplicas: 2
      maxReplicas: 6
    mailer:
      image: { reference: "${image}" }
      worker: true
  platform:jobs:
    nightly:
      image: { reference: "${image}" }
      schedule: "0 3 * * *"
`;

const container = (name: string, of: string) => ({
  name,
  image: of,
  resources: { requests: { cpu: "250m", memory: "256Mi" } },
});

interface PodParts {
  name: string;
  image?: string;
  ready?: boolean;
  /** When the condition Ready changed. */
  changed?: string;
  conditions?: object[];
  container?: object;
}

/** A pod of a Deployment, as the API has it. */
export function podOf(service: string, parts: PodParts) {
  const { name, ready = true, changed = "2026-11-28T12:00:20Z", conditions = [] } = parts;
  return {
    metadata: {
      name,
      namespace: service,
      uid: `uid-${name}`,
      labels: { "app.kubernetes.io/name": service },
      creationTimestamp: "2026-11-28T12:00:00Z",
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "ReplicaSet",
          name: `${service}-1`,
          uid: "r",
          controller: true,
        },
      ],
    },
    spec: { containers: [container(service, parts.image ?? image)] },
    status: {
      phase: "Running",
      conditions: [
        {
          type: "Ready",
          status: ready ? "True" : "False",
          lastTransitionTime: changed,
          ...(!ready && { reason: "ContainersNotReady" }),
        },
        ...conditions,
      ],
      containerStatuses:
        parts.container === null
          ? []
          : [
              {
                name: service,
                ready,
                restartCount: 0,
                image: parts.image ?? image,
                imageID: parts.image ?? image,
                state: { running: { startedAt: "2026-11-28T12:00:05Z" } },
                ...parts.container,
              },
            ],
    },
  };
}

export const listOf = (items: object[]) => ({ kind: "List", metadata: {}, items });

export const deploymentOf = (name: string, replicas: number, progressing: object = {}) =>
  listOf([
    {
      metadata: { name: `${name}-1a2b`, namespace: name },
      spec: { replicas },
      status: {
        conditions: [
          {
            type: "Progressing",
            status: "True",
            reason: "NewReplicaSetAvailable",
            lastUpdateTime: "2026-11-28T12:00:30Z",
            ...progressing,
          },
        ],
      },
    },
  ]);

const node = (name: string, zone: string) => ({
  metadata: {
    name,
    creationTimestamp: "2026-11-18T12:00:00Z",
    labels: {
      "node.kubernetes.io/instance-type": "m7g.large",
      "topology.kubernetes.io/zone": zone,
    },
  },
  spec: {},
  status: {
    conditions: [
      { type: "MemoryPressure", status: "False", reason: "KubeletHasSufficientMemory" },
      { type: "Ready", status: "True", reason: "KubeletReady" },
    ],
  },
});

export const nodeList = [
  node("ip-10-0-1-10.eu-central-1.compute.internal", "eu-central-1a"),
  node("ip-10-0-2-20.eu-central-1.compute.internal", "eu-central-1b"),
];

export const run = (status: object, name = "nightly-29401020") => ({
  metadata: {
    name,
    creationTimestamp: "2026-11-30T03:00:00Z",
    ownerReferences: [{ apiVersion: "batch/v1", kind: "CronJob", name: "nightly", uid: "c" }],
  },
  status: { startTime: "2026-11-30T03:00:00Z", ...status },
});

export const namespaced = (group: string, namespace: string, plural: string) =>
  `/${group}/namespaces/${namespace}/${plural}`;

/** A cluster in which nothing is wrong. */
export const kubernetes: Record<string, KubernetesAnswer> = {
  [namespaced("apis/apps/v1", "web", "deployments")]: deploymentOf("web", 2),
  [namespaced("api/v1", "web", "pods")]: listOf([
    podOf("web", { name: "web-1a2b-x1" }),
    podOf("web", { name: "web-1a2b-x2" }),
  ]),
  [namespaced("apis/autoscaling/v2", "web", "horizontalpodautoscalers")]: listOf([
    {
      metadata: { name: "web" },
      spec: { minReplicas: 2, maxReplicas: 6 },
      status: { currentReplicas: 2, desiredReplicas: 2 },
    },
  ]),
  [namespaced("apis/metrics.k8s.io/v1beta1", "web", "pods")]: listOf(
    ["web-1a2b-x1", "web-1a2b-x2"].map((name) => ({
      metadata: { name, namespace: "web" },
      containers: [{ name: "web", usage: { cpu: "61250000n", memory: "131072Ki" } }],
    })),
  ),
  [namespaced("apis/apps/v1", "mailer", "deployments")]: deploymentOf("mailer", 1),
  [namespaced("api/v1", "mailer", "pods")]: listOf([podOf("mailer", { name: "mailer-9c-y1" })]),
  [namespaced("apis/metrics.k8s.io/v1beta1", "mailer", "pods")]: listOf([
    {
      metadata: { name: "mailer-9c-y1", namespace: "mailer" },
      containers: [{ name: "mailer", usage: { cpu: "2m", memory: "96Mi" } }],
    },
  ]),
  [namespaced("apis/batch/v1", "nightly", "cronjobs")]: listOf([
    {
      metadata: { name: "nightly" },
      spec: { schedule: "0 3 * * *", timeZone: "Etc/UTC", suspend: false },
      status: {
        lastScheduleTime: "2026-11-30T03:00:00Z",
        lastSuccessfulTime: "2026-11-30T03:01:30Z",
      },
    },
  ]),
  [namespaced("apis/batch/v1", "nightly", "jobs")]: listOf([
    run({
      completionTime: "2026-11-30T03:01:30Z",
      conditions: [{ type: "Complete", status: "True" }],
    }),
  ]),
  "/api/v1/nodes": listOf(nodeList),
};

const arn = (rest: string) => `arn:aws:elasticloadbalancing:eu-central-1:111122223333:${rest}`;
export const targetGroup = arn("targetgroup/k8s-web-web-0a1b/0123456789abcdef");
const tagged = (ResourceARN: string, id: string) => ({
  ResourceARN,
  Tags: [
    { Key: "elbv2.k8s.aws/cluster", Value: "platform-shop" },
    { Key: "ingress.k8s.aws/stack", Value: "platform" },
    { Key: "ingress.k8s.aws/resource", Value: id },
  ],
});
export const certificate = "arn:aws:acm:eu-central-1:111122223333:certificate/c1";

/** What CloudWatch has of the last hour. */
export const measured =
  (values: Record<"requests" | "errors" | "slow" | "swift", number[]>) =>
  ({ MetricDataQueries }: { MetricDataQueries: { Id: string }[] }) => ({
    MetricDataResults: MetricDataQueries.map(({ Id }) => ({
      Id,
      Values: values[Id.split("_")[1] as keyof typeof values],
    })),
  });

/** An account in which nothing is wrong. */
export const aws: AwsAnswers = {
  GetResourcesCommand: () => ({
    ResourceTagMappingList: [
      tagged(arn("loadbalancer/app/k8s-platform-0a1b/fedcba9876543210"), "LoadBalancer"),
      tagged(targetGroup, "web/web-web-5e6f:http"),
    ],
  }),
  DescribeTargetHealthCommand: () => ({
    TargetHealthDescriptions: [
      { Target: { Id: "10.0.1.17", Port: 8080 }, TargetHealth: { State: "healthy" } },
      { Target: { Id: "10.0.2.31", Port: 8080 }, TargetHealth: { State: "healthy" } },
    ],
  }),
  DescribeListenersCommand: () => ({
    Listeners: [{ ListenerArn: "arn:listener", Protocol: "HTTPS" }],
  }),
  DescribeListenerCertificatesCommand: () => ({
    Certificates: [{ CertificateArn: certificate, IsDefault: true }],
  }),
  DescribeCertificateCommand: () => ({
    Certificate: {
      DomainName: "shop.example.com",
      Status: "ISSUED",
      NotAfter: new Date("2027-05-29T23:59:59Z"),
    },
  }),
  GetMetricDataCommand: measured({
    requests: [12_000],
    errors: [6],
    slow: [0.21],
    swift: [99.62],
  }),
  DescribeAlarmsCommand: () => ({ MetricAlarms: [], CompositeAlarms: [] }),
  DescribeClusterCommand: () => ({
    cluster: { version: "1.36", status: "ACTIVE", health: { issues: [] } },
  }),
  DescribeClusterVersionsCommand: () => ({
    clusterVersions: [
      {
        clusterVersion: "1.36",
        endOfStandardSupportDate: new Date("2027-08-02T00:00:00Z"),
        endOfExtendedSupportDate: new Date("2028-08-02T00:00:00Z"),
        versionStatus: "STANDARD_SUPPORT",
      },
    ],
  }),
  ListNodegroupsCommand: () => ({ nodegroups: ["nodes-0a1b"] }),
  DescribeNodegroupCommand: () => ({
    nodegroup: { nodegroupName: "nodes-0a1b", status: "ACTIVE", health: { issues: [] } },
  }),
  ListAddonsCommand: () => ({ addons: ["coredns", "vpc-cni"] }),
  DescribeAddonCommand: ({ addonName }: { addonName: string }) => ({
    addon: {
      addonName,
      addonVersion: addonName === "coredns" ? "v1.13.2-eksbuild.9" : "v1.21.1-eksbuild.1",
      status: "ACTIVE",
      health: { issues: [] },
    },
  }),
  DescribeAddonVersionsCommand: ({ addonName }: { addonName: string }) => ({
    addons: [
      {
        addonName,
        addonVersions: [
          {
            addonVersion: "v9.0.0-eksbuild.1",
            compatibilities: [{ clusterVersion: "1.36", defaultVersion: false }],
          },
          {
            addonVersion: addonName === "coredns" ? "v1.13.2-eksbuild.10" : "v1.21.1-eksbuild.1",
            compatibilities: [{ clusterVersion: "1.36", defaultVersion: true }],
          },
        ],
      },
    ],
  }),
  GetCostAndUsageCommand: () => ({
    ResultsByTime: [
      {
        TimePeriod: { Start: "2026-11-01", End: "2026-12-01" },
        Total: { UnblendedCost: { Amount: "231.4567", Unit: "USD" } },
      },
    ],
  }),
};
