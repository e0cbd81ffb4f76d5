import { autoRules } from "./auto-rules.ts";
import { databaseRules } from "./database-rules.ts";
import { debugRules } from "./debug-rules.ts";
import { domainRules } from "./domain-rules.ts";
import { groupRules } from "./group-rules.ts";
import { imageRules } from "./image-rules.ts";
import { karpenterRules } from "./karpenter-rules.ts";
import { nearest, regions } from "./known-names.ts";
import { networkRules } from "./network-rules.ts";
import { podAddressRules } from "./pod-address-rules.ts";
import { previewRules } from "./preview-rules.ts";
import { resourceRules } from "./resource-rules.ts";
import { routeRules } from "./route-rules.ts";
import { scaleRules } from "./scale-rules.ts";
import { mostBudgetEmails, type Settings } from "./schema.ts";
import { secretRules } from "./secret-rules.ts";
import { rule } from "./setting-rule.ts";
import { sleepRules } from "./sleep-rules.ts";
import { isBelow } from "./version.ts";
import { workloadRules } from "./workload-rules.ts";

/** Of the 50 that AWS takes, without the program's four, a name and what controllers add. */
const mostTags = 40;
/** Of a security group (Amazon VPC User Guide, quotas), and the ports that networks are let to. */
const mostGroupRules = 60;
const listeners = 2;
/** Amazon EKS service quota "Public endpoint access CIDR ranges per cluster", L-93A74D60. */
const mostPublicNetworks = 40;

