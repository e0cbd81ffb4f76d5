import type { Resource } from "./resource.ts";

/** The build of an image. Returns undefined if the image is pushed already. */
export function buildOf(image: string, resources: Resource[]): Resource | undefined {
  return resources.find(({ outputs }) => outputs.repoDigest === image);
}

/** The copied image of another registry. Returns undefined if the program builds the image. */
export function copiedFrom({ inputs }: Resource): string | undefined {
  return inputs.build?.args?.IMAGE;
}
