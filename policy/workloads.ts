import type { Example, Rule, Subject } from "./rule.ts";

const podTypes: Record<string, (spec: Inputs) => Inputs | undefined> = {
  Pod: (spec) => spec,
  Deployment: (spec) => spec.template?.spec,
  StatefulSet: (spec) => spec.template?.spec,
  DaemonSet: (spec) => spec.template?.spec,
  ReplicaSet: (spec) => spec.template?.spec,
  Job: (spec) => spec.template?.spec,
  CronJob: (spec) => spec.jobTemplate?.spec?.template?.spec,
};
// biome-ignore lint/suspicious/noExplicitAny: Kubernetes objects of every kind
type Inputs = Record<string, any>;

const kindOf = ({ type }: Subject) => type.split(":").at(-1) as string;

function podOf(one: Subject): Inputs | undefined {
  if (!/^kubernetes:(core|apps|batch)\/v1:/.test(one.type)) return undefined;
  return podTypes[kindOf(one)]?.(one.inputs.spec ?? {});
}

const everyContainer = (
  one: Subject,
  check: (container: Inputs, pod: Inputs) => (string | false)[],
) => {
  const pod = podOf(one);
  const containers: Inputs[] = [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])];
  return containers.flatMap((container) =>
    check(container, pod as Inputs).map((problem) => problem && `${container.name} ${problem}`),
  );
};

const container = {
  name: "web",
  image: `registry/web@sha256:${"0".repeat(64)}`,
  resources: { requests: { cpu: "1", memory: "1Mi" }, limits: { cpu: "1", memory: "1Mi" } },
  readinessProbe: {},
  livenessProbe: {},
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
};
const deployment = (containerInputs: object, podInputs: object = {}): Example[] => [
  {
    type: "kubernetes:apps/v1:Deployment",
    inputs: {
      metadata: { namespace: "web" },
      spec: {
        template: {
          spec: {
            securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
            ...podInputs,
            containers: [{ ...container, ...containerInputs }],
          },
        },
      },
    },
  },
];
const secured = (changes: object) =>
  deployment({ securityContext: { ...container.securityContext, ...changes } });
const statefulSet = (only: object): Example[] => [
  {
    type: "kubernetes:apps/v1:StatefulSet",
    inputs: { spec: { template: { spec: { containers: [only] } } } },
  },
];
/** What the standard `restricted` forbids a container; what it says itself overrides its pod. */
function privileges({ securityContext: own = {}, ports = [] }: Inputs, pod: Inputs) {
  const { runAsNonRoot, runAsUser, seccompProfile } = { ...pod.securityContext, ...own };
  const { drop = [], add = [] } = own.capabilities ?? {};
  return [
    own.privileged === true && "is privileged",
    runAsNonRoot !== true && "may run as root",
    runAsUser === 0 && "runs as root",
    !/^(RuntimeDefault|Localhost)$/.test(seccompProfile?.type) && "may make any system call",
    own.allowPrivilegeEscalation !== false && "may gain privileges",
    !drop.includes("ALL") && "keeps capabilities",
    add.some((name: string) => name !== "NET_BIND_SERVICE") && "adds capabilities",
    ports.some(({ hostPort }: Inputs) => hostPort) && "takes a port of its node",
  ];
}
/** Names of variables that say that their value is secret. */
const secretName = /(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL)/i;
/** The specification of the job itself, or of those that a schedule makes. */
function jobOf(one: Subject): Inputs | undefined {
  const { spec } = one.inputs;
  if (one.type === "kubernetes:batch/v1:Job") return spec ?? {};
  return one.type === "kubernetes:batch/v1:CronJob" ? (spec?.jobTemplate?.spec ?? {}) : undefined;
}
const jobs = (spec: object): Example[][] => [
  [{ type: "kubernetes:batch/v1:Job", inputs: { spec } }],
  [{ type: "kubernetes:batch/v1:CronJob", inputs: { spec: { jobTemplate: { spec } } } }],
];
/** What names no port takes no requests: nobody needs to know whether it is ready for them. */
const serves = ({ ports = [] }: Inputs) => ports.length > 0;
const cronJob = (podInputs: object): Example[] => [
  {
    type: "kubernetes:batch/v1:CronJob",
    inputs: { spec: { jobTemplate: { spec: { template: { spec: podInputs } } } } },
  },
];

