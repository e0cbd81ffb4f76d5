import type { CloudResource, Props } from "./world.ts";

/**
 * Changes a field as a person does it with kubectl or in AWS's console, without the program.
 *
 * @param path such as `spec.limits.cpu`
 */
export function changeByHand(resource: CloudResource, path: string, value: unknown): void {
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  for (const of of [resource.inputs, resource.outputs]) {
    const holder = keys.reduce<Props | undefined>((inner, key) => inner?.[key], of);
    if (holder) holder[last] = value;
  }
  if (resource.cluster) resource.fieldsOfPeople = [...(resource.fieldsOfPeople ?? []), path];
}
