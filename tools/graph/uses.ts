import type { Resource } from "./resource.ts";

/** That a service or a job uses a resource of the settings. */
export interface Use {
  workload: string;
  /** The resource's component, whose type ends in its kind. */
  resource: Resource;
  /** Not known of what needs no statement of a role. */
  access: string | undefined;
}

/** Whether it is the component of a resource of the settings, or of the backups of all of them. */
export const isResource = ({ type }: Resource) =>
  /^platform:resources:(?!Resources$)\w+$/.test(type);

const traces =
  /^(aws:iam\/rolePolicy:RolePolicy|kubernetes:.*:(NetworkPolicy|PersistentVolumeClaim))$/;

/** Who uses what, by the policies and claims that the program makes for each use. */
export function usesOf(resources: Resource[]): Use[] {
  const policies = resources.filter(({ type }) => traces.test(type));
  const components = resources.filter(isResource);
  const found = components.flatMap((resource) =>
    policies.flatMap(({ name }): Use[] => {
      const [, workload, access] =
        new RegExp(`^(.+)-uses-${resource.name}(?:-(read|write|readWrite))?$`).exec(name) ?? [];
      return workload === undefined ? [] : [{ workload, resource, access }];
    }),
  );
  const known = new Map<string, Use>();
  for (const use of found) {
    const key = `${use.workload} ${use.resource.name}`;
    if (use.access !== undefined || !known.has(key)) known.set(key, use);
  }
  return [...known.values()];
}

/** `table orders (readWrite)` */
export const useLabel = ({ resource, access }: Use) =>
  `${resource.type.split(":").at(-1)?.toLowerCase()} ${resource.name}${access ? ` (${access})` : ""}`;
