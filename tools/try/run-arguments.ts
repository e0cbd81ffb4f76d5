import { buildOf, copiedFrom, type ImageBuild } from "../graph/images.ts";
import type { Manifest } from "../graph/manifests.ts";
import type { Resource } from "../graph/resource.ts";

/** The part of a Kubernetes probe that the program uses. */
export interface Probe {
  httpGet?: { path: string; port: number | string };
  tcpSocket?: { port: number | string };
  exec?: { command: string[] };
  grpc?: { port: number; service?: string };
  periodSeconds: number;
  timeoutSeconds: number;
  failureThreshold: number;
}

interface Variable {
  name: string;
  value?: string;
  valueFrom?: { fieldRef?: { fieldPath: string }; secretKeyRef?: { key: string } };
}

interface Security {
  runAsUser?: number;
  runAsGroup?: number;
  readOnlyRootFilesystem?: boolean;
  allowPrivilegeEscalation?: boolean;
  capabilities?: { drop?: string[] };
}

/** The part of a container of Kubernetes that this tool reads. */
export interface Container {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  env?: Variable[];
  ports?: { name?: string; containerPort: number }[];
  resources?: { limits?: Record<string, string> };
  securityContext?: Security;
  volumeMounts?: { name: string; mountPath: string }[];
  startupProbe?: Probe;
  readinessProbe?: Probe;
  livenessProbe?: Probe;
  restartPolicy?: string;
}

export interface Pod {
  containers: Container[];
  initContainers?: Container[];
  nodeSelector?: Record<string, string>;
  securityContext?: Security & { fsGroup?: number; sysctls?: { name: string; value: string }[] };
  volumes?: { name: string; emptyDir?: { sizeLimit?: string }; csi?: object }[];
}

/** A service or a job of the plan. */
export interface Workload {
  name: string;
  pod: Pod;
  /** The container to start. */
  container: Container;
  /** The max. duration of a job. Undefined for a service. */
  deadlineSeconds?: number;
}

/** The services and jobs among the objects. The namespace of each has its name. */
export function workloadsOf(manifests: Manifest[]): Workload[] {
  return manifests.flatMap(({ kind, metadata, spec }) => {
    const name = metadata.labels?.["app.kubernetes.io/name"] ?? "";
    if (name !== metadata.namespace || !["Deployment", "CronJob"].includes(kind)) return [];
    const run = kind === "CronJob" ? spec.jobTemplate.spec : spec;
    const pod: Pod = run.template.spec;
    const deadlineSeconds: number | undefined = run.activeDeadlineSeconds;
    return pod.containers.slice(0, 1).map((container) => ({
      name,
      pod,
      container,
      ...(deadlineSeconds !== undefined && { deadlineSeconds }),
    }));
  });
}

/** The source of an image: a build of this project, or a registry. */
export type ImageSource = ImageBuild | { reference: string };

/** The source of a container's image in the plan. */
export function imageSourceOf(resources: Resource[], image: string): ImageSource {
  const build = buildOf(image, resources);
  if (!build) return { reference: image };
  const reference = copiedFrom(build);
  if (reference !== undefined) return { reference };
  const { context, dockerfile, target, args = {} } = build.inputs.build;
  return { context, dockerfile, target, args };
}

/** The values of this machine for a container. */
export interface LocalValues {
  /** The container's name on the engine. */
  name: string;
  image: string;
  /** The number of processors of the engine: the max. of a limit. */
  processors: number;
  /** A folder with a file for each secret. */
  secretsFolder: string;
  /** The architecture of the image. @default that of the engine */
  architecture?: string;
}

/** The arguments of `docker` that start the workload's container with the settings of its pod. */
export function runArguments(workload: Workload, local: LocalValues): string[] {
  const { name, pod, container } = workload;
  const [entrypoint, ...command] = commandOf(workload);
  return [
    ...["run", "--detach", "--pull", "never", "--name", local.name, "--hostname", `${name}-0`],
    ...(local.architecture === undefined ? [] : ["--platform", `linux/${local.architecture}`]),
    ...securityArguments(pod, container),
    ...limitArguments(container, local.processors),
    ...mountArguments(pod, container, local.secretsFolder),
    ...portsOf(container).flatMap((port) => ["--publish", `127.0.0.1::${port}`]),
    ...Object.entries(variablesOf(workload)).flatMap((one) => ["--env", one.join("=")]),
    ...(entrypoint === undefined ? [] : ["--entrypoint", entrypoint]),
    ...[local.image, ...command, ...argumentsOf(workload)],
  ];
}

/** The user and group of the container's process, such as `65532:65532`. */
export function userOf({ pod, container }: Pick<Workload, "pod" | "container">): string {
  const { runAsUser, runAsGroup } = { ...pod.securityContext, ...container.securityContext };
  return [runAsUser, runAsGroup].filter((one) => one !== undefined).join(":");
}

