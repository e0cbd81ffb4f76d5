import type { ImageConfig } from "./container-schema.ts";
import type { JobConfig, ServiceConfig } from "./workload-schema.ts";

/** The name of the image of a service or a job, or of a container beside it. */
export const imageName = (workload: string, container?: string): string =>
  container === undefined ? workload : `${workload}-${container}`;

/** The other services whose images the containers of a service or a job have. */
export function imageOwners(name: string, { image, sidecars, before }: Workload): string[] {
  const containers = [{ image }, ...Object.values(sidecars), ...Object.values(before)];
  const owners = new Set(containers.flatMap((container) => container.image.sameAs ?? []));
  return [...owners].filter((owner) => owner !== name);
}

/** An image of the settings: its name, and where it stands. */
export interface ImagePlace {
  name: string;
  /** The key of its container, such as `services.web.sidecars.proxy`. */
  at: string;
  image: ImageConfig;
}

type Workload = Pick<ServiceConfig | JobConfig, "image" | "sidecars" | "before">;

/** Every image that the settings name, each container's. */
export function imagePlaces(settings: {
  services: Record<string, Workload>;
  jobs: Record<string, Workload>;
}): ImagePlace[] {
  return (["services", "jobs"] as const).flatMap((kind) =>
    Object.entries(settings[kind]).flatMap(([name, workload]) => [
      { name, at: `${kind}.${name}`, image: workload.image },
      ...(["sidecars", "before"] as const).flatMap((group) =>
        Object.entries(workload[group]).map(([container, { image }]) => ({
          name: imageName(name, container),
          at: `${kind}.${name}.${group}.${container}`,
          image,
        })),
      ),
    ]),
  );
}
