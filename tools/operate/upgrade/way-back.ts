import type { ClusterVersionInformation, Nodegroup } from "@aws-sdk/client-eks";
import type { OperatedStack } from "../operated-stack.ts";
import type { AwsState } from "./cluster-state.ts";
import { about, type Finding } from "./finding.ts";
import { minorOf, versionOf } from "./minor.ts";
import { dateOf } from "./version-checks.ts";

/**
 * Amazon EKS User Guide, "Rollback cluster to previous Kubernetes version" (since 2026-07): one minor
 * version, within seven days after the update, never a cluster that was made at its version.
 */
const windowDays = 7;
const dayMs = 86_400_000;

/** What can be taken back of the upgrade, until when, and by which commands in order. */
export interface WayBack {
  lines: string[];
  commands: string[];
  findings: Finding[];
}

export function wayBack(
  { clusterName, region, stack }: OperatedStack,
  { nodeGroups, lastUpgrade }: Pick<AwsState, "nodeGroups" | "lastUpgrade">,
  versions: ClusterVersionInformation[] | undefined,
  { from, to, now }: { from: string; to: string; now: Date },
): WayBack {
  const { look } = about("way back");
  const at = `--cluster-name ${clusterName} --region ${region}`;
  const group = ({ nodegroupName }: Nodegroup) =>
    `aws eks update-nodegroup-version ${at} --nodegroup-name ${nodegroupName} --kubernetes-version ${from}`;
  const end = versions?.find(
    ({ clusterVersion }) => clusterVersion === from,
  )?.endOfStandardSupportDate;
  const windowEnds = new Date(now.getTime() + windowDays * dayMs);
  return {
    lines: [
      `Control plane: back to ${from} within ${windowDays} days after the update, if begun today until about ${dateOf(windowEnds)}. Not after the next upgrade.`,
      "Nodes first: their kubelet must not be newer than the control plane. Then add-ons that do not fit. EKS moves neither by itself.",
      "Not taken back: what is stored in the cluster, and objects of APIs that only the newer version has.",
      `Not by pulumi up, which moves the control plane first. After the commands set the settings back, then pulumi refresh.`,
    ],
    commands: [
      ...(nodeGroups ?? []).map(group),
      `aws eks list-insights ${at} --filter '{"categories":["ROLLBACK_READINESS"]}'`,
      `aws eks update-cluster-version --name ${clusterName} --region ${region} --kubernetes-version ${from}`,
      `pulumi refresh --stack ${stack}`,
    ],
    findings: [
      ...(end && end <= windowEnds
        ? [
            look(
              `${from} leaves standard support on ${dateOf(end)}: after that, going back needs the upgrade policy EXTENDED and its price`,
            ),
          ]
        : []),
      ...openWindow(from, to, lastUpgrade, now).map((words) => look(words)),
    ],
  };
}

/** The way back of an earlier upgrade, which the next one closes. */
function openWindow(from: string, to: string, last: Date | null | undefined, now: Date): string[] {
  if (!last) return [];
  const ends = new Date(last.getTime() + windowDays * dayMs);
  const before = versionOf(minorOf(from) - 1);
  return ends > now
    ? [
        `the cluster came to ${from} on ${dateOf(last)} and can go back to ${before} until ${dateOf(ends)}; the upgrade to ${to} ends that`,
      ]
    : [];
}
