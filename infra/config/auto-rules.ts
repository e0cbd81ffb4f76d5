import type { Settings } from "./schema.ts";
import { rule } from "./setting-rule.ts";

/** Tags that EKS Auto Mode sets, by how they begin; `eks:` is AWS's (AmazonEKSComputePolicy, aws:TagKeys). */
const reservedTags = /^(kubernetes\.io\/cluster|karpenter\.sh\/|eks:|eks\.amazonaws\.com\/)/;
/** Add-ons that EKS Auto Mode has built in (Amazon EKS User Guide, automated components). */
const builtIn = [
  "vpc-cni",
  "kube-proxy",
  "coredns",
  "eks-node-monitoring-agent",
  "eks-pod-identity-agent",
] as const;

/** Rules of `nodes.kind: auto` alone: karpenter-rules.ts has those that it shares. */
export const autoRules = [
  rule(["nodes"], ({ nodes: { kind, auto } }) => [
    kind === "auto" && !auto && "nodes.auto: is missing; nodes.kind auto needs it",
    kind !== "auto" &&
      auto !== undefined &&
      `nodes.auto: is not allowed with nodes.kind ${kind}; allowed: with auto`,
  ]),
  ofAuto(["nodes", "network"], ({ network: { egress } }) => [
    egress === "none" &&
      "network.egress: none is not allowed with nodes.kind auto: which services of AWS its nodes call is not known; allowed: gateway or instance",
  ]),
  ofAuto(["nodes", "tags"], ({ tags }) =>
    Object.keys(tags)
      .filter((key) => reservedTags.test(key))
      .map((key) => `tags.${key}: is not allowed with nodes.kind auto, which sets it itself`),
  ),
  ofAuto(["nodes", "cluster"], ({ cluster: { addonVersions } }) =>
    builtIn
      .filter((addon) => addonVersions[addon] !== undefined)
      .map(
        (addon) =>
          `cluster.addonVersions.${addon}: ${addonVersions[addon]} is not allowed with nodes.kind auto, which has it built in; allowed: no pin`,
      ),
  ),
  ofAuto(["nodes", "cluster"], ({ cluster: { podAddresses } }) =>
    Object.entries(podAddresses)
      .filter(([, value]) => value !== undefined && value !== false)
      .map(
        ([key, value]) =>
          `cluster.podAddresses.${key}: ${value} is not allowed with nodes.kind auto, which gives its nodes prefixes by itself; allowed: none`,
      ),
  ),
];

function ofAuto<Slice extends keyof Settings>(
  needs: ("nodes" | Slice)[],
  check: (settings: Pick<Settings, "nodes" | Slice>) => (string | false)[],
) {
  return rule(needs, (settings) => (settings.nodes.kind === "auto" ? check(settings) : []));
}
