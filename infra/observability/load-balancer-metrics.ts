import type * as pulumi from "@pulumi/pulumi";
import type { IngressConfig } from "../config/schema.ts";
import { loadBalancerSuffix, targetGroupSuffix } from "../services/balancer-lookup.ts";
import type { Services } from "../services/services.ts";

export interface BalancerArgs {
  clusterName: string;
  services: Pick<Services, "loadBalancer" | "services">;
  scheme: IngressConfig["scheme"];
}

/** The last parts of ARNs, by which CloudWatch knows what the load balancer controller made. */
interface Balancer {
  loadBalancer: pulumi.Output<string>;
  /** By service, of those with a route. */
  targetGroups: Record<string, pulumi.Output<string>>;
}

/** Looks up the load balancer and the target groups of the services, once the Ingresses have an address. */
export function findBalancer(
  { clusterName, services, scheme }: BalancerArgs,
  opts: pulumi.InvokeOptions,
): Balancer {
  const made = { clusterName, scheme, made: services.loadBalancer };
  return {
    loadBalancer: loadBalancerSuffix(made, opts),
    targetGroups: Object.fromEntries(
      Object.entries(services.services).flatMap(([namespace, { names }]) => {
        const { ingress, service } = names;
        return ingress && service
          ? [[namespace, targetGroupSuffix({ namespace, ingress, service }, made, opts)]]
          : [];
      }),
    ),
  };
}
