import { resourceTypes } from "../../cloud/catalogue.ts";
import { hex } from "../../cloud/naming.ts";
import type { Caller } from "./rule.ts";
import type { Props, World } from "./world.ts";

interface Made {
  world: World;
  id: string;
  inputs: Props;
  caller: Caller;
}

/** The state of a resource: its inputs and its computed properties. */
export function outputsOf(type: string, { world, id, inputs, caller }: Made): Props {
  const { untagged, clusterScoped, computed } = resourceTypes[type] ?? {};
  const tags =
    type.startsWith("aws:") && !untagged
      ? { tagsAll: { ...caller.defaultTags, ...inputs.tags } }
      : {};
  const kubernetes =
    type.startsWith("kubernetes:") && !type.startsWith("kubernetes:helm")
      ? {
          metadata: {
            namespace: clusterScoped ? undefined : "default",
            ...inputs.metadata,
            uid: hex(`${type} ${id}`, 32),
          },
        }
      : {};
  return { ...inputs, ...tags, ...kubernetes, ...computed?.({ cloud: world, id, inputs }) };
}

/** A new digest each time: the image contains the times of its files and of the build. */
export function newDigest(world: World): string {
  return `sha256:${hex(`build ${world.serial()}`, 64)}`;
}
