import type { ContainerConfig, SidecarConfig } from "./container-schema.ts";
import type { Settings } from "./schema.ts";
import type { JobConfig, ServiceConfig } from "./workload-schema.ts";

/** A rule between settings: what it says when it is broken, checked when the slices it needs are valid. */
export function rule<Slice extends keyof Settings>(
  needs: Slice[],
  check: (settings: Pick<Settings, Slice>) => (string | false)[],
) {
  return (settings: Partial<Settings>): string[] =>
    needs.every((slice) => settings[slice] !== undefined)
      ? check(settings as Pick<Settings, Slice>).filter((problem) => problem !== false)
      : [];
}

/** What stands under a name in a map of the settings; nothing that every object has. */
export function own<T>(map: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}

/** A rule for each service; `at` is where its settings stand. */
export function perService<Slice extends keyof Settings>(
  needs: Slice[],
  check: (
    at: string,
    service: ServiceConfig,
    settings: Pick<Settings, Slice>,
  ) => (string | false)[],
) {
  return rule(["services", ...needs], (settings) =>
    Object.entries(settings.services).flatMap(([name, service]) =>
      check(`services.${name}`, service, settings),
    ),
  );
}

type Containing = Pick<Settings, "services" | "jobs">;

/** All services and jobs, and where their settings stand. */
export const workloadsOf = ({
  services,
  jobs,
}: Pick<Settings, "services" | "jobs">): [at: string, ServiceConfig | JobConfig][] => [
  ...Object.entries(services).map(
    ([name, one]) => [`services.${name}`, one] as [string, typeof one],
  ),
  ...Object.entries(jobs).map(([name, one]) => [`jobs.${name}`, one] as [string, typeof one]),
];

/** A container of a service or a job, and where its settings stand. */
export interface ContainerPlace {
  at: string;
  /** The service or the job that it is part of. */
  workload: ServiceConfig | JobConfig;
  container: ContainerConfig;
  /** Of the service whose own container it is. */
  service?: ServiceConfig;
  /** Of a container that may be asked how it is. */
  sidecar?: SidecarConfig;
}

/** Every container of all services and jobs. */
export function containerPlaces({ services, jobs }: Containing): ContainerPlace[] {
  const companions = (at: string, workload: ServiceConfig | JobConfig) => [
    ...Object.entries(workload.sidecars).map(([name, sidecar]) => ({
      at: `${at}.sidecars.${name}`,
      workload,
      container: sidecar,
      sidecar,
    })),
    ...Object.entries(workload.before).map(([name, container]) => ({
      at: `${at}.before.${name}`,
      workload,
      container,
    })),
  ];
  return [
    ...Object.entries(services).flatMap(([name, service]) => [
      { at: `services.${name}`, workload: service, container: service, service },
      ...companions(`services.${name}`, service),
    ]),
    ...Object.entries(jobs).flatMap(([name, job]) => [
      { at: `jobs.${name}`, workload: job, container: job },
      ...companions(`jobs.${name}`, job),
    ]),
  ];
}

/** A rule for each container. */
export function perContainer<Slice extends keyof Settings>(
  needs: Slice[],
  check: (place: ContainerPlace, settings: Pick<Settings, Slice>) => (string | false)[],
) {
  return rule(["services", "jobs", ...needs], (settings) =>
    containerPlaces(settings).flatMap((place) => check(place, settings)),
  );
}
