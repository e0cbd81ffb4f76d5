import {
  type BuildSource,
  contextProblem,
  defaultDockerfile,
  ownBuildArgs,
} from "../image/build-context.ts";
import { contractOf, stagesOf } from "../image/dockerfile.ts";
import type { ImageConfig } from "./container-schema.ts";
import { imageOwners, imagePlaces } from "./image-names.ts";
import { nearest } from "./known-names.ts";
import { own, perContainer, rule } from "./setting-rule.ts";
import { secretName } from "./values.ts";
import { portOf } from "./workload-schema.ts";

const nothing = { image: {}, sidecars: {}, before: {} };

const sources = ["context", "reference", "sameAs"] as const;

/** What Docker would refuse minutes later, and containers that could not run as their image is. */
export const imageRules = [
  rule(["services", "jobs"], (settings) =>
    imagePlaces(settings).flatMap(({ at, image }) => {
      const given = sources.filter((one) => image[one] !== undefined);
      return [
        given.length === 0 &&
          !image.digest &&
          `${at}.image: needs a context to build, the reference of an image, sameAs a service, or the digest of an image that was pushed`,
        given.length > 1 && `${at}.image: has ${given.join(" and ")}; allowed: one of them`,
        image.repositoryUrl !== undefined &&
          image.digest === undefined &&
          `${at}.image.repositoryUrl: needs ${at}.image.digest; a stack that builds pushes to its own repository`,
        image.digest !== undefined &&
          image.sameAs !== undefined &&
          `${at}.image.digest: is not allowed with ${at}.image.sameAs: it has the image of ${image.sameAs}`,
        ...(["dockerfile", "target", "buildArgs"] as const).map(
          (key) =>
            image[key] !== undefined &&
            image.context === undefined &&
            `${at}.image.${key}: ${JSON.stringify(image[key])} needs ${at}.image.context: nothing is built`,
        ),
        ...Object.keys(image.buildArgs ?? {}).flatMap((name) => [
          ownBuildArgs.includes(name) &&
            `${at}.image.buildArgs.${name}: the program gives it; allowed: another name`,
          secretName.test(name) &&
            `${at}.image.buildArgs.${name}: its name says that it is secret, and the image's history shows it; allowed: ${at}.secrets.${name} when it runs`,
        ]),
      ];
    }),
  ),
  rule(["services", "jobs"], (settings) =>
    imagePlaces(settings).flatMap(({ at, image: { sameAs } }) => {
      if (sameAs === undefined) return [];
      const service = own(settings.services, sameAs);
      return [
        !service &&
          `${at}.image.sameAs: ${sameAs} is no service; allowed: a service such as ${nearest(sameAs, Object.keys(settings.services))}`,
        service?.image.sameAs !== undefined &&
          (service.image.sameAs === sameAs
            ? at === `services.${sameAs}` &&
              `${at}.image.sameAs: ${sameAs} is the service itself; allowed: another service`
            : `${at}.image.sameAs: ${sameAs} has the image of ${service.image.sameAs}; allowed: ${service.image.sameAs}`),
      ];
    }),
  ),
  // Each would wait for the other's release.
  rule(["services"], ({ services }) => {
    const reaches = (from: string, to: string, seen: string[] = []): boolean =>
      imageOwners(from, services[from] ?? nothing).some(
        (owner) => owner === to || (!seen.includes(owner) && reaches(owner, to, [...seen, owner])),
      );
    return (
      Object.keys(services)
        .filter((name) => reaches(name, name))
        // The others of its circle would say the same.
        .slice(0, 1)
        .map(
          (name) =>
            `services.${name}: has, by sameAs, the image of a service that has an image of this one; allowed: one direction`,
        )
    );
  }),
  rule(["services", "jobs"], (settings) =>
    imagePlaces(settings).flatMap(({ at, image }) => {
      const source = builtFrom(image);
      if (!source) return [];
      const { context, target } = source;
      const problem = contextProblem(source);
      if (problem) {
        return [
          `${at}.image.context: ${context} ${problem}; allowed: a folder with a Dockerfile, such as service, in which everything can be read`,
        ];
      }
      const stages = stagesOf(source);
      return [
        target !== undefined &&
          !stages.includes(target) &&
          `${at}.image.target: ${target} is no stage of ${fileOf(source)}; allowed: ${stages.join(", ")}`,
      ];
    }),
  ),
  perContainer(["nodes"], ({ at, container, service }, { nodes }) => {
    const source = builtFrom(container.image);
    if (!source || contextProblem(source)) return [];
    const { ports, user, architecture } = contractOf(source);
    const file = fileOf(source);
    const port = service && portOf(service);
    return [
      port !== undefined &&
        ports.length > 0 &&
        !ports.includes(port) &&
        `${at}.port: ${port} is not among the ports that ${file} exposes; allowed: ${ports.join(", ")}`,
      user !== undefined &&
        user !== container.user &&
        `${at}.user: ${container.user} is not the user of ${file}, ${user}; allowed: ${user === 0 ? "an image whose user is not root" : user}`,
      architecture !== undefined &&
        architecture !== (container.architecture ?? nodes.architecture) &&
        (container.architecture === undefined
          ? `${at}.image.context: ${file} is for ${architecture}, which does not run on nodes.architecture ${nodes.architecture}`
          : `${at}.architecture: ${container.architecture} is not that of ${file}, ${architecture}`),
    ];
  }),
];

/** What an image is built from; nothing of one that is not built. */
function builtFrom({ context, dockerfile, target, digest }: ImageConfig) {
  return context && !digest ? { context, dockerfile, target } : undefined;
}

const fileOf = ({ context, dockerfile = defaultDockerfile }: BuildSource): string =>
  `${context}/${dockerfile}`;
