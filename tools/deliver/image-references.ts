import { digestPattern } from "../../infra/config/values.ts";

/** By service, job, or container beside one: `<repository>@sha256:<digest>`. */
export type Images = Record<string, string>;

/** Something that the person who gave the command can put right; nothing was changed. */
export class Refused extends Error {}

/** The repository and the digest of a reference. */
export function partsOf(reference: string): { repositoryUrl: string; digest: string } {
  const [repositoryUrl = "", digest = ""] = reference.split("@");
  return { repositoryUrl, digest };
}

/**
 * What the stack would run if `asked` were released: `web=<digest>` or `web=<repository>@<digest>`,
 * several with commas between; the service's name can be left out where there is only one. A digest
 * alone is one of the repository that the service's image comes from now.
 *
 * Throws `Refused` unless every service is one of the stack's, every digest well-formed, and every
 * service that does not run yet is named.
 */
export function released(asked: string[], running: Images, services: string[]): Images {
  const images = { ...running };
  const named = asked.flatMap((list) => list.split(",")).filter(Boolean);
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

export function same(some: Images, others: Images): boolean {
  return keyOf(some) === keyOf(others);
}

/** The same text for the same images. */
export function keyOf(images: Images): string {
  return JSON.stringify(Object.entries(images).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Images for people: `web sha256:1a2b3c4d5e6f`. */
export function brief(images: Images): string {
  return Object.entries(images)
    .map(([service, reference]) => `${service} ${partsOf(reference).digest.slice(0, 19)}`)
    .join(", ");
}
