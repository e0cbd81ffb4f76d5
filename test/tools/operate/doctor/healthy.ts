/** Fields as the Kubernetes API and AWS's SDKs name them. */
export type Json = { [field: string]: unknown };

/** What a stack's cluster, AWS, DNS and state answer. */
export interface World {
  /** Lists of the Kubernetes API by the plural of their kind. */
  kubernetes: Record<string, Json[]>;
  /** The status and message with which the Kubernetes API refuses some lists, or all (`*`). */
  refused: Record<string, { code: number; reason: string; message: string }>;
  /** Answers of AWS by the command's name without `Command`; an Error is thrown. */
  aws: Record<string, Json | Error>;
  dns: Record<string, string[] | string>;
  state: Json | Error;
}

export const at = new Date("2026-11-30T12:00:00Z");
export const ago = (seconds: number) =>
  new Date(at.getTime() - seconds * 1000).toISOString().replace(".000Z", "Z");
/** AWS's SDKs hand out dates. */
const before = (seconds: number) => new Date(at.getTime() - seconds * 1000);

const day = 86_400;
export const balancerName = "k8s-platform-1a2b3c4d5e-1234567890.eu-central-1.elb.amazonaws.com";
const arn = "arn:aws:elasticloadbalancing:eu-central-1:111122223333";
export const image = `111122223333.dkr.ecr.eu-central-1.amazonaws.com/web-3f1c@sha256:${"4".repeat(64)}`;

const condition = (type: string, status: string, more: Json = {}) => ({
  ...{ type, status, lastTransitionTime: ago(day) },
  ...more,
});

/** An event of the core API as kubelet and controllers write it. */
export function event(
  involvedObject: { kind: string; namespace?: string; name: string },
  reason: string,
  message: string,
  { type = "Warning", seconds = 30 }: { type?: string; seconds?: number } = {},
): Json {
  const { namespace = "default", name } = involvedObject;
  return {
    metadata: { name: `${name}.${reason}.${seconds}`, namespace, creationTimestamp: ago(seconds) },
    ...{ involvedObject, reason, message, type, count: 3, eventTime: null },
    ...{ firstTimestamp: ago(seconds + 600), lastTimestamp: ago(seconds) },
    source: { component: "kubelet" },
  };
}

function pod(namespace: string, name: string, replicaSet: string, at: number): Json {
  const app = replicaSet.replace(/-[^-]+$/, "");
  return {
    metadata: {
      ...{ name, namespace, creationTimestamp: ago(day), uid: `uid-of-${name}` },
      labels: { "app.kubernetes.io/name": app },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: replicaSet, uid: "u", controller: true },
      ],
    },
    spec: {
      nodeName: `ip-10-1-${at}-10.eu-central-1.compute.internal`,
      containers: [
        { name: app, image, ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }] },
      ],
    },
    status: {
      ...{ phase: "Running", podIP: `10.1.${at}.20`, startTime: ago(day) },
      conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) =>
        condition(type, "True"),
      ),
      containerStatuses: [
        {
          ...{ name: app, image, imageID: image, ready: true, restartCount: 1, started: true },
          state: { running: { startedAt: ago(day) } },
          lastState: { terminated: { exitCode: 1, reason: "Error", finishedAt: ago(day) } },
        },
      ],
    },
  };
}

const deployment = (namespace: string, name: string, replicas: number): Json => ({
  metadata: { name, namespace, creationTimestamp: ago(9 * day) },
  spec: { replicas, selector: {}, template: { metadata: {}, spec: { containers: [] } } },
  status: {
    ...{ replicas, updatedReplicas: replicas, readyReplicas: replicas },
    conditions: [
      condition("Available", "True", { reason: "MinimumReplicasAvailable" }),
      condition("Progressing", "True", { reason: "NewReplicaSetAvailable" }),
    ],
  },
});

const replicaSet = (name: string, replicas: number): Json => ({
  metadata: {
    ...{ name, namespace: "web", creationTimestamp: ago(day) },
    ownerReferences: [
      { apiVersion: "apps/v1", kind: "Deployment", name: "web-14e3c55e", uid: "u" },
    ],
  },
  spec: { replicas, selector: {} },
  status: { replicas, readyReplicas: replicas },
});

