import type { Resource } from "./resource.ts";

/** The build that pushes an image; `undefined` of one that has been pushed already. */
export function buildOf(image: string, resources: Resource[]): Resource | undefined {
  return resources.find(({ outputs }) => outputs.repoDigest === image);
}

/** The image of another registry that a build copies as it is; `undefined` where it builds one. */
export function copiedFrom({ inputs }: Resource): string | undefined {
  return inputs.build?.args?.IMAGE;
}
