import type { AddonInfo } from "@aws-sdk/client-eks";

/** The versions of an add-on for a Kubernetes version as AWS lists them, the newest first, and AWS's default. */
export function versionsOf(addonName: string, infos: AddonInfo[], kubernetes: string) {
  const fitting = infos
    .filter((one) => one.addonName === addonName)
    .flatMap(({ addonVersions = [] }) => addonVersions)
    .flatMap(({ addonVersion = "", compatibilities = [] }) => {
      const fit = compatibilities.find(({ clusterVersion }) => clusterVersion === kubernetes);
      return fit ? [{ addonVersion, isDefault: fit.defaultVersion ?? false }] : [];
    });
  return {
    all: fitting.map(({ addonVersion }) => addonVersion),
    standard: fitting.find(({ isDefault }) => isDefault)?.addonVersion,
  };
}

/** Of versions such as v1.19.0-eksbuild.2. */
export function isNewer(version: string, than: string): boolean {
  const parts = (of: string) => of.split(/\D+/).filter(Boolean).map(Number);
  const [one, other] = [parts(version), parts(than)];
  const at = one.findIndex((part, index) => part !== (other[index] ?? 0));
  return at >= 0 && (one[at] ?? 0) > (other[at] ?? 0);
}