const node = (at: number, zone: string): Json => ({
  metadata: {
    ...{ name: `ip-10-1-${at}-10.eu-central-1.compute.internal`, creationTimestamp: ago(9 * day) },
    labels: { "topology.kubernetes.io/zone": zone },
  },
  spec: { providerID: `aws:///${zone}/i-0aaaaaaaaaaaaaaa${at}` },
  status: {
    conditions: [
      condition("MemoryPressure", "False", { reason: "KubeletHasSufficientMemory" }),
      condition("DiskPressure", "False", { reason: "KubeletHasNoDiskPressure" }),
      condition("PIDPressure", "False", { reason: "KubeletHasSufficientPID" }),
      condition("Ready", "True", {
        reason: "KubeletReady",
        message: "kubelet is posting ready status",
      }),
    ],
  },
});

const job = (name: string, seconds: number, conditions: Json[], cronJob?: string): Json => ({
  metadata: {
    ...{ name, namespace: "web", creationTimestamp: ago(seconds) },
    ...(cronJob && {
      ownerReferences: [{ apiVersion: "batch/v1", kind: "CronJob", name: cronJob, uid: "u" }],
    }),
  },
  spec: { template: { spec: { containers: [] } } },
  status: { conditions },
});

const zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];
const subnets = (kind: "public" | "private"): Json[] =>
  zones.map((zone, at) => ({
    SubnetId: `subnet-${kind}-${at}`,
    AvailabilityZone: zone,
    CidrBlock: kind === "public" ? `10.1.24${at}.0/24` : `10.1.${at * 16}.0/20`,
    AvailableIpAddressCount: 240,
    VpcId: "vpc-0abc",
  }));

const webIngress = { kind: "Ingress", namespace: "web", name: "web" };

