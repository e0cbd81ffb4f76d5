import type { Effect, Rule } from "./rule.ts";
import { addonRules } from "./rules/addon-rules.ts";
import { autoEffects, autoRules } from "./rules/auto-rules.ts";
import { backupEffects, backupRules } from "./rules/backup-rules.ts";
import { clusterEffects, clusterRules } from "./rules/cluster-rules.ts";
import { containerRules } from "./rules/container-rules.ts";
import { databaseEffects, databaseRules } from "./rules/database-rules.ts";
import { edgeEffects, edgeRules } from "./rules/edge-rules.ts";
import { evictionEffects } from "./rules/eviction-rules.ts";
import { filesEffects, filesRules } from "./rules/files-rules.ts";
import { identityRules } from "./rules/identity-rules.ts";
import { karpenterEffects, karpenterRules } from "./rules/karpenter-rules.ts";
import { logsEffects } from "./rules/log-rules.ts";
import { messageEffects, messageRules } from "./rules/message-rules.ts";
import { natInstanceEffects, natInstanceRules } from "./rules/nat-instance-rules.ts";
import { networkRules } from "./rules/network-rules.ts";
import { nodeEffects, nodeRules } from "./rules/node-rules.ts";
import { observabilityRules } from "./rules/observability-rules.ts";
import { podIdentityEffects, podIdentityRules } from "./rules/pod-identity-rules.ts";
import { registryEffects, registryRules } from "./rules/registry-rules.ts";
import { scalingEffects, scalingRules } from "./rules/scaling-rules.ts";
import { scheduleRules } from "./rules/schedule-rules.ts";
import { storeEffects, storeRules } from "./rules/store-rules.ts";
import { tableEffects, tableRules } from "./rules/table-rules.ts";
import { workloadEffects, workloadRules } from "./rules/workload-rules.ts";

/** All refusals of the simulated cloud. */
export const rules: Rule[] = [
  ...networkRules,
  ...natInstanceRules,
  ...identityRules,
  ...autoRules,
  ...clusterRules,
  ...addonRules,
  ...podIdentityRules,
  ...nodeRules,
  ...karpenterRules,
  ...registryRules,
  ...containerRules,
  ...workloadRules,
  ...scalingRules,
  ...tableRules,
  ...edgeRules,
  ...databaseRules,
  ...observabilityRules,
  ...storeRules,
  ...messageRules,
  ...filesRules,
  ...backupRules,
  ...scheduleRules,
];

/** All effects of calls to the simulated cloud. */
export const effects: Effect[] = [
  ...natInstanceEffects,
  ...autoEffects,
  ...clusterEffects,
  ...evictionEffects,
  ...nodeEffects,
  ...karpenterEffects,
  ...registryEffects,
  ...logsEffects,
  ...workloadEffects,
  ...scalingEffects,
  ...edgeEffects,
  ...tableEffects,
  ...storeEffects,
  ...messageEffects,
  ...databaseEffects,
  ...filesEffects,
  ...backupEffects,
  ...podIdentityEffects,
];

export function concerns({ types }: { types: string[] }, type: string): boolean {
  return types.some((entry) =>
    entry.endsWith("*") ? type.startsWith(entry.slice(0, -1)) : entry === type,
  );
}