function securityArguments(pod: Pod, container: Container): string[] {
  const { sysctls = [] } = pod.securityContext ?? {};
  const { readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities } =
    container.securityContext ?? {};
  const user = userOf({ pod, container });
  const lowPorts = "net.ipv4.ip_unprivileged_port_start";
  const kernel = sysctls.map(({ name, value }) => [name, value] as const);
  // Docker lets every user listen on ports below 1024; nodes do not.
  const all = new Map([[lowPorts, "1024"], ...kernel]);
  return [
    ...(user ? ["--user", user] : []),
    ...(readOnlyRootFilesystem ? ["--read-only"] : []),
    ...(capabilities?.drop ?? []).flatMap((one) => ["--cap-drop", one]),
    ...(allowPrivilegeEscalation === false ? ["--security-opt", "no-new-privileges"] : []),
    ...[...all].flatMap((one) => ["--sysctl", one.join("=")]),
  ];
}

function limitArguments({ resources }: Container, processors: number): string[] {
  const { memory, cpu } = resources?.limits ?? {};
  return [
    // Pods have no swap.
    ...(memory ? ["--memory", bytesOf(memory), "--memory-swap", bytesOf(memory)] : []),
    ...(cpu ? ["--cpus", String(Math.min(coresOf(cpu), processors))] : []),
  ];
}

/** Converts `64Mi` of Kubernetes to `64m` of Docker, which has the same size. */
function bytesOf(quantity: string): string {
  return quantity.replace(/([KMG])i$/, (_, unit: string) => unit.toLowerCase());
}

const coresOf = (quantity: string) =>
  quantity.endsWith("m") ? Number.parseInt(quantity, 10) / 1000 : Number(quantity);

function mountArguments(pod: Pod, container: Container, secretsFolder: string): string[] {
  const group = pod.securityContext?.fsGroup;
  return (container.volumeMounts ?? []).flatMap(({ name, mountPath }) => {
    const volume = pod.volumes?.find((one) => one.name === name);
    if (volume?.csi) {
      return ["--mount", `type=bind,source=${secretsFolder},target=${mountPath},readonly`];
    }
    if (!volume?.emptyDir) return [];
    const { sizeLimit } = volume.emptyDir;
    const options = [
      // Docker's default is noexec; an emptyDir allows programs.
      ...["rw", "exec", "nosuid", "nodev"],
      ...(sizeLimit ? [`size=${bytesOf(sizeLimit)}`] : []),
      // As the kubelet does: every user may write, and new files get the pod's group.
      ...(group === undefined ? ["mode=0777"] : [`gid=${group}`, "mode=2777"]),
    ];
    return ["--tmpfs", `${mountPath}:${options.join(",")}`];
  });
}

/** The ports of the container and of its probes. */
function portsOf(container: Container): number[] {
  const { ports = [], startupProbe, readinessProbe, livenessProbe } = container;
  const probed = [startupProbe, readinessProbe, livenessProbe].flatMap(
    (probe) => (probe && portOfProbe(probe, container)) ?? [],
  );
  return [...new Set([...ports.map(({ containerPort }) => containerPort), ...probed])];
}

/** The port number of a probe. Returns undefined for a command. */
export function portOfProbe(probe: Probe, { ports = [] }: Container): number | undefined {
  const port = (probe.httpGet ?? probe.tcpSocket ?? probe.grpc)?.port;
  if (typeof port !== "string") return port;
  return ports.find(({ name }) => name === port)?.containerPort;
}

/** The value of every secret. */
export const dummy = "dummy";

/** The names of the variables with secrets. */
export function secretsOf({ env = [] }: Container): string[] {
  return env.flatMap(({ name, valueFrom }) => (valueFrom?.secretKeyRef ? [name] : []));
}

/** All variables with their values. Fields of the cluster have example values. */
export function variablesOf({ name, container }: Workload): Record<string, string> {
  const fields: Record<string, string> = {
    "metadata.name": `${name}-0`,
    "metadata.namespace": name,
    "spec.nodeName": "ip-10-0-0-1.ec2.internal",
    "metadata.labels['topology.kubernetes.io/zone']": "us-east-1a",
    "status.podIP": "127.0.0.1",
  };
  const variables: Record<string, string> = {};
  for (const { name: variable, value, valueFrom } of container.env ?? []) {
    const { fieldRef, secretKeyRef } = valueFrom ?? {};
    if (fieldRef) variables[variable] = fields[fieldRef.fieldPath] ?? "example";
    else if (secretKeyRef) variables[variable] = dummy;
    else variables[variable] = expand(value ?? "", variables);
  }
  return variables;
}

const commandOf = (workload: Workload) => expandAll(workload.container.command, workload);
const argumentsOf = (workload: Workload) => expandAll(workload.container.args, workload);

function expandAll(texts: string[] = [], workload: Workload): string[] {
  const variables = variablesOf(workload);
  return texts.map((text) => expand(text, variables));
}

/** Replaces `$(NAME)` by the value of a variable, as Kubernetes does. `$$(NAME)` and unknown names stay. */
function expand(text: string, variables: Record<string, string>): string {
  return text.replace(/\$\$|\$\(([^)]+)\)/g, (found, name?: string) =>
    found === "$$" ? "$" : ((name && variables[name]) ?? found),
  );
}
