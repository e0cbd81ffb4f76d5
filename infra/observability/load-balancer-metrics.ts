import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { IngressConfig } from "../config/schema.ts";
import { groupName } from "../services/ingress-annotations.ts";
import { servicePort } from "../services/service-specs.ts";
import type { Services } from "../services/services.ts";

export interface BalancerArgs {
  clusterName: string;
  services: Pick<Services, "loadBalancer" | "services">;
  scheme: IngressConfig["scheme"];
}

/** The last parts of ARNs, by which CloudWatch knows what the load balancer controller made. */
export interface Balancer {
  loadBalancer: pulumi.Output<string>;
  /** By service, of those with a route. */
  targetGroups: Record<string, pulumi.Output<string>>;
}

/**
 * Looks up the load balancer and the target groups of the services, by the controller's tags (its
 * pkg/deploy/tracking and the ids that pkg/ingress gives), once the Ingresses have an address.
 */
export function findBalancer(
  { clusterName, services, scheme }: BalancerArgs,
  opts: pulumi.InvokeOptions,
): Balancer {
  const tags = (resource: pulumi.Input<string>) =>
    pulumi.all([resource, services.loadBalancer]).apply(([id]) => ({
      "elbv2.k8s.aws/cluster": clusterName,
      "ingress.k8s.aws/stack": groupName(scheme),
      "ingress.k8s.aws/resource": id,
    }));
  return {
    loadBalancer: aws.lb.getLoadBalancerOutput({ tags: tags("LoadBalancer") }, opts).arnSuffix,
    targetGroups: Object.fromEntries(
      Object.entries(services.services).flatMap(([name, { names }]) => {
        const { ingress, service } = names;
        if (!ingress || !service) return [];
        const id = pulumi.interpolate`${name}/${ingress}-${service}:${servicePort}`;
        return [[name, aws.lb.getTargetGroupOutput({ tags: tags(id) }, opts).arnSuffix]];
      }),
    ),
  };
}
