import { digestPattern } from "../../infra/config/values.ts";

/** `<repository>@sha256:<digest>`, by service, job or sidecar. */
export type Images = Record<string, string>;

/** A refused command that changed nothing; its message names the remedy. */
export class Refused extends Error {}

/** The repository and the digest of a reference. */
export function partsOf(reference: string): { repositoryUrl: string; digest: string } {
  const [repositoryUrl = "", digest = ""] = reference.split("@");
  return { repositoryUrl, digest };
}

/**
 * The images of the stack after a release of `requested`: `web=<digest>` or `web=<repository>@<digest>`,
 * with commas between. A stack of one service needs no name. A digest alone keeps the repository.
 *
 * @throws {Refused} for an unknown service, a malformed digest, or a service that would have no image
 */
export function resolveImages(requested: string[], running: Images, services: string[]): Images {
  const images = { ...running };
  const named = requested.flatMap((list) => list.split(",")).filter(Boolean);
  if (named.length === 0) throw new Refused("--image names no image");
  for (const one of named) {
    const [, given, image = ""] = /^(?:([^=]*)=)?(.*)$/.exec(one) ?? [];
    const service = given ?? (services.length === 1 ? services[0] : undefined);
    if (service === undefined) {
      throw new Refused(`--image ${one}: say which service, ${services.join(" or ")}=…`);
    }
    if (!services.includes(service)) {
      throw new Refused(
        `--image ${one}: the stack has no service "${service}", but ${services.join(", ")}`,
      );
    }
    const { repositoryUrl, digest } = partsOf(image.includes("@") ? image : `@${image}`);
    if (!digestPattern.test(digest)) {
      throw new Refused(
        `--image ${one}: "${digest}" is no digest: sha256: and 64 hexadecimal digits`,
      );
    }
    const from = repositoryUrl || partsOf(running[service] ?? "").repositoryUrl;
    if (!from)
      throw new Refused(`--image ${one}: of which repository? ${service} does not run yet`);
    images[service] = `${from}@${digest}`;
  }
  const missing = services.filter((service) => !images[service]);
  if (missing.length > 0) throw new Refused(`--image: ${missing.join(", ")} does not run yet`);
  return Object.fromEntries(services.map((service) => [service, images[service] ?? ""]));
}

export function sameImages(some: Images, others: Images): boolean {
  return keyOf(some) === keyOf(others);
}

/** Equal images have equal keys. */
export function keyOf(images: Images): string {
  return JSON.stringify(Object.entries(images).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Short text: `web sha256:1a2b3c4d5e6f`. */
export function brief(images: Images): string {
  return Object.entries(images)
    .map(([service, reference]) => `${service} ${partsOf(reference).digest.slice(0, 19)}`)
    .join(", ");
}
