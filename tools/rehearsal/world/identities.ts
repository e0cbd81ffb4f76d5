import { createHash } from "node:crypto";
import { resourceTypes } from "../../cloud/catalogue.ts";
import type { Props, World } from "./world.ts";

/** The identifier of a new resource. */
export function identityOf(type: string, inputs: Props, world: World): string {
  const { id, clusterScoped } = resourceTypes[type] ?? {};
  if (id) return id(inputs, world);
  if (type.startsWith("kubernetes:")) {
    const { name, namespace } = inputs.metadata;
    return clusterScoped ? name : `${namespace ?? "default"}/${name}`;
  }
  return createHash("sha256").update(`${type} ${world.serial()}`).digest("hex").slice(0, 32);
}

/** The error code of AWS or Kubernetes if the name is taken. */
export function takenError(type: string): string {
  const own = resourceTypes[type]?.taken?.error;
  if (own) return own;
  if (type.startsWith("kubernetes:")) return "AlreadyExists";
  if (type.startsWith("aws:iam/")) return "EntityAlreadyExists";
  if (type.startsWith("aws:eks/")) return "ResourceInUseException";
  return "ResourceAlreadyExistsException";
}

export function takenReason(type: string, id: string): string {
  return resourceTypes[type]?.taken?.reason ?? `${id} already exists`;
}
