import type { Resource } from "./resource.ts";

/** The protecting setting of each type, and its value for a destroy. */
const settings: Record<string, string> = {
  "aws:kms/key:Key": "cluster.deletionProtection: false",
  "aws:ecr/repository:Repository": "registry.forceDelete: true",
  "kubernetes:networking.k8s.io/v1:Ingress": "ingress.deletionProtection: false",
};

interface Protection {
  /** Protected resources, which refuse a destroy before it deletes anything. */
  resources: Resource[];
  /** The settings to change before a destroy, by `up`. */
  settings: string[];
}

/** The protected resources and the settings to change before a destroy. */
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
