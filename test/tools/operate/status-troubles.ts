import type { answered } from "../../support/aws-answers.ts";
import type { serveKubernetes } from "../../support/kubernetes-server.ts";
import {
  deploymentOf,
  listOf,
  measured,
  namespaced,
  nodeList,
  olderImage,
  podOf,
  run,
} from "./status-fixtures.ts";

export const path = {
  deployments: namespaced("apis/apps/v1", "web", "deployments"),
  pods: namespaced("api/v1", "web", "pods"),
  events: namespaced("api/v1", "web", "events"),
  scalers: namespaced("apis/autoscaling/v2", "web", "horizontalpodautoscalers"),
  jobs: namespaced("apis/batch/v1", "nightly", "jobs"),
  nightlyPods: namespaced("api/v1", "nightly", "pods"),
};

/** What differs from a stack in which nothing is wrong. */
export interface Changes {
  cluster?: Parameters<typeof serveKubernetes>[0];
  account?: Parameters<typeof answered>[1];
}

const fine = podOf("web", { name: "web-1a2b-x1" });
const pods = (container: object, conditions: object[] = []) => ({
  [path.pods]: listOf([
    fine,
    podOf("web", { name: "web-1a2b-x2", ready: false, container, conditions }),
  ]),
});
const waiting = (reason: string, message?: string) => ({ state: { waiting: { reason, message } } });
const event = (reason: string, message: string, lastTimestamp: string) => ({
  metadata: { name: `web.${lastTimestamp}` },
  involvedObject: { kind: "Pod", name: "web-1a2b-x2", uid: "uid-web-1a2b-x2" },
  type: "Warning",
  ...{ reason, message, lastTimestamp },
});
const unhealthy = {
  Target: { Id: "10.0.2.31" },
  TargetHealth: {
    State: "unhealthy",
    Reason: "Target.Timeout",
    Description: "Request timed out",
  },
};
const addon = (health: object, status: string) => ({
  DescribeAddonCommand: () => ({ addon: { addonVersion: "v1.21.1-eksbuild.1", status, health } }),
});
const hour = (requests: number, errors: number, swift: number) => ({
  GetMetricDataCommand: measured({
    requests: [requests],
    errors: [errors],
    slow: [0.2],
    swift: [swift],
  }),
});
const served = (given: object) => ({
  DescribeCertificateCommand: () => ({
    Certificate: { DomainName: "shop.example.com", Status: "ISSUED", ...given },
  }),
});

