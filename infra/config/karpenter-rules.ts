import { limitsFor } from "../cluster/started-nodes.ts";
import { architectureOf, instanceTypeNames } from "./known-names.ts";
import { addonsOf, podsAtMost } from "./pods-at-most.ts";
import type { Settings } from "./schema.ts";
import { rule } from "./setting-rule.ts";

/** Karpenter's two pods are never on one node. */
const leastGroup = 2;
/** Tags that EC2NodeClass refuses, by how they begin (karpenter.k8s.aws_ec2nodeclasses.yaml 1.14, spec.tags). */
const reservedTags =
  /^(kubernetes\.io\/cluster|karpenter\.sh\/|karpenter\.k8s\.aws\/|eks:eks-cluster-name$)/;

type Limited = Pick<
  Settings,
  | "nodes"
  | "network"
  | "autoscaler"
  | "services"
  | "jobs"
  | "resources"
  | "pullRequests"
  | "cluster"
>;

/** Rules of `nodes.kind: karpenter`, and of what goes with it alone. */
export const karpenterRules = [
  rule(["nodes"], ({ nodes: { kind, karpenter } }) => [
    kind === "karpenter" &&
      !karpenter &&
      "nodes.karpenter: is missing; nodes.kind karpenter needs it",
    kind !== "karpenter" &&
      karpenter !== undefined &&
      `nodes.karpenter: is not allowed with nodes.kind ${kind}; allowed: with karpenter`,
  ]),
  ofKarpenter(["nodes"], ({ nodes }) => [
    nodes.minSize < leastGroup &&
      `nodes.minSize: ${nodes.minSize} is too few with nodes.kind karpenter: its two pods run on two nodes that it did not start; allowed: at least ${leastGroup}`,
    nodes.capacityType === "SPOT" &&
      "nodes.capacityType: SPOT is not allowed with nodes.kind karpenter, whose controller would end with its node; allowed: ON_DEMAND, and spot in nodes.karpenter.capacityTypes",
    nodes.release === undefined &&
      "nodes.release: is missing; nodes.kind karpenter needs it: without a pin each image that AWS publishes replaces the nodes",
    ...(nodes.karpenter?.instanceTypes ?? [])
      .filter((type) => instanceTypeNames.has(type) && architectureOf(type) !== nodes.architecture)
      .map(
        (type) =>
          `nodes.karpenter.instanceTypes: ${type} is ${architectureOf(type)}, but nodes.architecture is ${nodes.architecture}`,
      ),
  ]),
  ofKarpenter(["nodes"], ({ nodes: { schedule } }) => [
    schedule !== undefined &&
      "nodes.schedule: is not allowed with nodes.kind karpenter, whose controller sleeps too and ends no node then; allowed: with managed",
  ]),
  ofKarpenter(["nodes", "network"], ({ network: { egress } }) => [
    egress === "none" &&
      "network.egress: none is not allowed with nodes.kind karpenter, whose image and price lists are outside the VPC; allowed: gateway or instance",
  ]),
  ofKarpenter(["nodes", "autoscaler"], ({ autoscaler }) => [
    autoscaler.enabled &&
      "autoscaler.enabled: true is not allowed with nodes.kind karpenter: both would add a node for one pod; allowed: false",
  ]),
  ofKarpenter(["nodes", "tags"], ({ tags }) =>
    Object.keys(tags)
      .filter((key) => reservedTags.test(key))
      .map((key) => `tags.${key}: is not allowed with nodes.kind karpenter, which sets it itself`),
  ),
  ofKarpenter(["nodes", "environment"], ({ nodes, environment }) => [
    environment === "production" &&
      nodes.karpenter !== undefined &&
      !nodes.karpenter.capacityTypes.includes("on-demand") &&
      "nodes.karpenter.capacityTypes: spot alone is not allowed in production: pods would wait while AWS has no Spot; allowed: with on-demand",
  ]),
  ofKarpenter(
    ["nodes", "network", "autoscaler", "services", "jobs", "resources", "pullRequests", "cluster"],
    (settings) => {
      const found = limitsOfPods(settings);
      if (!found) return [];
      const { limits, least, enough } = found;
      return [
        !enough &&
          `nodes.karpenter.cpuLimit: ${limits.cpuLimit} vCPUs and nodes.karpenter.memoryLimitGiB ${limits.memoryLimitGiB} are too little for all pods at their most; allowed: at least ${least.cpuLimit} and ${least.memoryLimitGiB}, or fewer or smaller pods`,
      ];
    },
  ),
];

/**
 * The limits of Karpenter's nodes, the least that hold all pods at their most, and whether they are enough.
 *
 * @returns undefined without Karpenter, and where no type has numbers
 */
export function limitsOfPods(settings: Limited) {
  const { karpenter: limits } = settings.nodes;
  if (!limits) return undefined;
  const { own, spare } = podsAtMost(settings);
  const found = limitsFor([...own, ...spare], {
    instanceTypes: limits.instanceTypes,
    zones: settings.network.zones.length,
    addons: addonsOf(settings),
  });
  const enough = found.some(
    (one) => one.cpuLimit <= limits.cpuLimit && one.memoryLimitGiB <= limits.memoryLimitGiB,
  );
  const [least] = found;
  return least && { limits, least, enough };
}

function ofKarpenter<Slice extends keyof Settings>(
  needs: ("nodes" | Slice)[],
  check: (settings: Pick<Settings, "nodes" | Slice>) => (string | false)[],
) {
  return rule(needs, (settings) => (settings.nodes.kind === "karpenter" ? check(settings) : []));
}
