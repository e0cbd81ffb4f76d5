/** The minor version of a Kubernetes version: 36 of `1.36`, `v1.36.2-eks-1a2b3c` and `1.36.2-20261112`. */
export function minorOf(version: string): number {
  const [, minor] = /^v?1\.(\d+)/.exec(version) ?? [];
  return Number(minor ?? Number.NaN);
}

export const versionOf = (minor: number): string => `1.${minor}`;
