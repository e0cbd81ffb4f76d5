import { ago, at, event, type Json, type World } from "./healthy.ts";

/** A fault of a healthy stack, with what the doctor must say of it. */
export interface Planted {
  name: string;
  check: string;
  cause: RegExp;
  evidence: RegExp;
  plant(world: World): void;
}

/** Sets fields of an object, deep; lists are replaced. */
export function set(target: Json | undefined, fields: Json): void {
  if (!target) throw new Error("nothing to set fields of");
  for (const [key, value] of Object.entries(fields)) {
    const old = target[key];
    const deep = [old, value].every((one) => isObject(one));
    if (deep) set(old as Json, value as Json);
    else target[key] = value;
  }
}

const isObject = (value: unknown) =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

const podName = "web-14e3c55e-7d4b9c-x0";
const ofPod = { kind: "Pod", namespace: "web", name: podName };
const ofIngress = { kind: "Ingress", namespace: "web", name: "web" };

const first = (world: World, plural: string) => world.kubernetes[plural]?.[0];
const answer = (world: World, command: string) => world.aws[command] as Json;
const say = (world: World, ...events: Json[]) => world.kubernetes.events?.push(...events);

/** What follows when a pod of web is not ready: its target and the rollout fail too. */
function notReady(world: World, status: Json): void {
  set(first(world, "pods"), {
    status: {
      conditions: [
        {
          type: "Ready",
          status: "False",
          reason: "ContainersNotReady",
          lastTransitionTime: ago(900),
        },
        { type: "ContainersReady", status: "False", reason: "ContainersNotReady" },
        { type: "PodScheduled", status: "True" },
      ],
      ...status,
    },
  });
  set(first(world, "deployments"), {
    status: {
      readyReplicas: 2,
      conditions: [
        {
          ...{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" },
          message: 'ReplicaSet "web-14e3c55e-7d4b9c" has timed out progressing.',
        },
      ],
    },
  });
  unhealthy(world, "Target.FailedHealthChecks", "Health checks failed");
}

function unhealthy(world: World, Reason: string, Description: string, port = 8080): void {
  set(answer(world, "DescribeTargetHealth"), {
    TargetHealthDescriptions: [
      {
        Target: { Id: "10.1.0.20", Port: port },
        TargetHealth: { State: "unhealthy", Reason, Description },
      },
    ],
  });
}

const container = (state: Json, lastState: Json = {}, restartCount = 0) => ({
  containerStatuses: [
    { name: "web", image: "web", imageID: "", ready: false, restartCount, state, lastState },
  ],
});

/** An Ingress that never got its address; its certificate, DNS and targets are not there yet. */
function noAddress(world: World, ...events: Json[]): void {
  set(first(world, "ingresses"), { status: { loadBalancer: { ingress: [] } } });
  world.kubernetes.events = events;
  set(world.aws, { DescribeLoadBalancers: { LoadBalancers: [] } });
}

const refusedIngress = (name: string, reason: string, message: string, cause: RegExp): Planted => ({
  ...{ name: `Ingress: ${name}`, check: "ingress-refused", cause },
  evidence: new RegExp(`^event ${reason} of Ingress web/web: `),
  plant: (world) => noAddress(world, event(ofIngress, reason, message)),
});

const deploy = "Failed deploy model due to operation error Elastic Load Balancing v2:";

const ingresses: Planted[] = [
  refusedIngress(
    "too few subnets",
    "FailedBuildModel",
    "Failed build model due to couldn't auto-discover subnets: subnets count less than minimal required count: 1 < 2",
    /finds 1 subnet .* needs 2/,
  ),
  refusedIngress(
    "subnets of another cluster",
    "FailedBuildModel",
    "Failed build model due to couldn't auto-discover subnets: unable to resolve at least one subnet. Evaluated 2 subnets: 2 are tagged for other clusters, and 0 have insufficient available IP addresses",
    /^2 subnets carry the tag of another cluster$/,
  ),
  refusedIngress(
    "subnets without addresses",
    "FailedBuildModel",
    "Failed build model due to couldn't auto-discover subnets: unable to resolve at least one subnet. Evaluated 2 subnets: 0 are tagged for other clusters, and 2 have insufficient available IP addresses",
    /^2 subnets have fewer than 8 free addresses$/,
  ),
  refusedIngress(
    "action denied",
    "FailedDeployModel",
    `${deploy} DescribeListenerAttributes, https response error StatusCode: 403, RequestID: 5b8fc496, api error AccessDenied: User: arn:aws:sts::111122223333:assumed-role/load-balancer-controller/1728 is not authorized to perform: elasticloadbalancing:DescribeListenerAttributes because no identity-based policy allows the elasticloadbalancing:DescribeListenerAttributes action`,
    /role may not do elasticloadbalancing:DescribeListenerAttributes$/,
  ),
  refusedIngress(
    "certificate unknown, as a combined event",
    "FailedDeployModel",
    `(combined from similar events): ${deploy} CreateListener, https response error StatusCode: 400, RequestID: 1, CertificateNotFound: Supplied certificate was not found`,
    /certificate of the load balancer does not exist/,
  ),
  refusedIngress(
    "port of the Service missing",
    "FailedBuildModel",
    "Failed build model due to ingress: web/web: unable to find port nope on service web/web-14e3c55e",
    /^Service web\/web-14e3c55e has no port nope$/,
  ),
  refusedIngress(
    "scheme unknown",
    "FailedBuildModel",
    "Failed build model due to unknown scheme: public",
    /knows no scheme public$/,
  ),
  refusedIngress(
    "attribute refused",
    "FailedDeployModel",
    `${deploy} ModifyLoadBalancerAttributes, https response error StatusCode: 400, RequestID: 1, InvalidConfigurationRequest: Key health_check_logs.on not valid`,
    /does not take an attribute: Key health_check_logs.on not valid/,
  ),
  {
    name: "Ingress: deletion protection stops the group",
    check: "ingress-refused",
    cause: /protected from deletion, and Ingress shop of its group is being deleted/,
    evidence: /deletion_protection is enabled/,
    plant: (world) =>
      say(
        world,
        event(
          ofIngress,
          "FailedBuildModel",
          "Failed build model due to deletion_protection is enabled, cannot delete the ingress: shop",
        ),
      ),
  },
  {
    name: "Ingress: class unknown",
    check: "ingress-class",
    cause: /^the IngressClass albx does not exist$/,
    evidence: /ingressClassName: albx; the cluster has: alb/,
    plant: (world) => {
      noAddress(world);
      set(first(world, "ingresses"), { spec: { ingressClassName: "albx" } });
    },
  },
  {
    name: "Ingress: the controller is gone",
    check: "ingress-silent",
    cause: /load balancer controller does not work/,
    evidence:
      /no address and no event; Deployment kube-system\/aws-load-balancer-controller has 0 ready/,
    plant: (world) => {
      noAddress(world);
      set(world.kubernetes.deployments?.[2], { status: { readyReplicas: 0 } });
    },
  },
  {
    name: "Ingress: the webhook has no pod",
    check: "webhook-down",
    cause: /no pod answers for the webhooks of aws-load-balancer-webhook/,
    evidence: /vingress\.elbv2\.k8s\.aws has failurePolicy Fail/,
    plant: (world) =>
      set(first(world, "endpointslices"), {
        endpoints: [{ addresses: ["10.1.32.20"], conditions: { ready: false } }],
      }),
  },
];

const targets: Planted[] = [
  {
    name: "targets: the probe's path answers 404",
    check: "targets-unhealthy",
    cause: /health check of \/readyz answers 404, and 200-399 is healthy/,
    evidence: /10\.1\.0\.20:8080 \(Pod web\/web-14e3c55e-7d4b9c-x0\).*Target\.ResponseCodeMismatch/,
    plant: (world) =>
      unhealthy(
        world,
        "Target.ResponseCodeMismatch",
        "Health checks failed with these codes: [404]",
      ),
  },
  {
    name: "targets: another port than the pod's",
    check: "targets-unhealthy",
    cause: /asks port 9090, and the pod listens at 8080/,
    evidence: /Target\.FailedHealthChecks/,
    plant: (world) => unhealthy(world, "Target.FailedHealthChecks", "Health checks failed", 9090),
  },
  {
    name: "targets: network policy",
    check: "targets-unhealthy",
    cause: /no network policy lets the load balancer's subnet 10\.1\.240\.0\/24 to port 8080/,
    evidence: /Target\.Timeout, Request timed out/,
    plant: (world) => {
      unhealthy(world, "Target.Timeout", "Request timed out");
      world.kubernetes.networkpolicies?.pop();
    },
  },
  {
    name: "targets: security group",
    check: "targets-unhealthy",
    cause: /security group sg-cluster does not let the load balancer to port 8080/,
    evidence: /Target\.Timeout/,
    plant: (world) => {
      unhealthy(world, "Target.Timeout", "Request timed out");
      set(answer(world, "DescribeSecurityGroups"), {
        SecurityGroups: [{ GroupId: "sg-cluster", IpPermissions: [] }],
      });
    },
  },
  {
    name: "targets: the process does not answer",
    check: "targets-unhealthy",
    cause: /pod is ready, and does not answer the load balancer at port 8080/,
    evidence: /Target\.Timeout/,
    plant: (world) => unhealthy(world, "Target.Timeout", "Request timed out"),
  },
];

const preemption = (count: number) =>
  `preemption: 0/${count} nodes are available: ${count} No preemption victims found for incoming pod.`;

function pending(world: World, message: string, ...events: Json[]): void {
  notReady(world, { phase: "Pending", podIP: undefined, containerStatuses: [] });
  set(first(world, "pods"), {
    status: {
      conditions: [
        {
          ...{ type: "PodScheduled", status: "False", reason: "Unschedulable", message },
          lastTransitionTime: ago(900),
        },
      ],
    },
  });
  say(world, event(ofPod, "FailedScheduling", message), ...events);
}

const unscheduled = (
  name: string,
  message: string,
  cause: RegExp,
  events: Json[] = [],
  evidence = /^condition PodScheduled of Pod web\/web-14e3c55e-7d4b9c-x0/,
): Planted => ({
  ...{ name: `pending: ${name}`, check: "pod-unscheduled", cause, evidence },
  plant: (world) => pending(world, message, ...events),
});

const noCpu = `0/3 nodes are available: 3 Insufficient cpu. ${preemption(3)}`;
const autoscaler = (reason: string, message: string, seconds = 20) =>
  event(ofPod, reason, message, { type: "Normal", seconds });

function launchFails(world: World, StatusMessage: string): void {
  const command = answer(world, "DescribeScalingActivities");
  const old = command.Activities as Json[];
  command.Activities = [
    {
      AutoScalingGroupName: "eks-nodes-1a2b-asg",
      Description: `Launching a new EC2 instance.  Status Reason: ${StatusMessage}`,
      ...{ StatusCode: "Failed", StatusMessage, StartTime: new Date(at.getTime() - 300_000) },
    },
    ...old,
  ];
  pending(
    world,
    noCpu,
    autoscaler(
      "NotTriggerScaleUp",
      "pod didn't trigger scale-up: 1 in backoff after failed scale-up",
    ),
  );
}

const launch = (name: string, message: string, cause: RegExp): Planted => ({
  ...{ name: `autoscaler: ${name}`, check: "launch-failed", cause },
  evidence: /^scaling activity Failed: Could not launch (On-Demand|Spot) Instances/,
  plant: (world) => launchFails(world, message),
});

const scheduling: Planted[] = [
  unscheduled(
    "no cpu, and the node group is at its maximum",
    noCpu,
    /no cpu is free, and the node group has as many nodes as it may/,
    [autoscaler("NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached")],
    /event NotTriggerScaleUp of Pod web\/web-14e3c55e-7d4b9c-x0: .*max node group size reached/,
  ),
  unscheduled(
    "no memory, without an autoscaler",
    `0/3 nodes are available: 3 Insufficient memory. ${preemption(3)}`,
    /no node has enough free memory/,
  ),
  unscheduled(
    "larger than a node",
    `0/3 nodes are available: 3 Insufficient memory. ${preemption(3)}`,
    /asks for more memory than an empty node has/,
    [autoscaler("NotTriggerScaleUp", "pod didn't trigger scale-up: 1 Insufficient memory")],
  ),
  unscheduled(
    "no place for pods on the nodes",
    `0/3 nodes are available: 3 Too many pods. ${preemption(3)}`,
    /no node has enough free place for pods/,
  ),
  unscheduled(
    "spread over zones",
    `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't match pod topology spread constraints. ${preemption(3)}`,
    /spread over zones leaves it no node/,
  ),
  unscheduled(
    "volume not bound",
    "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    /PersistentVolumeClaim is not bound/,
  ),
  unscheduled(
    "volume in another zone",
    "0/3 nodes are available: 3 node(s) had volume node affinity conflict. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    /volume lies in a zone where no node has room/,
  ),
  unscheduled(
    "node selector",
    "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    /node selector or a taint leaves none/,
  ),
  unscheduled(
    "priority",
    noCpu,
    /pods of a higher priority took its place/,
    [
      event(
        { kind: "Pod", namespace: "web", name: "web-14e3c55e-7d4b9c-gone" },
        "Preempted",
        "Preempted by pod 0b0f2b9e-6d0e-4c43-8f4e-1d2f3a4b5c6d on node ip-10-1-0-10.eu-central-1.compute.internal",
        { type: "Normal", seconds: 400 },
      ),
    ],
    /event Preempted of Pod web\/web-14e3c55e-7d4b9c-gone/,
  ),
  launch(
    "no capacity",
    "Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do not have sufficient m7g.large capacity in the Availability Zone you requested (eu-central-1a). Our system will be working on provisioning additional capacity. Launching EC2 instance failed.",
    /AWS has no instance of this type free in this zone/,
  ),
  launch(
    "vCPU quota",
    "Could not launch On-Demand Instances. VcpuLimitExceeded - You have requested more vCPU capacity than your current vCPU limit of 16 allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit. Launching EC2 instance failed.",
    /quota of vCPUs is used up/,
  ),
  launch(
    "no Spot capacity",
    "Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill capacity due to your request configuration. Please adjust your request and try again. Launching EC2 instance failed.",
    /AWS has no instance of this type free in this zone/,
  ),
  launch(
    "Spot quota",
    "Could not launch Spot Instances. MaxSpotInstanceCountExceeded - Max spot instance count exceeded. Launching EC2 instance failed.",
    /quota of Spot vCPUs is used up/,
  ),
];

const refusedPod = (name: string, message: string, cause: RegExp): Planted => ({
  ...{ name: `refused: ${name}`, check: "pod-refused", cause },
  evidence: /^condition ReplicaFailure of ReplicaSet web\/web-14e3c55e-7d4b9c: /,
  plant: (world) => {
    notReady(world, {});
    world.kubernetes.pods?.shift();
    set(first(world, "replicasets"), {
      status: {
        conditions: [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message }],
      },
    });
  },
});

