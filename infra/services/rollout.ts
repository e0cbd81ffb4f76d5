/** Pods that a rollout may add, as Kubernetes takes it: a number, or a share of the pods there are. */
export type MaxSurge = number | string;

/** Pods that a rollout of so many pods adds at most: a share is rounded up (Deployment, maxSurge). */
export function surgeOf(maxSurge: MaxSurge, replicas: number): number {
  const count =
    typeof maxSurge === "number"
      ? maxSurge
      : Math.ceil((replicas * Number.parseInt(maxSurge, 10)) / 100);
  return Math.max(1, Math.min(count, replicas));
}
