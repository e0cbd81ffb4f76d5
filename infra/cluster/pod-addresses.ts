import type { InstanceType } from "./instance-types.ts";

/** How nodes get the addresses of their pods: the settings `cluster.podAddresses`, which say what each is. */
export interface PodAddresses {
  prefixDelegation: boolean;
  warmPrefixTarget?: number | undefined;
  warmIpTarget?: number | undefined;
  minimumIpTarget?: number | undefined;
}

/** Addresses of a prefix, a /28 of the subnet. */
export const prefixSize = 16;

/**
 * The environment by which the VPC CNI does so; empty by default. Without a target its own are one interface,
 * or one prefix (amazon-vpc-cni-k8s, docs/prefix-and-ip-target.md and docs/eni-and-ip-target.md).
 */
export function cniEnvironment(addresses: PodAddresses): Record<string, string> {
  const { prefixDelegation, warmIpTarget, minimumIpTarget } = addresses;
  const warmPrefixTarget = prefixDelegation ? warmPrefixes(addresses) : undefined;
  return {
    ...(prefixDelegation && { ENABLE_PREFIX_DELEGATION: "true" }),
    ...asText({ WARM_PREFIX_TARGET: warmPrefixTarget, WARM_IP_TARGET: warmIpTarget }),
    ...asText({ MINIMUM_IP_TARGET: minimumIpTarget }),
  };
}

const asText = (values: Record<string, number | undefined>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, String(value)]],
    ),
  );

/** Prefixes that a node keeps free; undefined where a target of addresses takes their place. */
function warmPrefixes({ warmPrefixTarget, warmIpTarget }: PodAddresses): number | undefined {
  return warmIpTarget === undefined ? (warmPrefixTarget ?? 1) : undefined;
}

/** The settings by the CNI add-on's configuration, as an add-on has it: the reverse of `cniEnvironment`. */
export function podAddressesOf(configurationValues: string | undefined): PodAddresses {
  const env: Record<string, string> = JSON.parse(configurationValues ?? "{}").env ?? {};
  const number = (key: string) => (env[key] === undefined ? undefined : Number(env[key]));
  return {
    prefixDelegation: env.ENABLE_PREFIX_DELEGATION === "true",
    warmPrefixTarget: number("WARM_PREFIX_TARGET"),
    warmIpTarget: number("WARM_IP_TARGET"),
    minimumIpTarget: number("MINIMUM_IP_TARGET"),
  };
}

/**
 * Pods that a node of the type may have: one for each address that the CNI can give, at most 110, or 250 from
 * 30 vCPUs on, which is what managed node groups set (Amazon EKS User Guide, "How maxPods is determined").
 */
export function mostPods(
  { vcpus, interfaces, addressesPerInterface }: InstanceType,
  prefixes: boolean,
): number {
  const slots = interfaces * (addressesPerInterface - 1);
  return Math.min(slots * (prefixes ? prefixSize : 1) + hostPods, vcpus < 30 ? 110 : 250);
}

/** Pods of the node's own network, aws-node and kube-proxy, which need no address. */
const hostPods = 2;

/** Addresses of its subnet that a node takes at most, those that it keeps ready among them. */
export function addressesOf(type: InstanceType, addresses: PodAddresses): number {
  const { interfaces, addressesPerInterface } = type;
  const { prefixDelegation, warmIpTarget, minimumIpTarget = 0 } = addresses;
  const pods = mostPods(type, prefixDelegation) - hostPods;
  const slots = addressesPerInterface - 1;
  const asked = Math.max(pods + (warmIpTarget ?? 0), minimumIpTarget);
  if (prefixDelegation) {
    const wanted = Math.ceil(asked / prefixSize) + (warmPrefixes(addresses) ?? 0);
    const prefixes = Math.min(interfaces * slots, wanted);
    return prefixes * prefixSize + Math.ceil(prefixes / slots) * loneAddress(addresses);
  }
  if (warmIpTarget !== undefined) {
    const taken = Math.min(interfaces * slots, asked);
    return taken + Math.ceil(taken / slots);
  }
  // One interface is kept in reserve, with all its addresses.
  return Math.min(interfaces, Math.ceil(pods / slots) + 1) * addressesPerInterface;
}

/**
 * What an address that is no pod's takes of the subnet. A prefix is a whole /28: at worst each such address is in
 * a /28 of its own, which is no prefix then. AWS names no order in which it gives them.
 */
export const loneAddress = ({ prefixDelegation }: PodAddresses): number =>
  prefixDelegation ? prefixSize : 1;