const forbidden = `pods "${podName}" is forbidden:`;

const refusals: Planted[] = [
  refusedPod(
    "quota",
    `${forbidden} exceeded quota: web, requested: requests.cpu=500m, used: requests.cpu=6500m, limited: requests.cpu=6500m`,
    /ResourceQuota web is used up: requests.cpu=500m more than requests.cpu=6500m of requests.cpu=6500m/,
  ),
  refusedPod(
    "Pod Security",
    `${forbidden} violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "web" must set securityContext.allowPrivilegeEscalation=false)`,
    /Pod Security restricted:latest refuses the pod: allowPrivilegeEscalation != false/,
  ),
  refusedPod(
    "admission policy",
    `${forbidden} ValidatingAdmissionPolicy 'services-5e6f' with binding 'services-7a8b' denied request: every image must be named by digest: <repository>@sha256:<digest>`,
    /admission policy services-5e6f refuses the pod: every image must be named by digest/,
  ),
  refusedPod(
    "PriorityClass missing",
    `${forbidden} no PriorityClass with name spare was found`,
    /PriorityClass spare does not exist/,
  ),
  refusedPod(
    "webhook does not answer",
    'Internal error occurred: failed calling webhook "mpod.elbv2.k8s.aws": failed to call webhook: Post "https://aws-load-balancer-webhook-service.kube-system.svc:443/mutate-v1-pod?timeout=10s": no endpoints available for service "aws-load-balancer-webhook-service"',
    /webhook mpod\.elbv2\.k8s\.aws does not answer/,
  ),
];

