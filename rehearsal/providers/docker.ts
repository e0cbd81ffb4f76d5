import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Package } from "./service.ts";

/** The docker package: what is in the build context decides the image's digest. */
export const docker: Package = {
  name: "docker",
  configure: () => ({}),
  normalize: (type, inputs) =>
    type === "docker:index/image:Image" && inputs.build?.context
      ? {
          ...inputs,
          buildOnPreview: inputs.buildOnPreview ?? false,
          build: { ...inputs.build, contextDigest: contextDigest(inputs.build.context) },
        }
      : inputs,
  // pulumi-docker, diffUpdates: short-lived credentials do not make a new image.
  ignored: (_, path) => path.startsWith("registry.") && path !== "registry.server",
  functions: {},
};

function contextDigest(context: string): string {
  const hash = createHash("sha256");
  for (const entry of readdirSync(context, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()) {
    hash.update(`\0${entry}\0`).update(readFileSync(entry));
  }
  return hash.digest("hex");
}
