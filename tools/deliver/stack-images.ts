/** An image that a release may change. */
export interface StackImage {
  /** Its path for `pulumi config set --path`. */
  path: string;
  /** The services and jobs with this image. */
  workloads: string[];
}

/** From the stack's file, without validation. */
interface Container {
  image?: Record<string, string>;
}

interface Workload extends Container {
  sidecars?: Record<string, Container>;
  before?: Record<string, Container>;
}

/** The images of the settings by name, with all services and jobs that share each. */
export function stackImages(settings: {
  services: Record<string, Workload>;
  jobs: Record<string, Workload>;
}): Record<string, StackImage> {
  const places = (["services", "jobs"] as const).flatMap((kind) =>
    Object.entries(settings[kind]).flatMap(([workload, own]) => [
      { name: workload, workload, path: `${kind}["${workload}"]`, container: own as Container },
      ...(["sidecars", "before"] as const).flatMap((group) =>
        Object.entries(own[group] ?? {}).map(([name, container]) => ({
          name: `${workload}-${name}`,
          workload,
          path: `${kind}["${workload}"].${group}["${name}"]`,
          container,
        })),
      ),
    ]),
  );
  return Object.fromEntries(
    places
      .filter(({ container }) => container.image?.sameAs === undefined)
      .map(({ name, path, workload }) => {
        const sharing = places.filter(({ container }) => container.image?.sameAs === name);
        const workloads = [workload, ...sharing.map((one) => one.workload)];
        return [name, { path: `${path}.image`, workloads: [...new Set(workloads)] }];
      }),
  );
}