const pull = (name: string, why: string, cause: RegExp): Planted => ({
  ...{ name: `image: ${name}`, check: "image-pull", cause },
  evidence: /^event Failed of Pod web\/web-14e3c55e-7d4b9c-x0: Failed to pull image/,
  plant: (world) => {
    const reference = `111122223333.dkr.ecr.eu-central-1.amazonaws.com/web-3f1c@sha256:${"5".repeat(64)}`;
    notReady(world, {
      phase: "Pending",
      ...container({
        waiting: {
          reason: "ImagePullBackOff",
          message: `Back-off pulling image "${reference}": ErrImagePull: ${why}`,
        },
      }),
    });
    say(
      world,
      event(ofPod, "Failed", "Error: ImagePullBackOff", { seconds: 10 }),
      event(ofPod, "Failed", `Failed to pull image "${reference}": ${why}`, { seconds: 40 }),
    );
  },
});

const registry = "111122223333.dkr.ecr.eu-central-1.amazonaws.com";

const images: Planted[] = [
  pull(
    "digest missing",
    `rpc error: code = NotFound desc = failed to pull and unpack image "${registry}/web-3f1c@sha256:5": failed to resolve reference "${registry}/web-3f1c@sha256:5": ${registry}/web-3f1c@sha256:5: not found`,
    /image is not in the registry, or not with this digest/,
  ),
  pull(
    "permission",
    `failed to pull and unpack image "${registry}/web-3f1c@sha256:5": failed to resolve reference "${registry}/web-3f1c@sha256:5": unexpected status from HEAD request to https://${registry}/v2/web-3f1c/manifests/sha256:5: 403 Forbidden`,
    /node may not pull the image/,
  ),
  pull(
    "network",
    `failed to pull and unpack image "${registry}/web-3f1c@sha256:5": failed to resolve reference "${registry}/web-3f1c@sha256:5": failed to do request: Head "https://${registry}/v2/web-3f1c/manifests/sha256:5": dial tcp 10.1.3.4:443: i/o timeout`,
    /node does not reach the registry/,
  ),
];

