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
  sts: "roles of service accounts",
};

/** How many interface endpoints a stack has at least that has no way out. */
export const leastEndpoints = Object.keys(always).length;

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
  settings: Pick<Settings, "services" | "jobs" | "resources" | "autoscaler" | "insights">,
): string[] {
  const { services, jobs, resources, autoscaler, insights } = settings;
  const kinds = Object.values({ ...services, ...jobs }).flatMap(({ uses }) =>
    Object.keys(uses).flatMap((name) => own(resources, name)?.kind ?? []),
  );
  const secrets = containerPlaces(settings).flatMap(({ container }) =>
    Object.values(container.secrets),
  );
  const stored =
    secrets.some(({ secret }) => secret !== undefined) ||
    kinds.some((kind) => linkRules[kind].secrets.length > 0);
  return [
    ...Object.keys(always),
    // The second tells it of a node group that has no node at the moment.
    ...(autoscaler.enabled ? ["autoscaling", "eks"] : []),
    ...(insights.traces ? ["xray"] : []),
    ...(stored ? ["secretsmanager"] : []),
    ...(secrets.some(({ parameter }) => parameter !== undefined) ? ["ssm"] : []),
    ...new Set(kinds.flatMap((kind) => ofKind[kind] ?? [])),
  ].sort();
}

/** Those that are asked for, and without a way out all that are needed. */
export function interfaceEndpoints(
  settings: Parameters<typeof neededEndpoints>[0] & Pick<Settings, "network">,
): string[] {
  const { egress, interfaceEndpoints: asked } = settings.network;
  return egress === "none" ? [...new Set([...neededEndpoints(settings), ...asked])] : asked;
}