export const workloadRules: Rule[] = [
  {
    name: "images-by-digest",
    promise: "Every image is named by digest",
    reason:
      "A tag can mean another image on the next node (CIS EKS 1.8, 5.1; EKS best practices, images)",
    remedy: "Name it <repository>@sha256:<digest>",
    check: (one) =>
      everyContainer(one, ({ image }) => [
        !/@sha256:[0-9a-f]{64}$/.test(image ?? "") && `has the image ${image}`,
      ]),
    good: [deployment({}), [{ type: "kubernetes:core/v1:Service", inputs: { spec: {} } }]],
    bad: [
      deployment({ image: "registry/web:1.0.0" }),
      deployment({}, { initContainers: [{ ...container, image: "busybox" }] }),
      cronJob({ containers: [{ name: "tidy", image: "busybox" }] }),
    ],
  },
  {
    name: "pods-unprivileged",
    promise: "No container is privileged, runs as root or sees its node",
    reason:
      "A flaw in the program must not be one in the node (Pod Security Standards, restricted; CIS EKS 1.8, 4.2)",
    remedy:
      "Set runAsNonRoot, seccompProfile RuntimeDefault, allowPrivilegeEscalation false, capabilities drop ALL; no host namespaces, ports or paths",
    check: (one) => {
      const pod = podOf(one);
      const volumes: Inputs[] = pod?.volumes ?? [];
      return [
        ...["hostNetwork", "hostPID", "hostIPC"].map(
          (name) => pod?.[name] === true && `asks for ${name}`,
        ),
        volumes.some((volume) => "hostPath" in volume) && "mounts a path of its node",
        ...everyContainer(one, privileges),
      ];
    },
    good: [
      deployment({ ports: [{ containerPort: 80 }] }),
      secured({ capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] } }),
    ],
    bad: [
      deployment({ securityContext: undefined }),
      secured({ privileged: true }),
      secured({ runAsUser: 0 }),
      secured({ allowPrivilegeEscalation: undefined }),
      secured({ capabilities: undefined }),
      secured({ seccompProfile: { type: "Unconfined" } }),
      secured({ capabilities: { drop: ["ALL"], add: ["NET_ADMIN"] } }),
      deployment({ ports: [{ containerPort: 80, hostPort: 80 }] }),
      deployment({}, { securityContext: undefined }),
      deployment({}, { securityContext: { runAsNonRoot: true } }),
      deployment({}, { hostNetwork: true }),
      deployment({}, { volumes: [{ name: "node", hostPath: { path: "/" } }] }),
      cronJob({ hostPID: true }),
    ],
  },
  {
    name: "containers-bounded",
    promise: "Every container requests what it needs and has a limit",
    reason:
      "Without requests the scheduler guesses, without limits one container starves a node (EKS best practices, reliability)",
    remedy: "Set resources.requests and resources.limits of cpu and memory",
    check: (one) =>
      everyContainer(one, ({ resources = {} }) =>
        ["requests", "limits"].flatMap((kind) =>
          ["cpu", "memory"].map((what) => !resources[kind]?.[what] && `has no ${kind} of ${what}`),
        ),
      ),
    good: [deployment({})],
    bad: [
      deployment({ resources: undefined }),
      deployment({ resources: { ...container.resources, limits: { cpu: "1" } } }),
    ],
  },
  {
    name: "containers-probed",
    promise: "Every container that serves says whether it is alive and whether it is ready",
    reason: "A rollout is only as safe as readiness tells (EKS best practices, reliability)",
    remedy: "Add readinessProbe and livenessProbe",
    check: (one) =>
      /Job$/.test(kindOf(one))
        ? []
        : (podOf(one)?.containers ?? [])
            .filter(serves)
            .flatMap((each: Inputs) =>
              ["readinessProbe", "livenessProbe"].map(
                (probe) => !(probe in each) && `${each.name} has no ${probe}`,
              ),
            ),
    good: [
      deployment({}),
      cronJob({ containers: [{ name: "tidy" }] }),
      statefulSet({ name: "pause" }),
    ],
    bad: [statefulSet({ name: "db", ports: [{ containerPort: 5432 }] })],
  },
  {
    name: "secrets-by-reference",
    level: "advisory",
    promise: "No container has a secret as a plain variable",
    reason:
      "Whoever may read the Deployment, or Pulumi's state, reads it (CIS EKS 1.8, 4.4.2; EKS best practices, data encryption)",
    remedy: "Name a secret of Secrets Manager or a parameter in the setting secrets",
    check: (one) =>
      everyContainer(one, ({ env = [] }) =>
        env.map(
          ({ name, value }: Inputs) =>
            secretName.test(name) && Boolean(value) && `has ${name} in plain text`,
        ),
      ),
    good: [
      deployment({ env: [{ name: "DB_HOST", value: "db" }] }),
      deployment({ env: [{ name: "DB_PASSWORD", valueFrom: { secretKeyRef: {} } }] }),
    ],
    bad: [
      deployment({ env: [{ name: "DB_PASSWORD", value: "postgres" }] }),
      cronJob({ containers: [{ ...container, env: [{ name: "api_key", value: "x" }] }] }),
    ],
  },
  {
    name: "jobs-end",
    promise: "Every job ends: after a time, and after so many attempts",
    reason: "A job that hangs holds its place, and the next run never begins (Kubernetes, jobs)",
    remedy: "Set activeDeadlineSeconds and backoffLimit",
    check: (one) => {
      const job = jobOf(one);
      return job
        ? ["activeDeadlineSeconds", "backoffLimit"].map(
            (name) => job[name] === undefined && `has no ${name}`,
          )
        : [];
    },
    good: jobs({ activeDeadlineSeconds: 600, backoffLimit: 0 }),
    bad: [...jobs({ backoffLimit: 0 }), ...jobs({ activeDeadlineSeconds: 600 })],
  },
];
