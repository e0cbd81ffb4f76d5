import type { Check } from "../finding.ts";

export const halfDestroyed: Check = {
  name: "half-destroyed",
  finds: "a cluster that does not exist, also where Pulumi's state still has what was on it",
  find: ({ aws: { cluster, caller }, state, clusterName, stack }) => {
    if (cluster !== null) return [];
    const object = `stack ${stack}`;
    const left = (state?.resources ?? []).filter(({ type }) => type.startsWith("kubernetes:"));
    if (left.length === 0) {
      return [
        {
          object,
          cause: `the cluster ${clusterName} does not exist in this account and region`,
          evidence: `EKS answers ResourceNotFoundException to ${caller ?? "the caller"}`,
          remedy:
            "Use the stack's account (AWS_PROFILE); where nothing is deployed yet, run pulumi up.",
        },
      ];
    }
    return [
      {
        object,
        cause: `the cluster ${clusterName} is gone, and the state still has ${left.length} objects of it`,
        evidence: `EKS answers ResourceNotFoundException; the state has ${left[0]?.urn}`,
        remedy:
          "In this order: 1. npm run leftovers, for load balancers that nobody deletes any more; 2. PULUMI_K8S_DELETE_UNREACHABLE=true pulumi refresh, which forgets the objects; 3. pulumi destroy, or pulumi up for a new cluster.",
      },
    ];
  },
};
