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

const checkContainers = (
  one: Subject,
  check: (container: Inputs, pod: Inputs) => (string | false)[],
) => {
  const pod = podOf(one);
  const containers: Inputs[] = [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])];
  return containers.flatMap((container) =>
    check(container, pod as Inputs).map(
      (problem) => problem && `has a container ${container.name} that ${problem}`,
    ),
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
/** Checks the standard `restricted`. A container's security context overrides its pod's. */
function checkPrivileges({ securityContext: own = {}, ports = [] }: Inputs, pod: Inputs) {
  const { runAsNonRoot, runAsUser, seccompProfile } = { ...pod.securityContext, ...own };
  const { drop = [], add = [] } = own.capabilities ?? {};
  return [
    own.privileged === true && "is privileged",
    runAsNonRoot !== true && "may run as root",
    runAsUser === 0 && "runs as root",
    !/^(RuntimeDefault|Localhost)$/.test(seccompProfile?.type) && "has no seccomp profile",
    own.allowPrivilegeEscalation !== false && "allows privilege escalation",
    !drop.includes("ALL") && "does not drop all capabilities",
    add.some((name: string) => name !== "NET_BIND_SERVICE") && "adds capabilities",
    ports.some(({ hostPort }: Inputs) => hostPort) && "uses a host port",
  ];
}
/** Names of variables whose value is a secret. */
const secretName = /(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL)/i;
/** The specification of a Job, or of the Jobs that a CronJob makes. */
function jobOf(one: Subject): Inputs | undefined {
  const { spec } = one.inputs;
  if (one.type === "kubernetes:batch/v1:Job") return spec ?? {};
  return one.type === "kubernetes:batch/v1:CronJob" ? (spec?.jobTemplate?.spec ?? {}) : undefined;
}
const jobs = (spec: object): Example[][] => [
  [{ type: "kubernetes:batch/v1:Job", inputs: { spec } }],
  [{ type: "kubernetes:batch/v1:CronJob", inputs: { spec: { jobTemplate: { spec } } } }],
];
/** A container without a port receives no requests, and needs no probes. */
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
    requirement: "Every container names its image by digest",
    reason:
      "A tag can name another image on the next node (CIS EKS 1.8, 5.1; EKS best practices, images)",
    remedy: "Name the image <repository>@sha256:<digest>",
    check: (one) =>
      checkContainers(one, ({ image }) => [
        // `digest` of infra/config/values.ts, which a pack does not import.
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
    requirement: "No container is privileged, runs as root or has access to its node",
    reason:
      "A vulnerability of the program must not reach the node (Pod Security Standards, restricted; CIS EKS 1.8, 4.2)",
    remedy:
      "Set runAsNonRoot, seccompProfile RuntimeDefault, allowPrivilegeEscalation false, capabilities drop ALL; no host namespaces, ports or paths",
    check: (one) => {
      const pod = podOf(one);
      const volumes: Inputs[] = pod?.volumes ?? [];
      return [
        ...["hostNetwork", "hostPID", "hostIPC"].map(
          (name) => pod?.[name] === true && `has ${name}`,
        ),
        volumes.some((volume) => "hostPath" in volume) && "mounts a host path",
        ...checkContainers(one, checkPrivileges),
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
    requirement: "Every container has requests and limits of CPU and memory",
    reason:
      "The scheduler needs requests; a container without limits can use the whole node (EKS best practices, reliability)",
    remedy: "Set resources.requests and resources.limits of cpu and memory",
    check: (one) =>
      checkContainers(one, ({ resources = {} }) =>
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
    requirement: "Every container with a port has a readiness probe and a liveness probe",
    reason: "A rollout relies on the readiness probe (EKS best practices, reliability)",
    remedy: "Add readinessProbe and livenessProbe",
    check: (one) =>
      /Job$/.test(kindOf(one))
        ? []
        : (podOf(one)?.containers ?? [])
            .filter(serves)
            .flatMap((each: Inputs) =>
              ["readinessProbe", "livenessProbe"].map(
                (probe) => !(probe in each) && `has a container ${each.name} that has no ${probe}`,
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
    requirement: "No container has a secret in a plain environment variable",
    reason:
      "Every reader of the Deployment or of Pulumi's state can read it (CIS EKS 1.8, 4.4.2; EKS best practices, data encryption)",
    remedy: "Name a secret of Secrets Manager or a parameter in the setting secrets",
    check: (one) =>
      checkContainers(one, ({ env = [] }) =>
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
    requirement: "Every Job has a deadline and a limit of retries",
    reason: "A Job without a deadline can hang, and the next run never starts (Kubernetes, jobs)",
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