export const rules = [
  rule(["region"], ({ region }) => [
    !regions.has(region) && `region: ${region} is not known; allowed: ${nearest(region, regions)}`,
  ]),
  rule(["ingress"], ({ ingress: { inboundCidrs } }) => {
    const most = mostGroupRules / listeners;
    return [
      inboundCidrs.length > most &&
        `ingress.inboundCidrs: ${inboundCidrs.length} networks on ${listeners} ports are more than the ${mostGroupRules} rules of a security group; allowed: at most ${most}`,
    ];
  }),
  rule(["tags"], ({ tags }) => [
    Object.keys(tags).length > mostTags &&
      `tags: ${Object.keys(tags).length} are more than a resource has besides the program's and the controller's; allowed: at most ${mostTags}`,
  ]),
  ...networkRules,
  ...podAddressRules,
  rule(["cluster"], ({ cluster: { publicAccess, publicAccessCidrs } }) => [
    publicAccess &&
      publicAccessCidrs.length === 0 &&
      "cluster.publicAccessCidrs: is empty; a public endpoint needs the networks that may reach it",
    !publicAccess &&
      publicAccessCidrs.length > 0 &&
      "cluster.publicAccess: false goes with an empty cluster.publicAccessCidrs",
    publicAccessCidrs.length > mostPublicNetworks &&
      `cluster.publicAccessCidrs: ${publicAccessCidrs.length} networks are more than EKS takes; allowed: at most ${mostPublicNetworks}`,
    publicAccessCidrs.some((cidr) => cidr.endsWith("/0")) &&
      "cluster.publicAccessCidrs: 0.0.0.0/0 is not allowed: name the networks that may reach the endpoint",
  ]),
  rule(["cluster"], ({ cluster: { admins, deployers, viewers, auditors } }) => {
    const principals = [...admins, ...deployers, ...viewers, ...auditors];
    const repeated = principals.filter((principal, at) => principals.indexOf(principal) !== at);
    return [
      admins.length === 0 && "cluster.admins: is empty; nobody could reach the cluster",
      ...[...new Set(repeated)].map(
        (principal) =>
          `cluster: ${principal} is named twice in admins, deployers, viewers and auditors`,
      ),
    ];
  }),
  rule(["nodes", "cluster"], ({ nodes: { release, operatingSystem }, cluster }) => [
    release !== undefined &&
      operatingSystem === "al2023" &&
      !release.startsWith(`${cluster.kubernetesVersion}.`) &&
      `nodes.release: ${release} is not for cluster.kubernetesVersion ${cluster.kubernetesVersion}`,
  ]),
  ...groupRules,
  ...workloadRules,
  ...routeRules,
  ...domainRules,
  ...secretRules,
  ...imageRules,
  ...scaleRules,
  ...karpenterRules,
  ...autoRules,
  ...resourceRules,
  ...previewRules,
  ...databaseRules,
  ...debugRules,
  ...sleepRules,
  rule(["insights", "cluster"], ({ insights, cluster }) => {
    const addon = "amazon-cloudwatch-observability";
    const pin = cluster.addonVersions[addon];
    return [
      insights.traces &&
        insights.applicationSignals &&
        "insights.traces: true goes without insights.applicationSignals, which traces each request itself",
      pin !== undefined &&
        isBelow(pin, 4, 0) &&
        `cluster.addonVersions.${addon}: ${pin} cannot be told to leave pods alone; allowed: at least v4.0.0`,
      insights.variant === "opentelemetry" &&
        (pin === undefined || isBelow(pin, 6, 2)) &&
        `insights.variant: opentelemetry needs at least v6.2.0 in cluster.addonVersions.${addon}, not ${pin ?? "AWS's default, which may be older"}`,
    ];
  }),
  rule(["alarms", "insights"], ({ alarms, insights }) => [
    alarms.enabled &&
      insights.variant !== "enhanced" &&
      `alarms.enabled: true needs insights.variant enhanced; ${insights.variant} has no metrics of nodes and pods for alarms`,
    alarms.enabled &&
      alarms.emails.length + alarms.httpsEndpoints.length === 0 &&
      "alarms.enabled: true needs somebody in alarms.emails or alarms.httpsEndpoints to hear of them",
  ]),
  rule(["alarms", "cluster", "jobs"], ({ alarms, cluster, jobs }) => [
    alarms.enabled &&
      Object.keys(jobs).length > 0 &&
      !cluster.logTypes.includes("audit") &&
      "cluster.logTypes: audit is not in it, in which alarms.enabled: true counts the runs of jobs; allowed: with audit",
  ]),
  rule(["budget", "alarms"], ({ budget: { monthly, emails }, alarms }) => [
    monthly !== undefined &&
      emails.length + alarms.emails.length === 0 &&
      "budget.monthly: needs somebody in budget.emails or alarms.emails to hear of it",
    monthly !== undefined &&
      emails.length === 0 &&
      alarms.emails.length > mostBudgetEmails &&
      `alarms.emails: ${alarms.emails.length} addresses are more than AWS Budgets takes of budget.monthly; allowed: at most ${mostBudgetEmails}, or others in budget.emails`,
    monthly === undefined &&
      emails.length > 0 &&
      "budget.emails: goes with budget.monthly, of which they hear",
  ]),
  production("cluster", ({ deletionProtection }) => [
    !deletionProtection && "cluster.deletionProtection: false is not allowed in production",
  ]),
  production("ingress", ({ deletionProtection }) => [
    !deletionProtection && "ingress.deletionProtection: false is not allowed in production",
  ]),
  production("registry", ({ forceDelete }) => [
    forceDelete && "registry.forceDelete: true is not allowed in production",
  ]),
  production("services", (services) =>
    Object.entries(services).map(
      ([name, { faultInjection }]) =>
        faultInjection && `services.${name}.faultInjection: true is not allowed in production`,
    ),
  ),
  production("pullRequests", ({ environments }) => [
    environments > 0 &&
      `pullRequests.environments: ${environments} is not allowed in production: it runs code that nobody has merged`,
  ]),
  production("logs", ({ retentionDays }) => [
    retentionDays < 30 &&
      `logs.retentionDays: ${retentionDays} is not allowed in production: at least 30`,
  ]),
];

function production<Slice extends keyof Settings>(
  slice: Slice,
  check: (settings: Settings[Slice]) => (string | false)[],
) {
  return rule(["environment", slice], (settings) =>
    settings.environment === "production" ? check(settings[slice]) : [],
  );
}
