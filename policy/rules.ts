import { accessRules } from "./access.ts";
import { bucketRules } from "./buckets.ts";
import { clusterRules } from "./cluster.ts";
import { databaseRules } from "./databases.ts";
import { exposureRules } from "./exposure.ts";
import { nodeRules } from "./nodes.ts";
import type { Rule } from "./rule.ts";
import { storeRules } from "./stores.ts";
import { tagAndProtectionRules } from "./tags-and-protection.ts";
import { tlsRules } from "./tls.ts";
import { workloadRules } from "./workloads.ts";

/** Every rule of the platform: `npm run plan` and `pulumi preview --policy-pack policy` check them. */
export const rules: Rule[] = [
  ...clusterRules,
  ...nodeRules,
  ...workloadRules,
  ...exposureRules,
  ...tlsRules,
  ...storeRules,
  ...databaseRules,
  ...bucketRules,
  ...accessRules,
  ...tagAndProtectionRules,
];