const crash = (
  name: string,
  terminated: Json,
  cause: RegExp,
  {
    reason = "CrashLoopBackOff",
    message = "back-off 5m0s restarting failed container=web pod=web",
    events = [] as Json[],
    evidence = /^container web of Pod web\/web-14e3c55e-7d4b9c-x0 waits/,
  } = {},
): Planted => ({
  ...{ name: `crash: ${name}`, check: "container-crash", cause, evidence },
  plant: (world) => {
    notReady(world, container({ waiting: { reason, message } }, { terminated }, 7));
    say(world, ...events);
  },
});

const config = (name: string, message: string, cause: RegExp): Planted => ({
  ...{ name: `start: ${name}`, check: "container-config", cause },
  evidence: /^container web of Pod web\/web-14e3c55e-7d4b9c-x0 waits, CreateContainerConfigError/,
  plant: (world) =>
    notReady(world, {
      phase: "Pending",
      ...container({ waiting: { reason: "CreateContainerConfigError", message } }),
    }),
});

const mount = (name: string, why: string, cause: RegExp): Planted => ({
  ...{ name: `start: ${name}`, check: "volume-mount", cause },
  evidence: /^event FailedMount of Pod web\/web-14e3c55e-7d4b9c-x0: MountVolume.SetUp failed/,
  plant: (world) => {
    notReady(world, {
      phase: "Pending",
      ...container({ waiting: { reason: "ContainerCreating" } }),
    });
    say(
      world,
      event(
        ofPod,
        "FailedMount",
        `MountVolume.SetUp failed for volume "secrets" : rpc error: code = Unknown desc = ${why}`,
      ),
    );
  },
});

const store =
  "failed to mount secrets store objects for pod web/web-14e3c55e-7d4b9c-x0, err: rpc error: code = Unknown desc =";

