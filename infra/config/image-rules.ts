import { contextProblem } from "../image/build-context.ts";
import { contractOf } from "../image/dockerfile.ts";
import { imageOwners, imagePlaces } from "./image-names.ts";
import { nearest } from "./known-names.ts";
import { own, perContainer, rule } from "./setting-rule.ts";
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
        ...(["nodeImage", "runtimeImage"] as const).map(
          (key) =>
            image[key] !== undefined &&
            image.context === undefined &&
            `${at}.image.${key}: ${image[key]} needs ${at}.image.context: nothing is built`,
        ),
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
    imagePlaces(settings).map(({ at, image: { context, digest } }) => {
      const problem = context && !digest && contextProblem(context);
      return (
        Boolean(problem) &&
        `${at}.image.context: ${context} ${problem}; allowed: a folder with a Dockerfile, such as service, in which everything can be read`
      );
    }),
  ),
  perContainer(["nodes"], ({ at, container, service }, { nodes }) => {
    const { context, digest } = container.image;
    if (!context || digest || contextProblem(context)) return [];
    const { ports, user, architecture } = contractOf(context);
    const port = service && portOf(service);
    return [
      port !== undefined &&
        ports.length > 0 &&
        !ports.includes(port) &&
        `${at}.port: ${port} is not among the ports that ${context}/Dockerfile exposes; allowed: ${ports.join(", ")}`,
      user !== undefined &&
        user !== container.user &&
        `${at}.user: ${container.user} is not the user of ${context}/Dockerfile, ${user}; allowed: ${user === 0 ? "an image whose user is not root" : user}`,
      architecture !== undefined &&
        architecture !== (container.architecture ?? nodes.architecture) &&
        (container.architecture === undefined
          ? `${at}.image.context: ${context}/Dockerfile is for ${architecture}, which does not run on nodes.architecture ${nodes.architecture}`
          : `${at}.architecture: ${container.architecture} is not that of ${context}/Dockerfile, ${architecture}`),
    ];
  }),
];
