import type { Resource } from "./resource.ts";

/** The setting that protects a resource of each type, and what it must be for a destroy. */
const settings: Record<string, string> = {
  "aws:kms/key:Key": "cluster.deletionProtection: false",
  "aws:ecr/repository:Repository": "registry.forceDelete: true",
  "kubernetes:networking.k8s.io/v1:Ingress": "ingress.deletionProtection: false",
};

interface Protection {
  /** While any of them is protected, a destroy is refused before it deletes anything. */
  resources: Resource[];
  /** What to set first, and then run `up`. */
  settings: string[];
}

/** What stands in the way of a destroy, and which settings to turn first. */
export function protectionOf(resources: Resource[]): Protection {
  const held = resources.filter(({ protect }) => protect);
  const production = resources.some(({ inputs }) =>
    JSON.stringify(inputs.defaultTags ?? "").includes("production"),
  );
  const turned = held.flatMap(({ type }) => settings[type] ?? []);
  return {
    resources: held,
    settings: [
      ...(held.length > 0 && production ? ["environment: development"] : []),
      ...new Set(turned),
    ],
  };
}