const starts: Planted[] = [
  crash("exit code", { exitCode: 3, reason: "Error" }, /process ends with exit code 3/),
  crash("out of memory", { exitCode: 137, reason: "OOMKilled" }, /more memory than its limit/),
  crash("ends by itself", { exitCode: 0, reason: "Completed" }, /ends by itself, with exit code 0/),
  crash(
    "command missing",
    {
      ...{ exitCode: 128, reason: "StartError" },
      message:
        'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "/app/serve": stat /app/serve: no such file or directory',
    },
    /command \/app\/serve cannot be started: no such file or directory/,
  ),
  crash("liveness probe", { exitCode: 137, reason: "Error" }, /a probe ends the container/, {
    events: [
      event(ofPod, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500"),
    ],
    evidence: /event Unhealthy of Pod .*Liveness probe failed/,
  }),
  config("ConfigMap missing", 'configmap "flags" not found', /^ConfigMap flags does not exist$/),
  config(
    "key of a Secret missing",
    "couldn't find key DB_PASSWORD in Secret web/web-secrets-1a2b",
    /^Secret web\/web-secrets-1a2b has no key DB_PASSWORD$/,
  ),
  mount(
    "SecretProviderClass missing",
    'failed to get secretproviderclass web/web-secrets-1a2b, error: SecretProviderClass.secrets-store.csi.x-k8s.io "web-secrets-1a2b" not found',
    /^SecretProviderClass web-secrets-1a2b does not exist$/,
  ),
  mount(
    "secret missing",
    `${store} Failed to fetch secret from all regions. Verify secret exists and required permissions are granted for: prod/db`,
    /^the secret prod\/db does not exist in this region, or the role may not read it$/,
  ),
  mount(
    "secret without value",
    `${store} eu-central-1: Failed fetching secret payment-key: ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT`,
    /^a secret has no value yet$/,
  ),
  {
    name: "start: no address for the pod",
    check: "pod-address",
    cause: /VPC CNI has no free address/,
    evidence: /FailedCreatePodSandBox of Pod web\/.*; subnet subnet-private-0 has 0 free addresses/,
    plant: (world) => {
      notReady(world, {
        phase: "Pending",
        ...container({ waiting: { reason: "ContainerCreating" } }),
      });
      const { Subnets } = answer(world, "DescribeSubnets") as { Subnets: Json[] };
      set(Subnets[3], { AvailableIpAddressCount: 0 });
      say(
        world,
        event(
          ofPod,
          "FailedCreatePodSandBox",
          'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "0f": plugin type="aws-cni" name="aws-cni" failed (add): add cmd: failed to assign an IP address to container',
        ),
      );
    },
  },
  {
    name: "readiness probe",
    check: "pod-unready",
    cause: /readiness probe of Pod web\/web-14e3c55e-7d4b9c-x0 fails/,
    evidence: /statuscode: 503/,
    plant: (world) => {
      notReady(world, {});
      say(
        world,
        event(ofPod, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"),
      );
    },
  },
  {
    name: "rollout stuck, nobody says why",
    check: "rollout-stuck",
    cause: /rollout does not go on/,
    evidence:
      /ProgressDeadlineExceeded: ReplicaSet "web-14e3c55e-7d4b9c" has timed out progressing/,
    plant: (world) => {
      notReady(world, {});
      set(answer(world, "DescribeTargetHealth"), { TargetHealthDescriptions: [] });
    },
  },
  {
    name: "release job failed",
    check: "job-failed",
    cause: /^the release job failed, with all its tries$/,
    evidence: /BackoffLimitExceeded: Job has reached the specified backoff limit/,
    plant: (world) =>
      set(first(world, "jobs"), {
        status: {
          conditions: [
            {
              ...{ type: "Failed", status: "True", reason: "BackoffLimitExceeded" },
              message: "Job has reached the specified backoff limit",
            },
          ],
        },
      }),
  },
];

const nodeCondition = (type: string, status: string, reason: string, message: string) => ({
  status: { conditions: [{ type, status, reason, message, lastTransitionTime: ago(900) }] },
});

const cluster: Planted[] = [
  {
    name: "node: kubelet silent",
    check: "node-not-ready",
    cause: /kubelet does not report any more/,
    evidence: /Ready is Unknown, NodeStatusUnknown: Kubelet stopped posting node status/,
    plant: (world) => {
      notReady(world, {});
      set(
        first(world, "nodes"),
        nodeCondition(
          "Ready",
          "Unknown",
          "NodeStatusUnknown",
          "Kubelet stopped posting node status.",
        ),
      );
    },
  },
  {
    name: "node: VPC CNI not initialized",
    check: "node-not-ready",
    cause: /VPC CNI is not initialized/,
    evidence: /KubeletNotReady/,
    plant: (world) => {
      set(
        first(world, "nodes"),
        nodeCondition(
          ...(["Ready", "False", "KubeletNotReady"] as const),
          "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        ),
      );
      pending(
        world,
        `0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }, 2 Insufficient cpu. ${preemption(3)}`,
      );
    },
  },
  {
    name: "node: disk full",
    check: "node-not-ready",
    cause: /node is short of disk/,
    evidence: /DiskPressure is True, KubeletHasDiskPressure/,
    plant: (world) =>
      set(
        first(world, "nodes"),
        nodeCondition(
          "DiskPressure",
          "True",
          "KubeletHasDiskPressure",
          "kubelet has disk pressure",
        ),
      ),
  },
  {
    name: "node group: instances do not join",
    check: "node-group",
    cause: /NodeCreationFailure/,
    evidence: /Instances failed to join the kubernetes cluster \(i-0bbbbbbbbbbbbbbb9\)/,
    plant: (world) => {
      set(answer(world, "DescribeNodegroup"), {
        nodegroup: {
          health: {
            issues: [
              {
                code: "NodeCreationFailure",
                message: "Instances failed to join the kubernetes cluster",
                resourceIds: ["i-0bbbbbbbbbbbbbbb9"],
              },
            ],
          },
        },
      });
      stranger(world);
    },
  },
  {
    name: "node: an instance is no node, and EKS has not said so yet",
    check: "node-group",
    cause: /instance runs, and did not join/,
    evidence: /eks-nodes-1a2b-asg has it InService/,
    plant: stranger,
  },
  {
    name: "add-on: conflict",
    check: "addon-degraded",
    cause: /add-on is DEGRADED: ConfigurationConflict/,
    evidence: /Conflicts found when trying to apply/,
    plant: (world) =>
      degraded(
        world,
        "ConfigurationConflict",
        "Conflicts found when trying to apply. Will not continue due to resolve conflicts mode. Conflicts: Deployment.apps coredns - .spec.replicas",
      ),
  },
  {
    name: "add-on: too few pods",
    check: "addon-unready",
    cause: /InsufficientNumberOfReplicas/,
    evidence: /doesn't have the desired number of replicas/,
    plant: (world) =>
      degraded(
        world,
        "InsufficientNumberOfReplicas",
        "The add-on is unhealthy because it doesn't have the desired number of replicas.",
      ),
  },
  {
    name: "add-on: its pod crashes",
    check: "container-crash",
    cause: /process ends with exit code 1/,
    evidence: /Pod kube-system\/coredns-5f8d-abcde/,
    plant: (world) => {
      degraded(
        world,
        "InsufficientNumberOfReplicas",
        "The add-on is unhealthy because it doesn't have the desired number of replicas.",
      );
      set(world.kubernetes.pods?.[3], {
        status: container(
          { waiting: { reason: "CrashLoopBackOff", message: "back-off" } },
          { terminated: { exitCode: 1, reason: "Error" } },
        ),
      });
    },
  },
  {
    name: "HPA: metrics-server does not answer",
    check: "autoscaling-blind",
    cause: /^metrics-server does not answer$/,
    evidence: /FailedGetResourceMetric: .*; APIService v1beta1\.metrics\.k8s\.io, MissingEndpoints/,
    plant: (world) => {
      blind(
        world,
        "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server is currently unable to handle the request (get pods.metrics.k8s.io)",
      );
      set(first(world, "apiservices"), {
        status: {
          conditions: [
            {
              ...{ type: "Available", status: "False", reason: "MissingEndpoints" },
              message:
                'endpoints for service/metrics-server in "kube-system" have no addresses with port name "https"',
            },
          ],
        },
      });
    },
  },
  {
    name: "HPA: a container without request",
    check: "autoscaling-blind",
    cause: /container sidecar asks for no cpu/,
    evidence: /FailedGetResourceMetric/,
    plant: (world) =>
      blind(
        world,
        "the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu in container sidecar of Pod web-14e3c55e-7d4b9c-x0",
      ),
  },
];

function stranger(world: World): void {
  const [group] = answer(world, "DescribeAutoScalingGroups").AutoScalingGroups as Json[];
  const instances = group?.Instances as Json[];
  instances.push({
    InstanceId: "i-0bbbbbbbbbbbbbbb9",
    LifecycleState: "InService",
    HealthStatus: "Healthy",
  });
}

function degraded(world: World, code: string, message: string): void {
  set(answer(world, "DescribeAddon"), {
    addon: { status: "DEGRADED", health: { issues: [{ code, message, resourceIds: [] }] } },
  });
}

function blind(world: World, message: string): void {
  set(first(world, "horizontalpodautoscalers"), {
    status: {
      conditions: [
        { type: "AbleToScale", status: "True", reason: "SucceededGetScale" },
        { type: "ScalingActive", status: "False", reason: "FailedGetResourceMetric", message },
      ],
    },
  });
}

const edge: Planted[] = [
  {
    name: "certificate: waits for its record",
    check: "certificate-waits",
    cause: /certificate waits for its DNS record/,
    evidence: /PENDING_VALIDATION/,
    plant: (world) => {
      noAddress(world);
      world.kubernetes.ingresses = [];
      set(answer(world, "DescribeCertificate"), {
        Certificate: {
          Status: "PENDING_VALIDATION",
          DomainValidationOptions: [
            {
              ...{ DomainName: "platform.example.com", ValidationStatus: "PENDING_VALIDATION" },
              ...{ ValidationMethod: "DNS" },
              ResourceRecord: {
                Name: "_a79865eb4cd1a6ab990a45779b4e0b96.platform.example.com.",
                ...{
                  Type: "CNAME",
                  Value: "_424c7224e9b0146f9a8808af955727d0.acm-validations.aws.",
                },
              },
            },
          ],
        },
      });
    },
  },
  {
    name: "certificate: refused by CAA",
    check: "certificate-waits",
    cause: /certificate was not issued: CAA_ERROR/,
    evidence: /FailureReason CAA_ERROR/,
    plant: (world) => {
      noAddress(world);
      world.kubernetes.ingresses = [];
      set(answer(world, "DescribeCertificate"), {
        Certificate: { Status: "FAILED", FailureReason: "CAA_ERROR" },
      });
    },
  },
  {
    name: "DNS: no record",
    check: "dns-elsewhere",
    cause: /host name has no record/,
    evidence: /DNS answers ENOTFOUND for platform\.example\.com/,
    plant: (world) => {
      world.dns["platform.example.com"] = "ENOTFOUND";
    },
  },
  {
    name: "DNS: leads elsewhere",
    check: "dns-elsewhere",
    cause: /host name does not lead to the load balancer/,
    evidence: /platform\.example\.com is 203\.0\.113\.5/,
    plant: (world) => {
      world.dns["platform.example.com"] = ["203.0.113.5"];
    },
  },
  {
    name: "access: no entry",
    check: "access-denied",
    cause: /^arn:aws:iam::111122223333:role\/Stranger has no access entry$/,
    evidence:
      /refuses pods: Unauthorized; entries: arn:aws:iam::111122223333:role\/teams\/Developer/,
    plant: (world) => {
      set(answer(world, "GetCallerIdentity"), {
        Arn: "arn:aws:sts::111122223333:assumed-role/Stranger/ada",
      });
      world.refused["*"] = { code: 401, reason: "Unauthorized", message: "Unauthorized" };
    },
  },
  {
    name: "access: the role was made anew",
    check: "access-denied",
    cause: /role\/Developer has an access entry, and its token is refused/,
    evidence: /Unauthorized/,
    plant: (world) => {
      world.refused["*"] = { code: 401, reason: "Unauthorized", message: "Unauthorized" };
    },
  },
  {
    name: "access: an entry of namespaces only",
    check: "access-denied",
    cause: /access entry of .*role\/Developer does not reach the whole cluster/,
    evidence: /cannot list resource "pods" in API group "" at the cluster scope/,
    plant: (world) => {
      world.refused["*"] = {
        ...{ code: 403, reason: "Forbidden" },
        message:
          'pods is forbidden: User "arn:aws:sts::111122223333:assumed-role/Developer/ada" cannot list resource "pods" in API group "" at the cluster scope',
      };
    },
  },
];

const remaining = (type: string, reason: string, message: string) => ({
  ...{ type, status: "True", reason, message, lastTransitionTime: ago(3000) },
});

function terminating(world: World, ...conditions: Json[]): void {
  set(world.kubernetes.namespaces?.[2], {
    metadata: { deletionTimestamp: ago(3600) },
    status: { phase: "Terminating", conditions },
  });
}

const deletions: Planted[] = [
  {
    name: "stuck: the controller went before the Ingress",
    check: "stuck-deletion",
    cause: /finalizers wait for the load balancer controller, which is gone/,
    evidence:
      /NamespaceFinalizersRemaining: Some content in the namespace has finalizers remaining: group\.ingress\.k8s\.aws/,
    plant: (world) => {
      world.kubernetes.deployments?.splice(2, 1);
      set(first(world, "ingresses"), { metadata: { deletionTimestamp: ago(3600) } });
      terminating(
        world,
        remaining(
          ...(["NamespaceContentRemaining", "SomeResourcesRemain"] as const),
          "Some resources are remaining: ingresses.networking.k8s.io has 1 resource instances, targetgroupbindings.elbv2.k8s.aws has 1 resource instances",
        ),
        remaining(
          ...(["NamespaceFinalizersRemaining", "SomeFinalizersRemain"] as const),
          "Some content in the namespace has finalizers remaining: group.ingress.k8s.aws/platform in 1 resource instances, elbv2.k8s.aws/resources in 1 resource instances",
        ),
      );
    },
  },
  {
    name: "stuck: an aggregated API does not answer",
    check: "stuck-deletion",
    cause: /aggregated API does not answer/,
    evidence: /external\.metrics\.k8s\.io\/v1beta1/,
    plant: (world) =>
      terminating(
        world,
        remaining(
          ...(["NamespaceDeletionDiscoveryFailure", "DiscoveryFailed"] as const),
          "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: external.metrics.k8s.io/v1beta1: stale GroupVersion discovery: external.metrics.k8s.io/v1beta1",
        ),
      ),
  },
  {
    name: "stuck: an Ingress alone",
    check: "stuck-deletion",
    cause: /finalizers wait for the load balancer controller, which has no ready pod/,
    evidence: /finalizers: group\.ingress\.k8s\.aws\/platform/,
    plant: (world) => {
      set(world.kubernetes.deployments?.[2], { status: { readyReplicas: 0 } });
      set(first(world, "ingresses"), { metadata: { deletionTimestamp: ago(3600) } });
    },
  },
  {
    name: "half destroyed",
    check: "half-destroyed",
    cause: /cluster platform-prod is gone, and the state still has 1 objects/,
    evidence: /ResourceNotFoundException/,
    plant: (world) => {
      world.aws.DescribeCluster = Object.assign(
        new Error("No cluster found for name: platform-prod."),
        {
          name: "ResourceNotFoundException",
        },
      );
    },
  },
  {
    name: "no cluster: another account, or nothing deployed",
    check: "half-destroyed",
    cause: /cluster platform-prod does not exist in this account and region/,
    evidence: /ResourceNotFoundException to arn:aws:sts::111122223333:assumed-role/,
    plant: (world) => {
      world.aws.DescribeCluster = Object.assign(new Error("No cluster found"), {
        name: "ResourceNotFoundException",
      });
      world.state = new Error("no stack named 'prod' found");
    },
  },
  {
    name: "pending operation",
    check: "pending-operation",
    cause: /interrupted while it was creating this resource/,
    evidence: /pending_operations of the state: creating urn:pulumi:prod::platform::aws:eks/,
    plant: (world) =>
      set(world.state as Json, {
        deployment: {
          pending_operations: [
            {
              type: "creating",
              resource: {
                urn: "urn:pulumi:prod::platform::aws:eks/nodeGroup:NodeGroup::cluster-nodes",
              },
            },
          ],
        },
      }),
  },
];

/** Objects of Karpenter's that are well, with what is not. */
function karpenter(world: World, changes: { pool?: Json; nodeClass?: Json; claim?: Json }): void {
  const ready = { type: "Ready", status: "True", reason: "Ready", lastTransitionTime: ago(900) };
  const one = (name: string, changed: Json | undefined, seconds = 900): Json => ({
    metadata: { name, creationTimestamp: ago(seconds) },
    spec: { limits: { cpu: "48" } },
    status: { conditions: [ready], resources: { cpu: "48" } },
    ...changed,
  });
  world.kubernetes.nodepools = [one("default", changes.pool)];
  world.kubernetes.ec2nodeclasses = [one("default", changes.nodeClass)];
  world.kubernetes.nodeclaims = [one("default-x7k2p", changes.claim)];
}

/** A condition that is not true, beside Ready that follows. */
const lacking = (type: string, reason: string, message: string): Json => ({
  status: {
    conditions: [
      { type, status: "False", reason, message, lastTransitionTime: ago(900) },
      { type: "Ready", status: "False", reason: "UnhealthyDependents", message: `${type}=False` },
    ],
  },
});

const karpenterFaults: Planted[] = [
  {
    ...{ name: "Karpenter: no image", check: "karpenter-nodes" },
    cause: /no image of nodes.release for the Kubernetes version/,
    evidence: /^condition AMIsReady is False, AMINotFound: AMISelector did not match any AMIs$/,
    plant: (world) => {
      const of = lacking("AMIsReady", "AMINotFound", "AMISelector did not match any AMIs");
      karpenter(world, { nodeClass: of, pool: lacking("NodeClassReady", "NotReady", "default") });
    },
  },
  {
    ...{ name: "Karpenter: a NodePool without its class", check: "karpenter-nodes" },
    cause: /Karpenter cannot use it/,
    evidence:
      /^condition NodeClassReady is False, NodeClassNotFound: NodeClass not found on cluster$/,
    plant: (world) =>
      karpenter(world, {
        pool: lacking("NodeClassReady", "NodeClassNotFound", "NodeClass not found on cluster"),
      }),
  },
  {
    ...{ name: "Karpenter: no capacity", check: "karpenter-nodes" },
    cause: /AWS has no instance of the named types free/,
    evidence: /^event InsufficientCapacityError of NodeClaim default-x7k2p: /,
    plant: (world) => {
      karpenter(world, {});
      say(
        world,
        event(
          { kind: "NodeClaim", name: "default-x7k2p" },
          "InsufficientCapacityError",
          "NodeClaim default-x7k2p event: all requested instance types were unavailable during launch",
          { type: "Warning", seconds: 60 },
        ),
      );
    },
  },
  {
    ...{ name: "Karpenter: the limit", check: "karpenter-nodes" },
    cause: /its nodes have reached its limit, and pods wait/,
    evidence: /exceed limits for nodepool.*; status.resources: cpu 48 of 48$/,
    plant: (world) => {
      karpenter(world, {});
      say(
        world,
        event(
          { kind: "Pod", namespace: "web", name: podName },
          "FailedScheduling",
          "Failed to schedule pod, all available instance types exceed limits for nodepool",
          { type: "Warning", seconds: 60 },
        ),
      );
    },
  },
  {
    ...{ name: "Karpenter: a node that does not join", check: "karpenter-nodes" },
    cause: /the instance runs, and did not join the cluster as a node/,
    evidence: /^condition Registered is False, NodeNotFound: Node not registered with cluster$/,
    plant: (world) =>
      karpenter(world, {
        claim: lacking("Registered", "NodeNotFound", "Node not registered with cluster"),
      }),
  },
];

export const plantedFaults: Planted[] = [
  ...karpenterFaults,
  ...[ingresses, targets, scheduling, refusals, images, starts, cluster, edge, deletions].flat(),
];