/** What is broken, and the words for it. */
export const troubles: [title: string, Changes, ...RegExp[]][] = [
  [
    "why a container crashes",
    {
      cluster: pods({
        restartCount: 7,
        ...waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container"),
        lastState: {
          terminated: { exitCode: 137, reason: "OOMKilled", finishedAt: "2026-11-30T11:55:00Z" },
        },
      }),
    },
    /web-1a2b-x2: CrashLoopBackOff: the container web ended: OOMKilled \(exit code 137\)/,
    /1 of 2 ready, 7 restarts, the last 5 minutes ago: OOMKilled/,
    /✗ 1 pod of web cannot become ready/,
  ],
  [
    "why an image is not pulled",
    { cluster: pods(waiting("ImagePullBackOff", 'Back-off pulling image "x": not found')) },
    /web-1a2b-x2: ImagePullBackOff: Back-off pulling image "x": not found/,
  ],
  [
    "the scheduler's message of a pod without a node",
    {
      cluster: pods({ state: {} }, [
        {
          type: "PodScheduled",
          status: "False",
          reason: "Unschedulable",
          message: "0/3 nodes are available: 3 Insufficient cpu.",
        },
      ]),
    },
    /web-1a2b-x2: Pending: 0\/3 nodes are available: 3 Insufficient cpu\./,
  ],
  [
    "the newest warning of a pod whose probe fails",
    {
      cluster: {
        ...pods({}),
        [path.events]: listOf([
          event("BackOff", "older", "2026-11-30T10:00:00Z"),
          event("Unhealthy", "Readiness probe failed: 503", "2026-11-30T11:59:00Z"),
        ]),
      },
    },
    /web-1a2b-x2: Unhealthy: Readiness probe failed: 503/,
  ],
  [
    "that the load balancer has not found a pod healthy",
    {
      cluster: pods({}, [
        {
          type: "target-health.elbv2.k8s.aws/k8s-web-web-0a1b",
          status: "False",
          reason: "Elb.InitialHealthChecking",
          message: "Initial health checks in progress",
        },
      ]),
    },
    /load balancer: Elb\.InitialHealthChecking: Initial health checks in progress/,
  ],
  [
    "that no pod is ready",
    { cluster: { [path.pods]: listOf([]) } },
    /runs nothing/,
    /✗ No pod of web is ready/,
  ],
  [
    "that a rollout is stuck, and why",
    {
      cluster: {
        [path.deployments]: deploymentOf("web", 2, {
          status: "False",
          reason: "ProgressDeadlineExceeded",
          message: 'ReplicaSet "web-1" has timed out progressing.',
        }),
      },
    },
    /✗ The rollout of web is stuck/,
    /ProgressDeadlineExceeded: ReplicaSet "web-1" has timed out progressing/,
  ],
  [
    "which target is unhealthy, and why",
    {
      account: {
        DescribeTargetHealthCommand: () => ({
          TargetHealthDescriptions: [
            { Target: { Id: "10.0.1.17" }, TargetHealth: { State: "healthy" } },
            unhealthy,
          ],
        }),
      },
    },
    /1 of 2 healthy 10\.0\.2\.31 is unhealthy: Target\.Timeout: Request timed out/,
    /✗ The load balancer finds 1 target of web unhealthy/,
  ],
  [
    "that the load balancer has no target",
    { account: { GetResourcesCommand: () => ({ ResourceTagMappingList: [] }) } },
    /✗ The load balancer has no healthy target of web/,
  ],
  [
    "that an hour breaks what is promised of errors",
    { account: hour(10_000, 144, 99.9) },
    /98\.56 % without an error \(promised 99\.9 %\)/,
    /✗ web used its budget of the month up/,
  ],
  [
    "that an hour breaks what is promised of latency",
    { account: hour(10_000, 0, 85) },
    /85 % within 300 ms \(promised 99 %\)/,
    /✗ web used its budget of the month up/,
  ],
  [
    "which alarm rings, and not its parts",
    {
      account: {
        DescribeAlarmsCommand: ({ AlarmNamePrefix }: { AlarmNamePrefix: string }) => ({
          MetricAlarms: [
            {
              AlarmName: `${AlarmNamePrefix}web/errors`,
              AlarmDescription: "web answered with errors. docs/runbooks.md#service-errors",
              AlarmActions: ["arn:topic"],
              StateTransitionedTimestamp: new Date("2026-11-30T11:30:00Z"),
            },
            { AlarmName: `${AlarmNamePrefix}web/part`, AlarmActions: [] },
          ],
        }),
      },
    },
    /web\/errors for 30 minutes web answered with errors\. docs\/runbooks\.md#service-errors/,
    /✗ The alarm web\/errors rings\. service/,
  ],
  [
    "that the last run of a job failed, and how it ended",
    {
      cluster: {
        [path.jobs]: listOf([
          run({ startTime: "2026-11-29T03:00:00Z" }, "nightly-29399580"),
          run({
            conditions: [
              {
                type: "Failed",
                status: "True",
                reason: "BackoffLimitExceeded",
                message: "Job has reached the specified backoff limit",
                lastTransitionTime: "2026-11-30T03:10:00Z",
              },
            ],
          }),
        ]),
        [path.nightlyPods]: listOf([
          podOf("nightly", {
            name: "nightly-1",
            container: { state: { terminated: { exitCode: 3, reason: "Error" } } },
          }),
        ]),
      },
    },
    /nightly-29401020 9 hours ago: failed, took 10 minutes: BackoffLimitExceeded: Job has reached the specified backoff limit; exit code 3/,
    /✗ The last run of nightly failed/,
  ],
  [
    "which node is not ready, and why",
    {
      cluster: {
        "/api/v1/nodes": listOf([
          nodeList[0] ?? {},
          {
            metadata: { name: "ip-10-0-2-20", labels: {} },
            status: {
              conditions: [
                {
                  type: "Ready",
                  status: "Unknown",
                  reason: "NodeStatusUnknown",
                  message: "Kubelet stopped posting node status.",
                },
              ],
            },
          },
        ]),
      },
    },
    /ip-10-0-2-20 is not ready: NodeStatusUnknown: Kubelet stopped posting node status\./,
    /✗ The node ip-10-0-2-20 is not ready/,
  ],
  [
    "what EKS finds wrong with an add-on",
    {
      account: addon(
        { issues: [{ code: "InsufficientNumberOfReplicas", message: "0 of 2 are available" }] },
        "DEGRADED",
      ),
    },
    /InsufficientNumberOfReplicas: 0 of 2 are available/,
    /✗ The add-on coredns is DEGRADED/,
  ],
  [
    "what EKS finds wrong with a node group",
    {
      account: {
        DescribeNodegroupCommand: () => ({
          nodegroup: {
            status: "DEGRADED",
            health: {
              issues: [
                { code: "NodeCreationFailure", message: "did not join", resourceIds: ["i-1"] },
              ],
            },
          },
        }),
      },
    },
    /✗ The node group nodes-0a1b has an issue: NodeCreationFailure: did not join: i-1/,
  ],
  [
    "that a certificate ends soon and is not renewed",
    {
      account: served({
        NotAfter: new Date("2026-12-10T00:00:00Z"),
        RenewalSummary: { RenewalStatus: "PENDING_VALIDATION" },
      }),
    },
    /ISSUED, ends in 9 days; renewal: PENDING_VALIDATION/,
    /✗ The certificate of shop\.example\.com ends in less than 14 days/,
  ],
];

