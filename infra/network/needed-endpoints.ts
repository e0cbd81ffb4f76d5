import { linkRules } from "../config/resource-schema.ts";
import type { Settings } from "../config/schema.ts";
import { containerPlaces, own } from "../config/setting-rule.ts";

/** What every stack calls from its nodes, and who does. */
const always: Record<string, string> = {
  ec2: "the VPC CNI and the load balancer controller",
  "ecr.api": "nodes, for images",
  "ecr.dkr": "nodes, for images",
  elasticloadbalancing: "the load balancer controller",
  logs: "Container Insights",
};

/** What gives pods the roles of their service accounts. */
const ofIdentity: Record<Settings["cluster"]["identity"], string> = {
  irsa: "sts",
  // The agent asks it, which asks STS (Amazon EKS User Guide, "How EKS Pod Identity works").
  podIdentity: "eks-auth",
};

/** How many interface endpoints a stack has at least that has no way out. */
export const leastEndpoints = Object.keys(always).length + 1;

/** By kind of a resource, what of AWS its users call that a gateway of the VPC does not reach. */
const ofKind: Partial<Record<Settings["resources"][string]["kind"], string>> = {
  files: "elasticfilesystem",
  queue: "sqs",
  topic: "sns",
};

/**
 * The services of AWS that a stack without a way out reaches through interface endpoints (Amazon EKS User
 * Guide, "Deploy private clusters with limited internet access"). Not what `policyArns` let pods call: that is
 * for `network.interfaceEndpoints` to name.
 */
export function neededEndpoints(
  settings: Pick<
    Settings,
    "services" | "jobs" | "resources" | "autoscaler" | "insights" | "cluster"
  >,
): string[] {
  const { services, jobs, resources, autoscaler, insights, cluster } = settings;
  const kinds = Object.values({ ...services, ...jobs }).flatMap(({ uses }) =>
    Object.keys(uses).flatMap((name) => own(resources, name)?.kind ?? []),
  );
  const secrets = containerPlaces(settings).flatMap(({ container }) =>
    Object.values(container.secrets),
  );
  const stored =
    secrets.some(({ secret }) => secret !== undefined) ||
    kinds.some((kind) => linkRules[kind].secrets.length > 0);
  const needed = [
    ...Object.keys(always),
    ofIdentity[cluster.identity],
    // Its driver has its role by IRSA (infra/addons/files-driver.ts).
    ...(Object.values(resources).some(({ kind }) => kind === "files") ? [ofIdentity.irsa] : []),
    // The second tells it of a node group that has no node at the moment.
    ...(autoscaler.enabled ? ["autoscaling", "eks"] : []),
    ...(insights.traces ? ["xray"] : []),
    ...(stored ? ["secretsmanager"] : []),
    ...(secrets.some(({ parameter }) => parameter !== undefined) ? ["ssm"] : []),
    ...kinds.flatMap((kind) => ofKind[kind] ?? []),
  ];
  return [...new Set(needed)].sort();
}

/** Those that are asked for, and without a way out all that are needed. */
export function interfaceEndpoints(
  settings: Parameters<typeof neededEndpoints>[0] & Pick<Settings, "network">,
): string[] {
  const { egress, interfaceEndpoints: asked } = settings.network;
  return egress === "none" ? [...new Set([...neededEndpoints(settings), ...asked])] : asked;
}
