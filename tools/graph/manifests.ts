import type { Properties, Resource } from "./resource.ts";

/** A Kubernetes object as `kubectl apply` takes it. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: what follows is another for each kind
  [field: string]: any;
}

/**
 * The Kubernetes objects that the program makes itself, in the order of `resources`. Not among them
 * are those that a Helm chart makes, and annotations that tell Pulumi what to wait for.
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

/** Between how many pods a workload is scaled, whoever scales it; nothing when nobody does. */
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

/** `namespace/name`, or the name alone of what is in no namespace. */
export const addressOf = ({ metadata: { namespace, name } }: Manifest) =>
  namespace ? `${namespace}/${name}` : name;

/** The pod that an object is or makes: a Deployment's, a Job's, a CronJob's; `undefined` of others. */
export function podSpecOf({ kind, spec }: Properties): Properties | undefined {
  if (kind === "Pod") return spec;
  return (spec?.jobTemplate?.spec ?? spec)?.template?.spec;
}

/** What a pod asks for. */
export interface Requests {
  cpuMillicores: number;
  memoryMiB: number;
}

/**
 * What a pod asks for as Kubernetes counts it: its containers and sidecars together, or the most
 * that runs before them, each with the sidecars that have started by then. (KEP-753, sidecar
 * containers.) Quantities are in millicores and MiB, as the program writes them.
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

/** Those that run as long as the pod does: its containers and its sidecars. */
export const runningContainers = ({
  containers = [],
  initContainers = [],
}: Properties): Properties[] => [...containers, ...initContainers.filter(isSidecar)];

/** How many pods a workload may have: `2 to 4`, or the one number. */
export function replicasOf(workload: Manifest, manifests: Manifest[]): string {
  const scale = scaleOf(workload, manifests);
  if (!scale) return String(workload.spec.replicas ?? 1);
  const { least, most } = scale;
  return least === most ? String(most) : `${least} to ${most}`;
}

/** The workloads whose pods a Service sends requests to. */
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

/** The Services that an Ingress sends requests to. */
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

/**
 * Where a name leads that stands in a caller's namespace for a Service in another one; `undefined` of
 * every other object.
 */
export function aliasedBy({ kind, spec }: Properties): string | undefined {
  const external = kind === "Service" ? spec?.externalName : undefined;
  const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc\.cluster\.local$/.exec(external ?? "") ?? [];
  return name && namespace ? `${namespace}/${name}` : undefined;
}
