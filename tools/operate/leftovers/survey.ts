import { DescribeClusterCommand } from "@aws-sdk/client-eks";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { NoAnswer } from "../cluster-access.ts";
import type { OperatedStack } from "../operated-stack.ts";
import { deniedAction } from "../readings.ts";
import { loadBalancers, targetGroups } from "./balancer-kinds.ts";
import {
  autoScalingGroups,
  instances,
  launchTemplates,
  snapshots,
  volumes,
} from "./compute-kinds.ts";
import type { Cloud, Found, Kind } from "./kind.ts";
import {
  addresses,
  endpoints,
  internetGateways,
  natGateways,
  networkInterfaces,
  routeTables,
  securityGroups,
  subnets,
  vpcs,
} from "./network-kinds.ts";
import { belonging, type Owner } from "./ownership.ts";
import {
  identityProviders,
  keys,
  logGroups,
  others,
  repositories,
  secrets,
} from "./stored-kinds.ts";

/** In the order in which they can be deleted. */
export const kinds: Kind[] = [
  autoScalingGroups,
  instances,
  loadBalancers,
  targetGroups,
  endpoints,
  natGateways,
  addresses,
  networkInterfaces,
  securityGroups,
  launchTemplates,
  volumes,
  snapshots,
  internetGateways,
  subnets,
  routeTables,
  vpcs,
  identityProviders,
  logGroups,
  repositories,
  keys,
  secrets,
  others,
];

/** What a list needs of AWS. Nothing in it changes anything. */
export const actions: string[] = [
  ...new Set([
    "eks:DescribeCluster",
    "sts:GetCallerIdentity",
    ...kinds.flatMap((one) => one.actions),
  ]),
];

/** What `--delete` needs besides. */
export const deletionActions: string[] = kinds.flatMap(({ deletion }) => deletion?.actions ?? []);

/** Something that was found, and why it is there. */
export interface Remnant extends Found {
  kind: Kind;
  why: string;
}

export interface Survey {
  /** To be deleted, in that order. */
  left: Remnant[];
  /** Kept by a setting, waiting for AWS, or data. */
  kept: Remnant[];
  /** Somebody else may need it. */
  others: Remnant[];
  /** What AWS did not show, and what it said. */
  unread: { kind: Kind; action: string; said: string }[];
}

/**
 * The state of the cluster, or undefined if AWS has none of the name.
 *
 * @throws {NoAnswer} if AWS does not say so, or the credentials are of another account
 */
export async function clusterStatus(
  { eks, sts }: Cloud,
  { clusterName, accountId }: Pick<OperatedStack, "clusterName" | "accountId">,
): Promise<string | undefined> {
  const refused = (error: Error): never => {
    throw new NoAnswer(`AWS does not say whether ${clusterName} exists: ${error.message}`);
  };
  const { Account } = await sts.send(new GetCallerIdentityCommand({})).catch(refused);
  if (Account !== accountId) {
    throw new NoAnswer(`The credentials are of account ${Account}, the stack's is ${accountId}`);
  }
  const { cluster } = await eks
    .send(new DescribeClusterCommand({ name: clusterName }))
    .catch((error: Error) =>
      error.name === "ResourceNotFoundException" ? { cluster: undefined } : refused(error),
    );
  return cluster && (cluster.status ?? "UNKNOWN");
}

/** All that is left of a cluster that is gone. What AWS does not show is named, and the rest is there. */
export async function survey(
  cloud: Cloud,
  owner: Owner,
  config: OperatedStack["config"],
): Promise<Survey> {
  const result: Survey = { left: [], kept: [], others: [], unread: [] };
  const answers = await Promise.all(
    kinds.map((kind) =>
      kind.find(cloud, owner).then(
        (found) => ({ kind, found }),
        (error: Error) => ({ kind, error }),
      ),
    ),
  );
  for (const answer of answers) {
    const { kind } = answer;
    if ("error" in answer) {
      const said = answer.error.message;
      const action = deniedAction(said) ?? kind.actions.join(", ");
      result.unread.push({ kind, action, said });
      continue;
    }
    for (const one of answer.found) {
      const whose = one.belonging ?? belonging(one.tags, owner);
      if (!whose) continue;
      const kept = one.kept ?? kind.kept?.(config);
      const remnant = { ...one, kind, why: whose.why };
      if (whose.to === "others") result.others.push(remnant);
      else if (kept) result.kept.push({ ...remnant, why: kept });
      else result.left.push(remnant);
    }
  }
  return result;
}