/** What is worth a remark. */
export const remarks: typeof troubles = [
  [
    "a pod that has begun less than 5 minutes ago",
    {
      cluster: {
        [path.pods]: listOf([
          fine,
          podOf("web", {
            name: "web-1a2b-x2",
            ready: false,
            changed: "2026-11-30T11:56:00Z",
            container: waiting("ContainerCreating"),
          }),
        ]),
      },
    },
    /1 of 2 ready, 0 restarts web-1a2b-x2: ContainerCreating/,
    /nothing is broken/,
  ],
  [
    "a rollout with two images",
    {
      cluster: {
        [path.deployments]: deploymentOf("web", 2, { reason: "ReplicaSetUpdated" }),
        [path.pods]: listOf([
          fine,
          podOf("web", { name: "web-9-x3", image: olderImage }),
          podOf("web", { name: "web-9-x4", image: olderImage }),
        ]),
      },
    },
    /aaaaaaaaaaaa of web in 1 pod sha256:bbbbbbbbbbbb of web in 2 pods; the rollout is under way, its last progress 47 hours ago/,
  ],
  [
    "a scaler at its ceiling",
    {
      cluster: {
        [path.scalers]: listOf([
          {
            spec: { minReplicas: 2, maxReplicas: 2 },
            status: {
              conditions: [
                {
                  type: "ScalingLimited",
                  status: "True",
                  reason: "TooManyReplicas",
                  message: "the desired replica count is more than the maximum replica count",
                },
              ],
            },
          },
        ]),
      },
    },
    /2, of 2 to 2 TooManyReplicas: the desired replica count is more/,
  ],
  [
    "an hour with less than is promised",
    { account: hour(10_000, 30, 99.9) },
    /99\.7 % without an error \(promised 99\.9 %\)/,
    /less than promised/,
  ],
  ["a few errors of few requests, which are chance", { account: hour(10, 4, 50) }, /60 % without/],
  ["an hour without requests", { account: hour(0, 0, 100) }, /no request in the last hour/],
  [
    "the end of standard support",
    {
      account: {
        DescribeClusterVersionsCommand: () => ({
          clusterVersions: [{ endOfStandardSupportDate: new Date("2026-11-01T00:00:00Z") }],
        }),
      },
    },
    /support standard ended on 2026-11-01: extended support costs more/,
  ],
  [
    "metrics that nobody serves",
    {
      cluster: {
        [namespaced("apis/metrics.k8s.io/v1beta1", "web", "pods")]: {
          kind: "Status",
          message: "the server could not find the requested resource",
          code: 404,
        },
      },
    },
    /500m requested/,
    /used: not readable: .*the server could not find the requested resource/,
  ],
];
