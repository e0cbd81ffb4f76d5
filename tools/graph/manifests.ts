import type { Resource } from "./resource.ts";

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

function withoutPulumi({ annotations, ...metadata }: Resource["inputs"] = {}): object {
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !key.startsWith("pulumi.com/"));
  return { ...metadata, ...(kept.length > 0 && { annotations: Object.fromEntries(kept) }) };
}
