import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
} from "node:fs";
import { join, relative } from "node:path";
import dockerignore from "@balena/dockerignore";
import { isUnknown } from "../world/arguments.ts";
import type { Props } from "../world/world.ts";
import type { Package } from "./service.ts";

/** The docker package; another hash of the context builds and pushes again. */
export const docker: Package = {
  name: "docker",
  configure: () => ({}),
  normalize: (type, inputs) => (type === "docker:index/image:Image" ? checked(inputs) : inputs),
  // pulumi-docker, diffUpdates: other credentials do not build again.
  ignored: (_, path) => path.startsWith("registry.") && path !== "registry.server",
  // pulumi-docker, Diff and Update: the provider does not read ignoreChanges.
  ignoresByItself: false,
  functions: {},
};

/** Completes the inputs and fails as pulumi-docker's Check. */
function checked(inputs: Props): Props {
  if (isUnknown(inputs.skipPush)) throw new Error("panic: skipPush is read before it is known");
  const { context, dockerfile } = inputs.build ?? {};
  if (isUnknown([context, dockerfile]) || context === undefined) return inputs;
  if (!existsSync(dockerfile)) {
    throw new Error(`could not open dockerfile at relative path "${dockerfile}"`);
  }
  return {
    ...inputs,
    buildOnPreview: inputs.buildOnPreview ?? false,
    build: { ...inputs.build, contextDigest: hashContext(context, dockerfile) },
  };
}

/** pulumi-docker, hashContext: names, modes and content; the Dockerfile's even if it is ignored. */
function hashContext(context: string, dockerfile: string): string {
  const ignoring = [`${dockerfile}.dockerignore`, join(context, ".dockerignore")].find(existsSync);
  const ignored = dockerignore.default().add(ignoring ? readFileSync(ignoring, "utf8") : "");
  const files = readdirSync(context, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(context, join(entry.parentPath, entry.name)))
    .filter((path) => !ignored.ignores(path))
    .sort();
  const hash = createHash("sha256").update(readFileSync(dockerfile));
  for (const path of files) {
    const place = join(context, path);
    const { mode } = lstatSync(place);
    const isLink = lstatSync(place).isSymbolicLink();
    hash.update(`\0${path}\0${mode}\0`);
    hash.update(isLink ? realpathSync(place) && readlinkSync(place) : readFileSync(place));
  }
  return hash.digest("hex");
}
