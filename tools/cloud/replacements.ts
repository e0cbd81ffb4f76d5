import { resourceTypes } from "./catalogue.ts";

/** The properties that replace a Kubernetes object of any kind. */
const ofObjects = ["apiVersion", "kind", "metadata.name", "metadata.namespace"];

/**
 * Whether a change at this path forces a replacement. The path is of keys joined by dots; list
 * indices are written as `[0]` and do not count.
 */
export function forcesReplacement(type: string, path: string): boolean {
  const keys = path.replaceAll(/\[\d+\]/g, "").split(".");
  const isObject = type.startsWith("kubernetes:") && !type.startsWith("kubernetes:helm");
  return [...(resourceTypes[type]?.replacedBy ?? []), ...(isObject ? ofObjects : [])].some(
    (entry) => entry.split(".").every((key, at) => key === "*" || key === keys[at]),
  );
}
