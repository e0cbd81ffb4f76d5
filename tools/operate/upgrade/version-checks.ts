import type { Cluster, ClusterVersionInformation, Insight } from "@aws-sdk/client-eks";
import { imageTags } from "../../../infra/addons/autoscaler.ts";
import { kubernetesVersions } from "../../../infra/config/schema.ts";
import { prices } from "../../cloud/prices.ts";
import { addressOf, type Manifest } from "../../graph/manifests.ts";
import type { Resource } from "../../graph/resource.ts";
import { about, type Finding } from "./finding.ts";
import { minorOf } from "./minor.ts";
import { pinnedCharts } from "./pinned-charts.ts";
import { knownUpTo, removedBy } from "./removed-apis.ts";

const dayMs = 86_400_000;
const days = (until: Date, now: Date) => Math.ceil((until.getTime() - now.getTime()) / dayMs);
export const dateOf = (date: Date) => date.toISOString().slice(0, 10);

/** How long AWS supports the version that runs and the target, and what comes after that. */
export function supportFindings(
  current: string,
  to: string | undefined,
  cluster: Cluster | undefined,
  versions: ClusterVersionInformation[] | undefined,
  now: Date,
): Finding[] {
  const { look, fine } = about("support");
  const endOf = (version?: string) =>
    versions?.find((one) => one.clusterVersion === version)?.endOfStandardSupportDate;
  const [end, next] = [endOf(current), endOf(to)];
  const ofTarget = next ? [fine(`${to} has it until ${dateOf(next)}`)] : [];
  if (!end) return ofTarget;
  const { usd } = prices.controlPlaneExtended;
  const extended = `extended support costs $${usd.toFixed(2)} an hour instead of $${prices.controlPlane.usd.toFixed(2)}`;
  const policy = cluster?.upgradePolicy?.supportType;
  const after =
    policy === "STANDARD"
      ? `then EKS upgrades the control plane by itself; ${extended}, and upgradePolicy STANDARD refuses it`
      : `then ${extended}`;
  const left = days(end, now);
  if (left <= 0) {
    return [look(`${current} has left standard support on ${dateOf(end)}: ${after}`), ...ofTarget];
  }
  const words = `${current} has standard support for ${left} days more, until ${dateOf(end)}; ${after}`;
  return [left <= 60 ? look(words) : fine(words), ...ofTarget];
}

/** Whether this program can run the version, and what of it must be updated if not. */
export function programFindings(to: string): Finding[] {
  const { blocks, fine } = about("program");
  const supported: readonly string[] = kubernetesVersions;
  if (supported.includes(to)) return [fine(`it supports ${to}`)];
  return [
    blocks(
      `it supports ${supported.join(", ")}, not ${to}`,
      `Update the program first: kubernetesVersions in infra/config/schema.ts, imageTags in infra/addons/autoscaler.ts (an image v${to}.x of the cluster autoscaler), endOfStandardSupport in policy/kubernetes-versions.ts, getClusterVersions in tools/rehearsal/providers/aws.ts; then npm run rehearse`,
    ),
  ];
}

/** What EKS itself found. An ERROR keeps EKS from upgrading unless it is forced. */
export function insightFindings(insights: Insight[], to: string): Finding[] {
  const { blocks, look, fine } = about("insight");
  const open = insights.filter(({ insightStatus }) => insightStatus?.status !== "PASSING");
  const passing = insights.length - open.length;
  return [
    ...open.map((one) => {
      const { insightStatus, kubernetesVersion: version, recommendation } = one;
      const forLater = version !== undefined && minorOf(version) > minorOf(to);
      const make = insightStatus?.status === "ERROR" && !forLater ? blocks : look;
      return make(wordsOf(one), recommendation);
    }),
    ...(passing > 0 ? [fine(`${passing} of EKS's ${insights.length} insights pass`)] : []),
  ];
}

