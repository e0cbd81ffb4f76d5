import { conditionOf, nameOf } from "../../cluster-objects.ts";
import type { Check } from "../finding.ts";

export const rolloutStuck: Check = {
  name: "rollout-stuck",
  finds: "a rollout that does not go on, where no cause is known in its namespace",
  consequence: true,
  find: ({ kubernetes: { deployments = [] } }) =>
    deployments.flatMap((deployment) => {
      const condition = conditionOf(deployment, "Progressing");
      if (condition?.reason !== "ProgressDeadlineExceeded") return [];
      const { updatedReplicas = 0, readyReplicas = 0, replicas = 0 } = deployment.status ?? {};
      return [
        {
          object: `Deployment ${nameOf(deployment)}`,
          cause: "the rollout does not go on: its new pods do not become ready in time",
          evidence: `condition Progressing, ProgressDeadlineExceeded: ${condition.message}; ${updatedReplicas} updated and ${readyReplicas} ready of ${replicas} pods`,
          remedy: "Go back by npm run rollback, and read the new pods' log: npm run logs.",
          namespace: deployment.metadata?.namespace,
        },
      ];
    }),
};
