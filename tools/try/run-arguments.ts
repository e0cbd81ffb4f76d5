import type { Manifest } from "../graph/manifests.ts";
import type { Resource } from "../graph/resource.ts";

/** A question that the kubelet asks, as far as the program uses it. */
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
  /** The one that is tried. */
  container: Container;
  /** Of a job: how long it may run. A service has none. */
  deadlineSeconds?: number;
}

/** The services and jobs among the objects; each has a namespace of its own name. */
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

/** Where an image comes from: a build of this project, or a registry. */
export type ImageSource =
  | { context: string; dockerfile: string; args: Record<string, string> }
  | { reference: string };

/** What the image of a container is made of, by the plan: of its build, or of nothing. */
export function imageSourceOf(resources: Resource[], image: string): ImageSource {
  const made = resources.find(
    ({ type, outputs }) => type === "docker:index/image:Image" && outputs.repoDigest === image,
  );
  if (!made) return { reference: image };
  const { context, dockerfile, args = {} } = made.inputs.build;
  // A build that copies an image of another registry names it.
  return args.IMAGE === undefined ? { context, dockerfile, args } : { reference: args.IMAGE };
}

/** What a container gets of the machine that it runs on here. */
export interface Place {
  /** The container's name on the engine. */
  name: string;
  image: string;
  /** How many the engine has: more cannot be asked for. */
  processors: number;
  /** A folder with a file for each secret. */
  secretsFolder: string;
  /** Of an image that is not for the engine's own. */
  architecture?: string;
}

/** The arguments of `docker` that start the workload's container as its pod does. */
export function runArguments(workload: Workload, place: Place): string[] {
  const { name, pod, container } = workload;
  const [entrypoint, ...command] = commandOf(workload);
  return [
    ...["run", "--detach", "--pull", "never", "--name", place.name, "--hostname", `${name}-0`],
    ...(place.architecture === undefined ? [] : ["--platform", `linux/${place.architecture}`]),
    ...securityArguments(pod, container),
    ...limitArguments(container, place.processors),
    ...mountArguments(pod, container, place.secretsFolder),
    ...portsOf(container).flatMap((port) => ["--publish", `127.0.0.1::${port}`]),
    ...Object.entries(variablesOf(workload)).flatMap((one) => ["--env", one.join("=")]),
    ...(entrypoint === undefined ? [] : ["--entrypoint", entrypoint]),
    ...[place.image, ...command, ...argumentsOf(workload)],
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
  // The engine allows low ports to everybody, the nodes do not.
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
    // Pods have no swap: both are one size.
    ...(memory ? ["--memory", bytesOf(memory), "--memory-swap", bytesOf(memory)] : []),
    ...(cpu ? ["--cpus", String(Math.min(coresOf(cpu), processors))] : []),
  ];
}

/** Kubernetes' `64Mi` as Docker's `64m`, which is the same size. */
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
      // Docker forbids it unless told otherwise, an emptyDir does not.
      ...["rw", "exec", "nosuid", "nodev"],
      ...(sizeLimit ? [`size=${bytesOf(sizeLimit)}`] : []),
      // As the kubelet makes it: everybody's, and what is in it belongs to the pod's group.
      ...(group === undefined ? ["mode=0777"] : [`gid=${group}`, "mode=2777"]),
    ];
    return ["--tmpfs", `${mountPath}:${options.join(",")}`];
  });
}

/** The ports that the container names, and those that its probes ask. */
function portsOf(container: Container): number[] {
  const { ports = [], startupProbe, readinessProbe, livenessProbe } = container;
  const asked = [startupProbe, readinessProbe, livenessProbe].flatMap(
    (probe) => (probe && portOfProbe(probe, container)) ?? [],
  );
  return [...new Set([...ports.map(({ containerPort }) => containerPort), ...asked])];
}

/** The number of the port that a probe asks; a command asks none. */
export function portOfProbe(probe: Probe, { ports = [] }: Container): number | undefined {
  const port = (probe.httpGet ?? probe.tcpSocket ?? probe.grpc)?.port;
  if (typeof port !== "string") return port;
  return ports.find(({ name }) => name === port)?.containerPort;
}

/** What stands here for a secret. */
export const dummy = "dummy";

/** The secrets of a container, by their variables. */
export function secretsOf({ env = [] }: Container): string[] {
  return env.flatMap(({ name, valueFrom }) => (valueFrom?.secretKeyRef ? [name] : []));
}

/** All variables with their values; what only a cluster knows has an example. */
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
    else variables[variable] = expanded(value ?? "", variables);
  }
  return variables;
}

const commandOf = (workload: Workload) => expandedAll(workload.container.command, workload);
const argumentsOf = (workload: Workload) => expandedAll(workload.container.args, workload);

function expandedAll(texts: string[] = [], workload: Workload): string[] {
  const variables = variablesOf(workload);
  return texts.map((text) => expanded(text, variables));
}

/** Kubernetes puts a variable's value in for `$(NAME)`; `$$(NAME)` and unknown names stay. */
function expanded(text: string, variables: Record<string, string>): string {
  return text.replace(/\$\$|\$\(([^)]+)\)/g, (found, name?: string) =>
    found === "$$" ? "$" : ((name && variables[name]) ?? found),
  );
}
