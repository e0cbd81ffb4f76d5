import type { Resource } from "./resource.ts";

/** The build of an image. Returns undefined if the image is pushed already. */
export function buildOf(image: string, resources: Resource[]): Resource | undefined {
  return resources.find(({ outputs }) => outputs.repoDigest === image);
}

/** The copied image of another registry. Returns undefined if the program builds the image. */
export function copiedFrom({ inputs }: Resource): string | undefined {
  return inputs.build?.args?.IMAGE;
}

/** What Docker builds of an image. */
export interface ImageBuild {
  context: string;
  dockerfile: string;
  /** A stage. @default the last one */
  target?: string;
  args: Record<string, string>;
}

/** Options of `docker build`, without the context. */
export function buildOptions({ dockerfile, target, args }: ImageBuild): string[] {
  const stage = target === undefined ? [] : ["--target", target];
  const values = Object.entries(args).flatMap((arg) => ["--build-arg", arg.join("=")]);
  return ["--file", dockerfile, ...stage, ...values];
}
