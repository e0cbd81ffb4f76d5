import { stringify } from "yaml";
import type { Evaluation, Resource } from "../graph/resource.ts";

/**
 * The recorded plan: each resource with its options and inputs, in the order of creation. Content tags and
 * digests of images read `<content>` and `<digest>`, since each line of a service changes them.
 */
export function recordOf({ resources, outputs }: Evaluation): string {
  const entries = Object.fromEntries(resources.map((one) => [shortName(one.urn), entryOf(one)]));
  const text = stringify(
    { resources: entries, outputs: unpacked(outputs) },
    { aliasDuplicateObjects: false, lineWidth: 0 },
  );
  return resources
    .filter(({ type }) => type === "docker:index/image:Image")
    .reduce(withoutContent, text);
}

/** The text without the content tag and the digest of an image. */
function withoutContent(text: string, { name, outputs }: Resource): string {
  const [, tag] = /-([0-9a-f]{16})$/.exec(name) ?? [];
  const [, digest] = String(outputs.repoDigest).split("@");
  const masked = tag ? text.replaceAll(tag, "<content>") : text;
  return digest ? masked.replaceAll(digest, "<digest>") : masked;
}

function entryOf(resource: Resource): object {
  const { parent, provider, protect, aliases, ignoreChanges, options, dependsOn, inputs } =
    resource;
  return {
    ...(parent && { parent: shortName(parent) }),
    ...(provider && { provider: [provider].flat().map(shortName) }),
    ...(protect && { protect }),
    ...(aliases?.length && { aliases }),
    ...(ignoreChanges.length > 0 && { ignoreChanges }),
    ...options,
    ...(dependsOn.length > 0 && { dependsOn: dependsOn.map(shortName) }),
    ...(Object.keys(inputs).length > 0 && { inputs: unpacked(inputs) }),
  };
}

/** The URN without stack, project and the types of ancestors. */
const shortName = (urn: string) => {
  const [types = "", name] = urn.split("::").slice(-2);
  return `${types.split("$").at(-1)}::${name}`;
};

/** Parses texts of JSON. */
function unpacked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpacked);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, unpacked(of)]));
  }
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return unpacked(JSON.parse(value));
  } catch {
    return value;
  }
}
