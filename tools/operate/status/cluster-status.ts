import {
  type Cluster,
  DescribeAddonCommand,
  DescribeAddonVersionsCommand,
  DescribeClusterCommand,
  DescribeClusterVersionsCommand,
  DescribeNodegroupCommand,
} from "@aws-sdk/client-eks";
import type { V1Node } from "@kubernetes/client-node";
import { isAsleep } from "../../../infra/config/sleep-times.ts";
import { versionsOf } from "../addon-versions.ts";
import type { KubernetesApis } from "../kubernetes-apis.ts";
import type { AwsClients } from "./aws-clients.ts";

export interface ControlPlane {
  version: string;
  /** EKS's own word, such as ACTIVE or UPDATING. */
  status: string;
  /** When it was made. */
  since?: Date;
  issues: string[];
}

export interface Support {
  endOfStandard?: Date;
  endOfExtended?: Date;
  /** Whole days; less than 0 in extended support, which costs more. */
  standardDaysLeft?: number;
}

export interface NodeStatus {
  name: string;
  type: string;
  zone: string;
  since?: Date;
  ready: boolean;
  /** Why it is not ready, what it lacks, or that it takes no new pods. */
  says?: string;
}

export interface AddonStatus {
  name: string;
  version: string;
  status: string;
  issues: string[];
  /** EKS's default for the cluster's version, if it is newer. */
  newer?: string;
}

export interface NodeGroupStatus {
  name: string;
  status: string;
  issues: string[];
  /** Whether its limits are those of a stack that sleeps. */
  asleep: boolean;
}

export async function controlPlane(
  { eks }: Pick<AwsClients, "eks">,
  name: string,
): Promise<ControlPlane> {
  const { cluster } = await eks.send(new DescribeClusterCommand({ name }));
  return {
    version: cluster?.version ?? "",
    status: cluster?.status ?? "",
    since: cluster?.createdAt,
    issues: issuesOf(cluster),
  };
}

interface Issue {
  code?: string;
  message?: string;
  resourceIds?: string[];
}

const issuesOf = (of: Pick<Cluster, "health"> | { health?: { issues?: Issue[] } } | undefined) =>
  (of?.health?.issues ?? []).map(({ code, message, resourceIds = [] }: Issue) =>
    [code, message, resourceIds.join(", ")].filter(Boolean).join(": "),
  );

export async function supportOf(
  { eks }: Pick<AwsClients, "eks">,
  version: string,
  now: Date,
): Promise<Support> {
  const { clusterVersions = [] } = await eks.send(
    new DescribeClusterVersionsCommand({ clusterVersions: [version] }),
  );
  const { endOfStandardSupportDate: endOfStandard, endOfExtendedSupportDate: endOfExtended } =
    clusterVersions[0] ?? {};
  return {
    endOfStandard,
    endOfExtended,
    ...(endOfStandard && {
      standardDaysLeft: Math.floor((endOfStandard.getTime() - now.getTime()) / 86_400_000),
    }),
  };
}

export async function nodeGroup(
  { eks }: Pick<AwsClients, "eks">,
  clusterName: string,
  name: string,
): Promise<NodeGroupStatus> {
  const { nodegroup } = await eks.send(
    new DescribeNodegroupCommand({ clusterName, nodegroupName: name }),
  );
  return {
    name,
    status: nodegroup?.status ?? "",
    issues: issuesOf(nodegroup),
    asleep: isAsleep(nodegroup?.scalingConfig ?? {}),
  };
}

export async function addonStatus(
  { eks }: Pick<AwsClients, "eks">,
  clusterName: string,
  name: string,
): Promise<AddonStatus> {
  const { addon } = await eks.send(new DescribeAddonCommand({ clusterName, addonName: name }));
  return {
    name,
    version: addon?.addonVersion ?? "",
    status: addon?.status ?? "",
    issues: issuesOf(addon),
  };
}

/** EKS's default version of an add-on for a Kubernetes version. */
export async function defaultVersion(
  { eks }: Pick<AwsClients, "eks">,
  addonName: string,
  kubernetesVersion: string,
): Promise<string | undefined> {
  const { addons: found = [] } = await eks.send(
    new DescribeAddonVersionsCommand({ addonName, kubernetesVersion }),
  );
  return versionsOf(addonName, found, kubernetesVersion).standard;
}

export async function nodes({ core }: Pick<KubernetesApis, "core">): Promise<NodeStatus[]> {
  const { items } = await core.listNode();
  return items.map(nodeOf);
}

function nodeOf({ metadata, spec, status }: V1Node): NodeStatus {
  const conditions = status?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === "Ready");
  const troubles = conditions.filter(({ type, status: is }) =>
    type === "Ready" ? is !== "True" : is === "True",
  );
  const says = [
    ...troubles.map(({ type, reason, message }) => {
      const words = [reason, message].filter(Boolean).join(": ");
      return type === "Ready" ? words : `${type} (${words})`;
    }),
    ...(spec?.unschedulable ? ["takes no new pods (cordoned)"] : []),
  ].join("; ");
  return {
    name: metadata?.name ?? "",
    type: metadata?.labels?.["node.kubernetes.io/instance-type"] ?? "",
    zone: metadata?.labels?.["topology.kubernetes.io/zone"] ?? "",
    since: metadata?.creationTimestamp,
    ready: ready?.status === "True",
    ...(says && { says }),
  };
}
