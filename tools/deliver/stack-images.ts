/** An image of a stack that a release may change. */
export interface StackImage {
  /** Where it stands in the settings, as `pulumi config set --path` takes it. */
  path: string;
  /** The services and jobs that run it. */
  workloads: string[];
}

/** As the stack's file has it, before anything is checked. */
interface Container {
  image?: Record<string, string>;
}

interface Workload extends Container {
  sidecars?: Record<string, Container>;
  before?: Record<string, Container>;
}

/** The images of the settings by name, each with all that run it: what shares one is released with it. */
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
