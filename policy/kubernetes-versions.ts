/**
 * The last day of EKS's standard support by Kubernetes version, as
 * https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html had it on 2026-11-24.
 * Afterwards a cluster costs six times as much, or AWS upgrades it.
 */
const endOfStandardSupport: Record<string, string> = {
  "1.33": "2026-07-29",
  "1.34": "2026-12-02",
  "1.35": "2027-03-27",
  "1.36": "2027-08-02",
};

/** Whole days from now to the end of a version's standard support; undefined for another version. */
export function daysOfSupport(version: string, now: Date): number | undefined {
  const end = endOfStandardSupport[version];
  return end === undefined ? undefined : Math.ceil((Date.parse(end) - now.getTime()) / 86_400_000);
}
