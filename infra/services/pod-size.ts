import type { ContainerConfig } from "../config/container-schema.ts";

/** What a pod asks for and may use. */
export interface PodSize {
  cpuMillicores: number;
  cpuLimitMillicores: number;
  memoryMiB: number;
}

interface Containers extends PodSize {
  sidecars: Record<string, PodSize>;
  before: Record<string, PodSize>;
}

/**
 * The size of a pod as Kubernetes counts it: the container and its sidecars together, or what runs
 * before it while the sidecars run already, whichever is more. (KEP-753, sidecar containers.)
 */
export function podSize({ sidecars, before, ...main }: Containers): PodSize {
  const beside = Object.values(sidecars);
  const sum = (key: keyof PodSize) => beside.reduce((total, one) => total + one[key], 0);
  const most = (key: keyof PodSize) =>
    Math.max(main[key], ...Object.values(before).map((one) => one[key])) + sum(key);
  return {
    cpuMillicores: most("cpuMillicores"),
    cpuLimitMillicores: most("cpuLimitMillicores"),
    memoryMiB: most("memoryMiB"),
  };
}

/** Pods of a job that may be there at once, where its setting lets runs overlap. */
export const mostRuns = { forbid: 1, replace: 2, allow: 5 };

/** The quota of a namespace for so many pods of each size. */
export function quotaFor(pods: { count: number; size: PodSize }[]): Record<string, string> {
  const sum = (of: (size: PodSize) => number) =>
    pods.reduce((total, { count, size }) => total + count * of(size), 0);
  return {
    pods: String(sum(() => 1)),
    "requests.cpu": `${sum(({ cpuMillicores }) => cpuMillicores)}m`,
    "requests.memory": `${sum(({ memoryMiB }) => memoryMiB)}Mi`,
    "limits.cpu": `${sum(({ cpuLimitMillicores }) => cpuLimitMillicores)}m`,
    "limits.memory": `${sum(({ memoryMiB }) => memoryMiB)}Mi`,
    "services.loadbalancers": "0",
    "services.nodeports": "0",
  };
}

/** The containers of a pod, by name: its own, those beside it and those before it. */
export function containersOf<C extends Pick<ContainerConfig, "cpuMillicores">>(
  name: string,
  workload: C & { sidecars: Record<string, C>; before: Record<string, C> },
): { name: string; container: C }[] {
  const named = (containers: Record<string, C>) =>
    Object.entries(containers).map(([one, container]) => ({ name: one, container }));
  return [{ name, container: workload }, ...named(workload.sidecars), ...named(workload.before)];
}