/** Everything of prod as it is on a good day, with what was wrong once and is no longer. */
export function healthyCluster(): World {
  return {
    refused: {},
    kubernetes: {
      namespaces: ["default", "kube-system", "web"].map((name) => ({
        metadata: { name, creationTimestamp: ago(9 * day) },
        status: { phase: "Active" },
      })),
      nodes: zones.map((zone, at) => node(at, zone)),
      pods: [
        ...[0, 1, 2].map((at) =>
          pod("web", `web-14e3c55e-7d4b9c-x${at}`, "web-14e3c55e-7d4b9c", at),
        ),
        pod("kube-system", "coredns-5f8d-abcde", "coredns-5f8d", 1),
        pod(
          "kube-system",
          "aws-load-balancer-controller-6b-fghij",
          "aws-load-balancer-controller-6b",
          2,
        ),
      ],
      events: [
        event(webIngress, "FailedDeployModel", "Failed deploy model due to …", { seconds: 900 }),
        event(webIngress, "SuccessfullyReconciled", "Successfully reconciled", {
          ...{ type: "Normal", seconds: 600 },
        }),
        event(
          { kind: "Pod", namespace: "web", name: "web-14e3c55e-7d4b9c-x0" },
          "FailedScheduling",
          "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.",
          { seconds: 3000 },
        ),
        event(
          { kind: "Pod", namespace: "web", name: "web-14e3c55e-7d4b9c-x0" },
          "Unhealthy",
          'Readiness probe failed: Get "http://10.1.0.20:8080/readyz": dial tcp 10.1.0.20:8080: connect: connection refused',
          { seconds: 2900 },
        ),
      ],
      deployments: [
        deployment("web", "web-14e3c55e", 3),
        deployment("kube-system", "coredns", 2),
        deployment("kube-system", "aws-load-balancer-controller", 2),
        deployment("kube-system", "cluster-autoscaler-aws-cluster-autoscaler", 1),
      ],
      replicasets: [
        replicaSet("web-14e3c55e-7d4b9c", 3),
        {
          ...replicaSet("web-14e3c55e-5c6d7f", 0),
          status: { replicas: 0, conditions: [condition("ReplicaFailure", "True")] },
        },
      ],
      jobs: [
        job("web-release-1a2b", 2 * day, [condition("Complete", "True")]),
        job(
          "report-29000000",
          2 * day,
          [condition("Failed", "True", { reason: "BackoffLimitExceeded" })],
          "report",
        ),
        job("report-29001440", day, [condition("Complete", "True")], "report"),
      ],
      horizontalpodautoscalers: [
        {
          metadata: { name: "web", namespace: "web" },
          spec: { maxReplicas: 12, scaleTargetRef: { kind: "Deployment", name: "web-14e3c55e" } },
          status: {
            ...{ currentReplicas: 3, desiredReplicas: 3, currentMetrics: [] },
            conditions: [
              condition("AbleToScale", "True", { reason: "ReadyForNewScale" }),
              condition("ScalingActive", "True", { reason: "ValidMetricFound" }),
              condition("ScalingLimited", "True", { reason: "TooFewReplicas" }),
            ],
          },
        },
      ],
      ingresses: [
        {
          metadata: {
            ...{ name: "web", namespace: "web", creationTimestamp: ago(9 * day) },
            annotations: { "alb.ingress.kubernetes.io/group.name": "platform" },
            finalizers: ["group.ingress.k8s.aws/platform"],
          },
          spec: { ingressClassName: "alb", rules: [] },
          status: { loadBalancer: { ingress: [{ hostname: balancerName }] } },
        },
      ],
      ingressclasses: [{ metadata: { name: "alb" }, spec: { controller: "ingress.k8s.aws/alb" } }],
      networkpolicies: [
        {
          metadata: { name: "web-default-deny", namespace: "web" },
          spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
        },
        {
          metadata: { name: "web-from-load-balancer", namespace: "web" },
          spec: {
            podSelector: { matchLabels: { "app.kubernetes.io/name": "web-14e3c55e" } },
            policyTypes: ["Ingress"],
            ingress: [
              {
                from: [0, 1, 2].map((at) => ({ ipBlock: { cidr: `10.1.24${at}.0/24` } })),
                ports: [{ port: "http", protocol: "TCP" }],
              },
            ],
          },
        },
      ],
      persistentvolumeclaims: [],
      endpointslices: [
        {
          metadata: {
            ...{ name: "aws-load-balancer-webhook-service-x", namespace: "kube-system" },
            labels: { "kubernetes.io/service-name": "aws-load-balancer-webhook-service" },
          },
          addressType: "IPv4",
          endpoints: [{ addresses: ["10.1.32.20"], conditions: { ready: true } }],
        },
      ],
      validatingwebhookconfigurations: [
        {
          metadata: { name: "aws-load-balancer-webhook" },
          webhooks: [
            {
              ...{ name: "vingress.elbv2.k8s.aws", failurePolicy: "Fail", sideEffects: "None" },
              admissionReviewVersions: ["v1beta1"],
              clientConfig: {
                service: {
                  ...{ name: "aws-load-balancer-webhook-service", namespace: "kube-system" },
                  path: "/validate-networking-v1-ingress",
                },
              },
            },
          ],
        },
      ],
      mutatingwebhookconfigurations: [
        {
          metadata: { name: "pod-identity-webhook" },
          webhooks: [
            {
              ...{
                name: "iam-for-pods.amazonaws.com",
                failurePolicy: "Ignore",
                sideEffects: "None",
              },
              admissionReviewVersions: ["v1beta1"],
              clientConfig: {
                service: { name: "gone", namespace: "kube-system", path: "/mutate" },
              },
            },
          ],
        },
      ],
      apiservices: [
        {
          metadata: { name: "v1beta1.metrics.k8s.io" },
          spec: { group: "metrics.k8s.io", groupPriorityMinimum: 100, versionPriority: 100 },
          status: { conditions: [condition("Available", "True", { reason: "Passed" })] },
        },
      ],
    },
    aws: {
      GetCallerIdentity: {
        Arn: "arn:aws:sts::111122223333:assumed-role/Developer/ada",
        Account: "111122223333",
      },
      DescribeCluster: {
        cluster: {
          ...{ name: "platform-prod", status: "ACTIVE", version: "1.36", health: { issues: [] } },
          resourcesVpcConfig: { vpcId: "vpc-0abc", clusterSecurityGroupId: "sg-cluster" },
        },
      },
      ListNodegroups: { nodegroups: ["nodes-1a2b"] },
      DescribeNodegroup: {
        nodegroup: {
          ...{ nodegroupName: "nodes-1a2b", status: "ACTIVE", health: { issues: [] } },
          scalingConfig: { minSize: 3, maxSize: 9, desiredSize: 3 },
          resources: { autoScalingGroups: [{ name: "eks-nodes-1a2b-asg" }] },
        },
      },
      ListAddons: { addons: ["coredns"] },
      DescribeAddon: {
        addon: { addonName: "coredns", status: "ACTIVE", health: { issues: [] } },
      },
      ListAccessEntries: {
        accessEntries: ["arn:aws:iam::111122223333:role/teams/Developer"],
      },
      DescribeAccessEntry: {
        accessEntry: {
          principalArn: "arn:aws:iam::111122223333:role/teams/Developer",
          type: "STANDARD",
        },
      },
      DescribeAutoScalingGroups: {
        AutoScalingGroups: [
          {
            AutoScalingGroupName: "eks-nodes-1a2b-asg",
            Instances: [
              "aaaaaaaaaaaaaaa0",
              "aaaaaaaaaaaaaaa1",
              "aaaaaaaaaaaaaaa2",
              "cccccccccccccccc",
            ].map((id) => ({
              InstanceId: `i-0${id}`,
              LifecycleState: "InService",
              HealthStatus: "Healthy",
            })),
          },
        ],
      },
      DescribeScalingActivities: {
        Activities: [
          {
            AutoScalingGroupName: "eks-nodes-1a2b-asg",
            Description: "Launching a new EC2 instance: i-0cccccccccccccccc",
            ...{ StatusCode: "Successful", StartTime: before(90) },
          },
          {
            AutoScalingGroupName: "eks-nodes-1a2b-asg",
            Description: "Launching a new EC2 instance: i-0aaaaaaaaaaaaaaa2",
            ...{ StatusCode: "Successful", StartTime: before(1200) },
          },
          {
            AutoScalingGroupName: "eks-nodes-1a2b-asg",
            Description: "Launching a new EC2 instance.  Status Reason: Could not launch …",
            ...{ StatusCode: "Failed", StartTime: before(1800), StatusMessage: "…" },
          },
        ],
      },
      DescribeLoadBalancers: {
        LoadBalancers: [
          {
            LoadBalancerArn: `${arn}:loadbalancer/app/k8s-platform-1a2b3c4d5e/1234567890abcdef`,
            ...{ DNSName: balancerName, Scheme: "internet-facing", State: { Code: "active" } },
            SecurityGroups: ["sg-balancer", "sg-backend"],
            AvailabilityZones: zones.map((ZoneName, at) => ({
              ZoneName,
              SubnetId: `subnet-public-${at}`,
            })),
          },
        ],
      },
      DescribeTags: {
        TagDescriptions: [
          {
            ResourceArn: `${arn}:loadbalancer/app/k8s-platform-1a2b3c4d5e/1234567890abcdef`,
            Tags: [{ Key: "elbv2.k8s.aws/cluster", Value: "platform-prod" }],
          },
          {
            ResourceArn: `${arn}:targetgroup/k8s-web-web14e3-abc/1234567890abcdef`,
            Tags: [
              { Key: "elbv2.k8s.aws/cluster", Value: "platform-prod" },
              { Key: "ingress.k8s.aws/resource", Value: "web/web-web-14e3c55e:http" },
            ],
          },
        ],
      },
      DescribeTargetGroups: {
        TargetGroups: [
          {
            TargetGroupArn: `${arn}:targetgroup/k8s-web-web14e3-abc/1234567890abcdef`,
            TargetGroupName: "k8s-web-web14e3-abc",
            ...{ Port: 1, Protocol: "HTTP", HealthCheckPath: "/readyz" },
            Matcher: { HttpCode: "200-399" },
          },
        ],
      },
      DescribeTargetHealth: {
        TargetHealthDescriptions: [
          ...[0, 1, 2].map((at) => ({
            Target: { Id: `10.1.${at}.20`, Port: 8080 },
            TargetHealth: { State: "healthy" },
          })),
          {
            Target: { Id: "10.1.9.9", Port: 8080 },
            TargetHealth: { State: "draining", Reason: "Target.DeregistrationInProgress" },
          },
        ],
      },
      DescribeSubnets: { Subnets: [...subnets("public"), ...subnets("private")] },
      DescribeSecurityGroups: {
        SecurityGroups: [
          {
            GroupId: "sg-cluster",
            IpPermissions: [
              {
                ...{ IpProtocol: "tcp", FromPort: 8080, ToPort: 8080 },
                UserIdGroupPairs: [{ GroupId: "sg-backend" }],
              },
            ],
          },
        ],
      },
      ListCertificates: {
        CertificateSummaryList: [
          { CertificateArn: "arn:aws:acm:…:certificate/1", DomainName: "platform.example.com" },
        ],
      },
      DescribeCertificate: {
        Certificate: {
          CertificateArn: "arn:aws:acm:eu-central-1:111122223333:certificate/1",
          ...{ DomainName: "platform.example.com", Status: "ISSUED" },
          DomainValidationOptions: [],
        },
      },
    },
    dns: {
      "platform.example.com": ["198.51.100.7", "198.51.100.8"],
      [balancerName]: ["198.51.100.8", "198.51.100.9"],
    },
    state: {
      version: 3,
      deployment: {
        resources: [
          {
            urn: "urn:pulumi:prod::platform::kubernetes:core/v1:Namespace::web",
            type: "kubernetes:core/v1:Namespace",
          },
        ],
      },
    },
  };
}
