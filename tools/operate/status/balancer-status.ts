import { DescribeCertificateCommand } from "@aws-sdk/client-acm";
import {
  DescribeListenersCommand,
  DescribeTargetHealthCommand,
  paginateDescribeListenerCertificates,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { paginateGetResources } from "@aws-sdk/client-resource-groups-tagging-api";
import { groupName } from "../../../infra/services/ingress-annotations.ts";
import type { OperatedStack } from "../operated-stack.ts";
import type { AwsClients } from "./aws-clients.ts";

/** What the controller made for the stack. */
export interface Balancer {
  /** The ARN. */
  loadBalancer?: string;
  /** ARNs, by service. */
  targetGroups: Record<string, string>;
}

export interface Targets {
  healthy: number;
  /** Those that get requests or should: without those that are draining or not used. */
  registered: number;
  notHealthy: { target: string; state: string; says: string }[];
}

/** A certificate that the load balancer serves. */
export interface ServedCertificate {
  hostName: string;
  expires?: Date;
  status: string;
  /** Why ACM has not renewed it, if it has tried. */
  renewal?: string;
}

/** By the controller's tags: its pkg/deploy/tracking, and pkg/ingress for the ids. */
export async function findBalancer(
  { tagging }: Pick<AwsClients, "tagging">,
  { clusterName, config }: OperatedStack,
): Promise<Balancer> {
  const found: Balancer = { targetGroups: {} };
  const pages = paginateGetResources(
    { client: tagging },
    {
      ResourceTypeFilters: [
        "elasticloadbalancing:loadbalancer",
        "elasticloadbalancing:targetgroup",
      ],
      TagFilters: [
        { Key: "elbv2.k8s.aws/cluster", Values: [clusterName] },
        { Key: "ingress.k8s.aws/stack", Values: [groupName(config.services.ingress.scheme)] },
      ],
    },
  );
  for await (const { ResourceTagMappingList = [] } of pages) {
    for (const { ResourceARN = "", Tags = [] } of ResourceTagMappingList) {
      const id = Tags.find(({ Key }) => Key === "ingress.k8s.aws/resource")?.Value ?? "";
      if (id === "LoadBalancer") found.loadBalancer = ResourceARN;
      else if (id.includes("/")) found.targetGroups[id.split("/")[0] ?? ""] = ResourceARN;
    }
  }
  return found;
}

/** The last part of an ARN, by which CloudWatch knows load balancers and target groups. */
export const suffixOf = (arn: string): string =>
  arn.replace(/^.*:loadbalancer\//, "").replace(/^.*:(?=targetgroup\/)/, "");

export async function targetsOf(
  { balancing }: Pick<AwsClients, "balancing">,
  targetGroup: string,
): Promise<Targets> {
  const { TargetHealthDescriptions = [] } = await balancing.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: targetGroup }),
  );
  const counted = TargetHealthDescriptions.filter(
    ({ TargetHealth }) => !["draining", "unused"].includes(TargetHealth?.State ?? ""),
  );
  const notHealthy = counted.filter(({ TargetHealth }) => TargetHealth?.State !== "healthy");
  return {
    registered: counted.length,
    healthy: counted.length - notHealthy.length,
    notHealthy: notHealthy.map(({ Target, TargetHealth }) => ({
      target: Target?.Id ?? "",
      state: TargetHealth?.State ?? "",
      says: [TargetHealth?.Reason, TargetHealth?.Description].filter(Boolean).join(": "),
    })),
  };
}

/** ARNs of what the load balancer's listeners serve. */
export async function servedCertificates(
  { balancing }: Pick<AwsClients, "balancing">,
  loadBalancer: string,
): Promise<string[]> {
  const { Listeners = [] } = await balancing.send(
    new DescribeListenersCommand({ LoadBalancerArn: loadBalancer }),
  );
  const arns = new Set<string>();
  for (const { ListenerArn, Protocol } of Listeners) {
    if (Protocol !== "HTTPS") continue;
    const pages = paginateDescribeListenerCertificates({ client: balancing }, { ListenerArn });
    for await (const { Certificates = [] } of pages) {
      for (const { CertificateArn } of Certificates) if (CertificateArn) arns.add(CertificateArn);
    }
  }
  return [...arns];
}

export async function certificateOf(
  { acm }: Pick<AwsClients, "acm">,
  arn: string,
): Promise<ServedCertificate> {
  const { Certificate } = await acm.send(new DescribeCertificateCommand({ CertificateArn: arn }));
  const { RenewalStatus, RenewalStatusReason } = Certificate?.RenewalSummary ?? {};
  const waits = RenewalStatus && RenewalStatus !== "SUCCESS";
  return {
    hostName: Certificate?.DomainName ?? arn,
    expires: Certificate?.NotAfter,
    status: Certificate?.Status ?? "",
    ...(waits && { renewal: [RenewalStatus, RenewalStatusReason].filter(Boolean).join(": ") }),
  };
}
