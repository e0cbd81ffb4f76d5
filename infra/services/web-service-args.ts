import type * as pulumi from "@pulumi/pulumi";
import type { ContainerInsights } from "../addons/container-insights.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { IngressConfig, NodesConfig, ServiceConfig } from "../config/schema.ts";
import type { Network } from "../network/network.ts";
import type { NamespaceOwner } from "../preview-environments/preview-environments.ts";
import type { IngressArgs } from "./ingress-annotations.ts";

export interface WebServiceArgs
  extends Omit<ServiceConfig, "image">,
    Pick<NodesConfig, "architecture"> {
  name: string;
  /** Whose tokens the service's role on AWS trusts. @default it has no role */
  cluster?: Pick<Cluster, "oidc">;
  network: Pick<Network, "loadBalancerCidrBlocks">;
  /** `<repository>@sha256:<digest>` */
  image: pulumi.Input<string>;
  /** What the load balancer is, for all services that share it. */
  ingress: IngressConfig;
  edge: IngressArgs["edge"];
  /** Takes the service's metrics and traces. @default nobody does */
  insights?: Pick<ContainerInsights, "agent">;
  /** The priority class that the service belongs to, as a guest of its stack. @default none */
  host?: NamespaceOwner;
}
