import type { Effect, Rule } from "./rule.ts";
import { addonRules } from "./rules/addons.ts";
import { clusterEffects, clusterRules } from "./rules/cluster.ts";
import { edgeEffects, edgeRules } from "./rules/edge.ts";
import { identityRules } from "./rules/identity.ts";
import { logsEffects } from "./rules/logs.ts";
import { networkRules } from "./rules/network.ts";
import { nodeEffects, nodeRules } from "./rules/nodes.ts";
import { registryEffects, registryRules } from "./rules/registry.ts";
import { workloadEffects, workloadRules } from "./rules/workloads.ts";

/** All that the simulated cloud refuses. */
export const rules: Rule[] = [
  ...networkRules,
  ...identityRules,
  ...clusterRules,
  ...addonRules,
  ...nodeRules,
  ...registryRules,
  ...workloadRules,
  ...edgeRules,
];

/** All that it does by itself. */
export const effects: Effect[] = [
  ...clusterEffects,
  ...nodeEffects,
  ...registryEffects,
  ...logsEffects,
  ...workloadEffects,
  ...edgeEffects,
];

export function concerns({ types }: { types: string[] }, type: string): boolean {
  return types.some((entry) =>
    entry.endsWith("*") ? type.startsWith(entry.slice(0, -1)) : entry === type,
  );
}
