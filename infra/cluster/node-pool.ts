import type { AutoNodesConfig, NodesConfig } from "../config/schema.ts";
import { nodeDeadlines } from "../services/drain.ts";

/** Instances that end are waited for: a node drains for 15 minutes at most. */
export const deletionTimeout = { delete: "30m" };

/** Of a NodePool or a node class: created when it is ready, and gone when its nodes are. */
export const metadataOf = (name: string) => ({
  name,
  annotations: {
    "pulumi.com/waitFor": "condition=Ready",
    "pulumi.com/deletionPropagationPolicy": "foreground",
  },
});

/** The spec of a NodePool of karpenter.sh/v1, which Karpenter and EKS Auto Mode have in common. */
export function nodePoolSpec(
  args: AutoNodesConfig & Pick<NodesConfig, "architecture">,
  nodeClassRef: Record<"group" | "kind" | "name", string>,
) {
  const among = (key: string, values: string[]) => ({ key, operator: "In", values });
  return {
    template: {
      spec: {
        nodeClassRef,
        requirements: [
          among("kubernetes.io/os", ["linux"]),
          among("kubernetes.io/arch", [args.architecture]),
          among("karpenter.sh/capacity-type", args.capacityTypes),
          among("node.kubernetes.io/instance-type", args.instanceTypes),
        ],
        expireAfter: `${args.expireAfterHours}h`,
        // A pod that a disruption budget holds is ended then: no drain lasts for ever.
        terminationGracePeriod: `${nodeDeadlines.nodeUpdate}s`,
      },
    },
    disruption: {
      consolidationPolicy: "WhenEmptyOrUnderutilized",
      consolidateAfter: "1m",
      // At least one: Karpenter rounds up.
      budgets: [{ nodes: "10%" }],
    },
    limits: { cpu: String(args.cpuLimit), memory: `${args.memoryLimitGiB}Gi` },
  };
}
