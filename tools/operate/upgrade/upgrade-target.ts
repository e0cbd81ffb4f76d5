import type { ClusterVersionInformation } from "@aws-sdk/client-eks";
import { PlanError } from "../../graph/plan-error.ts";
import { minorOf, versionOf } from "./minor.ts";

/**
 * The version that a cluster is to be moved to: EKS takes one minor version at a time. Undefined if none
 * is asked for and EKS offers none after the cluster's.
 *
 * @param asked the version that somebody names
 * @param offered what EKS offers; undefined where it did not answer
 * @throws {PlanError} if the cluster cannot be moved to the version that is asked for; says to which it can
 */
export function targetOf(
  current: string,
  asked: string | undefined,
  offered: ClusterVersionInformation[] | undefined,
): string | undefined {
  const next = versionOf(minorOf(current) + 1);
  const known = offered?.flatMap(({ clusterVersion }) => clusterVersion ?? []);
  const hasNext = known?.includes(next) ?? true;
  if (asked === undefined) return hasNext ? next : undefined;
  const allowed = hasNext
    ? `allowed: ${next}`
    : `EKS offers nothing after ${current} yet, only ${known?.join(", ")}`;
  const refuse = (why: string): never => {
    throw new PlanError(`--to ${asked}: ${why}; ${allowed}`);
  };
  if (!/^1\.\d+$/.test(asked)) refuse("no Kubernetes version such as 1.36");
  const ahead = minorOf(asked) - minorOf(current);
  if (ahead === 0) refuse("the cluster runs it already");
  if (ahead < 0) refuse(`the cluster runs ${current}, and this command does not plan the way back`);
  if (ahead > 1) {
    refuse(`${ahead} minor versions ahead of ${current}; EKS moves a cluster by one at a time`);
  }
  if (!hasNext) refuse("unknown to EKS");
  return asked;
}
