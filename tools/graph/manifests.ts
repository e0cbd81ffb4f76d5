import type { Properties, Resource } from "./resource.ts";

/** A Kubernetes object for `kubectl apply`. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has other fields
  [field: string]: any;
}

/**
 * The Kubernetes objects of the program, in the order of `resources`. Without the objects of Helm charts
 * and the annotations for Pulumi.
 */
export function manifestsOf(resources: Resource[]): Manifest[] {
  return resources
    .filter(
      ({ type, custom, inputs }) =>
        custom && /^kubernetes:(?!helm)/.test(type) && inputs.apiVersion && inputs.kind,
    )
    .map(({ inputs: { apiVersion, kind, metadata, ...rest }, outputs }) => ({
      apiVersion,
      kind,
      metadata: { name: outputs.metadata.name, ...withoutPulumi(metadata) },
      ...rest,
    }));
}

/** The spread constraint of pods over a kind of domains. Returns undefined if they have none of this strictness. */
export const spreadOf = (
  constraints: Properties[] | undefined,
  topologyKey: string,
  whenUnsatisfiable: "DoNotSchedule" | "ScheduleAnyway",
): Properties | undefined =>
  constraints?.find(
    (one) => one.topologyKey === topologyKey && one.whenUnsatisfiable === whenUnsatisfiable,
  );

/** In how many zones at least pods must be, by their spread constraints. */
export const minZonesOf = (constraints: Properties[] | undefined): number =>
  spreadOf(constraints, "topology.kubernetes.io/zone", "DoNotSchedule")?.minDomains ?? 1;

/** The min. and max. replicas of a workload. Returns undefined if it does not scale. */
export function scaleOf(
  workload: Pick<Manifest, "kind" | "metadata">,
  manifests: Manifest[],
): { least: number; most: number } | undefined {
  const spec = manifests.find(
    ({ kind, metadata, spec }) =>
      ["HorizontalPodAutoscaler", "ScaledObject"].includes(kind) &&
      metadata.namespace === workload.metadata.namespace &&
      spec.scaleTargetRef.name === workload.metadata.name &&
      (spec.scaleTargetRef.kind ?? "Deployment") === workload.kind,
  )?.spec;
  return (
    spec && {
      least: spec.minReplicaCount ?? spec.minReplicas,
      most: spec.maxReplicaCount ?? spec.maxReplicas,
    }
  );
}

function withoutPulumi({ annotations, ...metadata }: Resource["inputs"] = {}): object {
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !key.startsWith("pulumi.com/"));
  return { ...metadata, ...(kept.length > 0 && { annotations: Object.fromEntries(kept) }) };
}

/** `namespace/name`; the name alone of a cluster-wide object. */
export const addressOf = ({ metadata: { namespace, name } }: Manifest) =>
  namespace ? `${namespace}/${name}` : name;

/** The pod of a Deployment, Job, CronJob or Pod. Returns undefined for other kinds. */
export function podSpecOf({ kind, spec }: Properties): Properties | undefined {
  if (kind === "Pod") return spec;
  return (spec?.jobTemplate?.spec ?? spec)?.template?.spec;
}

/** The requests of a pod. */
export interface Requests {
  cpuMillicores: number;
  memoryMiB: number;
}

/**
 * The requests of a pod, as Kubernetes counts them (KEP-753, sidecar containers): the max. of its
 * containers with sidecars, and of each init container with the sidecars before it. In millicores and MiB.
 */
export function requestsOf({ containers = [], initContainers = [] }: Properties): Requests {
  const most = (resource: string) => {
    const asked = ({ resources }: Properties): number =>
      Number.parseInt(resources?.requests?.[resource] ?? "0", 10);
    let beside = 0;
    let before = 0;
    for (const container of initContainers as Properties[]) {
      before = Math.max(before, beside + asked(container));
      if (isSidecar(container)) beside += asked(container);
    }
    const together = (containers as Properties[]).reduce((sum, one) => sum + asked(one), beside);
    return Math.max(before, together);
  };
  return { cpuMillicores: most("cpu"), memoryMiB: most("memory") };
}

const isSidecar = ({ restartPolicy }: Properties) => restartPolicy === "Always";

/** The containers and sidecars of a pod, which run as long as it. */
export const runningContainers = ({
  containers = [],
  initContainers = [],
}: Properties): Properties[] => [...containers, ...initContainers.filter(isSidecar)];

/** The replicas of a workload as text: `2 to 4`, or one number. */
export function replicasOf(workload: Manifest, manifests: Manifest[]): string {
  const scale = scaleOf(workload, manifests);
  if (!scale) return String(workload.spec.replicas ?? 1);
  const { least, most } = scale;
  return least === most ? String(most) : `${least} to ${most}`;
}

/** The workloads of a Service. */
export function selectedBy({ metadata, spec }: Manifest, manifests: Manifest[]): Manifest[] {
  const { namespace } = metadata;
  const wanted = Object.entries(spec.selector ?? {});
  return manifests.filter((one) => {
    const labels = one.spec?.template?.metadata?.labels;
    return (
      labels &&
      wanted.length > 0 &&
      one.metadata.namespace === namespace &&
      wanted.every(([key, value]) => labels[key] === value)
    );
  });
}

/** The Services of an Ingress. */
export function backendsOf({ metadata, spec }: Properties, manifests: Manifest[]): Manifest[] {
  const paths: Properties[] = (spec.rules ?? []).flatMap((rule: Properties) => rule.http.paths);
  const backends = [spec.defaultBackend, ...paths.map(({ backend }) => backend)];
  const names = new Set(backends.flatMap((backend) => backend?.service?.name ?? []));
  return manifests.filter(
    (one) =>
      one.kind === "Service" &&
      one.metadata.namespace === metadata.namespace &&
      names.has(one.metadata.name),
  );
}

/** The target of a Service of type ExternalName. Returns undefined for other objects. */
export function aliasedBy({ kind, spec }: Properties): string | undefined {
  const external = kind === "Service" ? spec?.externalName : undefined;
  const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc\.cluster\.local$/.exec(external ?? "") ?? [];
  return name && namespace ? `${namespace}/${name}` : undefined;
}
