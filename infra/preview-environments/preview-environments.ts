import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Identity } from "../cluster/service-account-role.ts";
import type { NodeChoice } from "../cluster/started-nodes.ts";
import type { DomainConfig } from "../config/domain-schema.ts";
import type { StoreConfig } from "../config/resource-schema.ts";
import type { IngressConfig, NodesConfig, Place, PullRequestsConfig } from "../config/schema.ts";
import type { ServiceConfig } from "../config/workload-schema.ts";
import type { Edge } from "../edge/edge.ts";
import { makeRepository } from "../image/repository.ts";
import type { Network } from "../network/network.ts";
import type { Link } from "../resources/link.ts";

/** Lower than that of pods without a class. These pods preempt no pod; they wait for a node. */
const priority = -1;

/** The limit of preview environments. */
export const mostAnnotation = "platform/environments";

/** The object whose deletion deletes the preview environments. */
export interface NamespaceOwner {
  /** A PriorityClass. */
  name: string;
  uid: string;
}

/** For a namespace that Kubernetes deletes with its owner, and before it. */
export function ownerReference({
  name,
  uid,
}: NamespaceOwner): kubernetes.types.input.meta.v1.OwnerReference {
  const apiVersion = "scheduling.k8s.io/v1";
  return { apiVersion, kind: "PriorityClass", name, uid, blockOwnerDeletion: true };
}

/** What the services of a preview environment use of AWS, and what it makes that with. */
export type PreviewResources = Identity & {
  /** The stack's. */
  provider: {
    region: string;
    allowedAccountIds: string[];
    defaultTags: { tags: Record<string, string> };
  };
  /** Of its roles. @default they have none */
  permissionsBoundary?: string;
  /** The resources of which it has its own, by name. */
  own: Record<string, StoreConfig>;
  /** The links of the stack's resources that it may read. */
  offered: Link[];
  /** The links of the stack's databases in which it has a schema. @default none */
  databases?: Link[];
};

/** The settings that a preview environment takes from the stack that owns it. */
export interface PreviewEnvironmentSettings
  extends Pick<PullRequestsConfig, "environments" | "days">,
    Pick<NodesConfig, "architecture"> {
  /** What nodes the stack's pods take. @default managed groups have all nodes, of one capacity */
  nodes?: NodeChoice;
  owner: NamespaceOwner;
  /** The host names of each environment are below it. */
  hostName: string;
  certificateArn: string;
  clusterName: string;
  place: Place;
  services: Record<string, ServiceConfig>;
  ingress: IngressConfig;
  network: Pick<Network, "loadBalancerCidrBlocks">;
  registries: string[];
  /** The repository of their images. Released images have another one. */
  repositoryUrl: string;
  /** @default no service uses anything */
  aws?: pulumi.Unwrap<PreviewResources>;
}

export interface PullRequestsArgs
  extends Omit<
    PreviewEnvironmentSettings,
    "owner" | "hostName" | "certificateArn" | "repositoryUrl" | "aws"
  > {
  domain: Pick<DomainConfig, "hostName"> | undefined;
  edge: Pick<Edge, "certificateArns">;
  /** @default no service of an environment uses anything */
  aws?: PreviewResources;
}

/**
 * The resources of a stack that its preview environments need. Each preview environment is a stack of
 * its own (projects/pull-request/). The priority class made here owns its namespaces. Kubernetes deletes
 * these before the priority class, and `destroy` waits for that. So no environment keeps the load
 * balancer of a destroyed stack in use.
 *
 * The component must depend on every dependency of the services.
 */
export class PullRequests extends pulumi.ComponentResource {
  /** Undefined when the limit of environments is 0, or the stack has no domain. */
  readonly settings: pulumi.Output<PreviewEnvironmentSettings> | undefined;

  constructor(name: string, args: PullRequestsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:service:PullRequests", name, {}, opts);
    const { domain, edge, network, environments, days } = args;
    const { clusterName, place, architecture, services, ingress, registries } = args;
    if (environments > 0 && domain) {
      const { metadata } = new kubernetes.scheduling.v1.PriorityClass(
        name,
        {
          metadata: {
            labels: { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "platform" },
            annotations: {
              "pulumi.com/deletionPropagationPolicy": "foreground",
              [mostAnnotation]: String(environments),
            },
          },
          description: "Preview environments: the pods of the stack preempt these pods",
          value: priority,
          preemptionPolicy: "Never",
        },
        // The deletion waits until the load balancer controller has removed the listener rules.
        { parent: this, customTimeouts: { delete: "15m" } },
      );
      // No pod needs the images of an environment that is destroyed.
      const { repositoryUrl } = makeRepository(
        name,
        {
          forceDelete: true,
          forget: {
            tagStatus: "any",
            days: days + 1,
            description: "Images of preview environments; each environment ends a day earlier",
          },
        },
        { parent: this },
      );
      this.settings = pulumi.output({
        environments,
        days,
        clusterName,
        place,
        architecture,
        ...(args.nodes && { nodes: args.nodes }),
        services,
        ingress,
        registries,
        repositoryUrl,
        owner: { name: metadata.name, uid: metadata.uid },
        hostName: domain.hostName,
        certificateArn: edge.certificateArns ?? "",
        network: { loadBalancerCidrBlocks: network.loadBalancerCidrBlocks },
        ...(args.aws && { aws: args.aws }),
      });
    }
    this.registerOutputs();
  }
}
