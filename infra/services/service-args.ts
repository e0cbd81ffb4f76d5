import type * as pulumi from "@pulumi/pulumi";
import type { ContainerInsights } from "../addons/container-insights.ts";
import type { Keda } from "../addons/keda.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { NodeChoice } from "../cluster/started-nodes.ts";
import type { HealthConfig } from "../config/container-schema.ts";
import type { IngressConfig, NodesConfig, Place } from "../config/schema.ts";
import type { JobConfig, ServiceConfig } from "../config/workload-schema.ts";
import type { Network } from "../network/network.ts";
import type { NamespaceOwner } from "../preview-environments/preview-environments.ts";
import type { Link } from "../resources/link.ts";
import type { Callee } from "./calls.ts";
import type { ContainerArgs } from "./container.ts";
import type { IngressArgs } from "./ingress-annotations.ts";

/** A service or a job: its containers, what they may reach, and what is around them. */
export interface WorkloadArgs
  extends Omit<ContainerArgs, "architecture">,
    Pick<NodesConfig, "architecture">,
    Pick<JobConfig, "policyArns" | "egress" | "onDemandOnly"> {
  /** Also its namespace. */
  name: string;
  sidecars: Record<string, ContainerArgs & { health?: HealthConfig }>;
  before: Record<string, ContainerArgs>;
  calls: Callee[];
  /** Of the resources that it uses. */
  links: Link[];
  /** By which it gets its role on AWS. @default it has no role */
  cluster?: Pick<Cluster, "identity">;
  place: Place;
  /** The name of that role. @default the name of the component */
  roleName?: string;
  /** Takes its metrics and traces. @default nobody does */
  insights?: Pick<ContainerInsights, "agent">;
  /** @default managed groups have all nodes, of one capacity */
  nodes?: NodeChoice;
  /** Of the image that debuggers of `cluster.debug` bring. @default its namespace has no Role for them */
  debugImage?: pulumi.Input<string>;
  /** The priority class that owns a preview environment's namespace. @default none */
  owner?: NamespaceOwner;
}

type OwnSettings = Omit<
  ServiceConfig,
  | keyof ContainerArgs
  | "sidecars"
  | "before"
  | "calls"
  | "uses"
  | "policyArns"
  | "egress"
  | "onDemandOnly"
>;

export interface ServiceArgs extends WorkloadArgs, OwnSettings {
  /** The namespaces of those that call it. */
  callers: string[];
  /** What `scale` needs. @default the service has none */
  keda?: Keda;
  /** By which the load balancer controller tags what it makes. */
  clusterName: string;
  network: Pick<Network, "loadBalancerCidrBlocks">;
  /** What the load balancer is, for all services that share it. */
  ingress: IngressConfig;
  edge: IngressArgs["edge"];
}

export interface JobArgs
  extends WorkloadArgs,
    Pick<
      JobConfig,
      "schedule" | "timeZone" | "concurrency" | "deadlineSeconds" | "retries" | "keepRuns"
    > {}