function wordsOf({ name, kubernetesVersion, insightStatus, ...insight }: Insight): string {
  const { deprecationDetails = [], addonCompatibilityDetails = [] } =
    insight.categorySpecificSummary ?? {};
  const bad = (insight.resources ?? []).filter(
    ({ insightStatus: of }) => of?.status && of.status !== "PASSING",
  );
  const details = [
    ...deprecationDetails.map(
      ({ usage, replacedWith, stopServingVersion, clientStats = [] }) =>
        `${usage} is gone in ${stopServingVersion}${replacedWith ? `, use ${replacedWith}` : ""}${clientStats.length > 0 ? ` (called by ${clientStats.map(({ userAgent }) => userAgent).join(", ")})` : ""}`,
    ),
    ...addonCompatibilityDetails.map(
      ({ name: addon, compatibleVersions = [] }) =>
        `${addon} fits as ${compatibleVersions.slice(0, 3).join(", ")}`,
    ),
    ...bad.map(
      ({ kubernetesResourceUri, arn, insightStatus: of }) =>
        `${kubernetesResourceUri ?? arn}${of?.reason ? `: ${of.reason}` : ""}`,
    ),
  ];
  const of = kubernetesVersion ? ` (${kubernetesVersion})` : "";
  return [
    `${insightStatus?.status} ${name}${of}: ${insightStatus?.reason ?? "no reason given"}`,
    ...details,
  ].join("; ");
}

/** API versions of the program's own objects and of the charts' that the version does not serve. */
export function apiFindings(manifests: Manifest[], charts: string[], to: string): Finding[] {
  const { blocks, look, fine } = about("API versions");
  const removed = manifests.flatMap((one) => {
    const gone = removedBy(to, one);
    return gone
      ? [
          blocks(
            `${one.kind} ${addressOf(one)} is ${gone.apiVersion}, which ${gone.removedIn} no longer serves`,
            gone.replacement && `Write ${gone.replacement}`,
          ),
        ]
      : [];
  });
  const ofCharts = charts.flatMap((chart) =>
    Object.entries(pinnedCharts[chart]?.apis ?? {}).flatMap(([apiVersion, kinds]) =>
      kinds.flatMap((kind) => {
        const gone = removedBy(to, { apiVersion, kind });
        return gone
          ? [blocks(`chart ${chart} has a ${kind} of ${apiVersion}, gone in ${gone.removedIn}`)]
          : [];
      }),
    ),
  );
  const found = [...removed, ...ofCharts];
  const beyond = minorOf(to) > minorOf(knownUpTo);
  return [
    ...found,
    ...(beyond
      ? [
          look(
            `the table of removed API versions was read at ${knownUpTo}`,
            "Compare kubernetes.io/docs/reference/using-api/deprecation-guide",
          ),
        ]
      : []),
    ...(found.length === 0
      ? [fine(`${to} serves those of ${manifests.length} objects and ${charts.length} charts`)]
      : []),
  ];
}

/** Whether the charts that the program pins support the version. */
export function chartFindings(releases: Resource[], to: string): Finding[] {
  const { blocks, look, fine } = about("charts");
  return releases.flatMap(({ inputs: { chart, version } }): Finding[] => {
    const known = pinnedCharts[chart];
    if (!known || known.version !== version) {
      return [
        look(
          `${chart} ${version}: which Kubernetes it supports was not read`,
          "Read its documentation, then add it to tools/operate/upgrade/pinned-charts.ts",
        ),
      ];
    }
    if (minorOf(to) < minorOf(known.from)) {
      return [blocks(`${chart} ${version} needs Kubernetes ${known.from} or later`)];
    }
    if (chart === "cluster-autoscaler") return [autoscalerFinding(version, to)];
    return known.testedTo && minorOf(to) > minorOf(known.testedTo)
      ? [
          look(
            `${chart} ${version} is tested up to Kubernetes ${known.testedTo} by its makers, not with ${to}`,
            `Look for a newer version of ${chart} (infra/addons/)`,
          ),
        ]
      : [
          fine(
            `${chart} ${version} supports ${known.from} and later${known.testedTo ? `, tested up to ${known.testedTo}` : ""}`,
          ),
        ];
  });
}

/** It simulates the scheduler of its own minor version. */
function autoscalerFinding(chartVersion: string, to: string): Finding {
  const { blocks, fine } = about("charts");
  const tag = (imageTags as Record<string, string>)[to];
  return tag && minorOf(tag) === minorOf(to)
    ? fine(`cluster-autoscaler ${chartVersion} runs its image ${tag}`)
    : blocks(
        `cluster-autoscaler: imageTags of infra/addons/autoscaler.ts has ${tag ?? "none"} for ${to}; its minor must be the cluster's`,
        `Set an image v${to}.x there`,
      );
}
