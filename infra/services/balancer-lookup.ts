import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { IngressConfig } from "../config/schema.ts";
import { groupName } from "./ingress-annotations.ts";
import { servicePort } from "./service-specs.ts";

export interface MadeBy {
  clusterName: string;
  scheme: IngressConfig["scheme"];
  /** Known once the controller has made what is looked for: the host name of an Ingress. */
  made: pulumi.Output<unknown>;
}

// The controller's tags and ids: its pkg/deploy/tracking, and pkg/ingress.

/** The last part of the load balancer's ARN, by which CloudWatch knows it. */
export function loadBalancerSuffix(of: MadeBy, opts: pulumi.InvokeOptions): pulumi.Output<string> {
  return aws.lb.getLoadBalancerOutput({ tags: tagsOf("LoadBalancer", of) }, opts).arnSuffix;
}

/** The same of the target group that an Ingress's backend has. */
export function targetGroupSuffix(
  backend: Record<"namespace" | "ingress" | "service", pulumi.Input<string | undefined>>,
  of: MadeBy,
  opts: pulumi.InvokeOptions,
): pulumi.Output<string> {
  const { namespace, ingress, service } = backend;
  const id = pulumi.interpolate`${namespace}/${ingress}-${service}:${servicePort}`;
  return aws.lb.getTargetGroupOutput({ tags: tagsOf(id, of) }, opts).arnSuffix;
}

function tagsOf(resource: pulumi.Input<string>, { clusterName, scheme, made }: MadeBy) {
  return pulumi.all([resource, made]).apply(([id]) => ({
    "elbv2.k8s.aws/cluster": clusterName,
    "ingress.k8s.aws/stack": groupName(scheme),
    "ingress.k8s.aws/resource": id,
  }));
}
