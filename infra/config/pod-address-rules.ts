import { rule } from "./setting-rule.ts";

/** Rules of how nodes get the addresses of their pods (amazon-vpc-cni-k8s, docs/prefix-and-ip-target.md). */
export const podAddressRules = [
  rule(["cluster"], ({ cluster: { podAddresses } }) => {
    const { prefixDelegation, warmPrefixTarget, warmIpTarget, minimumIpTarget } = podAddresses;
    return [
      warmPrefixTarget !== undefined &&
        !prefixDelegation &&
        `cluster.podAddresses.warmPrefixTarget: ${warmPrefixTarget} goes with cluster.podAddresses.prefixDelegation true; without it there are no prefixes`,
      warmPrefixTarget !== undefined &&
        warmIpTarget !== undefined &&
        `cluster.podAddresses.warmPrefixTarget: ${warmPrefixTarget} goes without cluster.podAddresses.warmIpTarget, which takes its place`,
      minimumIpTarget !== undefined &&
        warmIpTarget === undefined &&
        `cluster.podAddresses.minimumIpTarget: ${minimumIpTarget} needs cluster.podAddresses.warmIpTarget, or a node never takes more; allowed: with at least 1`,
    ];
  }),
];
