import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type {
  DomainConfig,
  IngressConfig,
  NodesConfig,
  Place,
  PullRequestsConfig,
} from "../config/schema.ts";
import type { ServiceConfig } from "../config/workload-schema.ts";
import type { Edge } from "../edge/edge.ts";
import { makeRepository } from "../image/repository.ts";
import type { Network } from "../network/network.ts";

/** Below every pod without a class; environments push nobody out, and wait for a node instead. */
const priority = -1;

/** How many environments there may be. */
export const mostAnnotation = "platform/environments";

/** The object that environments belong to: without it they are gone. */
export interface NamespaceOwner {
  /** A PriorityClass. */
  name: string;
  uid: string;
}

/** For a namespace that goes with its host, which waits for it. */
export function ownerOf({
  name,
  uid,
}: NamespaceOwner): kubernetes.types.input.meta.v1.OwnerReference {
  const apiVersion = "scheduling.k8s.io/v1";
  return { apiVersion, kind: "PriorityClass", name, uid, blockOwnerDeletion: true };
}

/** What the environment of a pull request must know of the stack that it is a guest of. */
export interface PreviewEnvironmentSettings
  extends PullRequestsConfig,
    Pick<NodesConfig, "architecture"> {
  host: NamespaceOwner;
  /** Each environment's host names are below it. */
  hostName: string;
  certificateArn: string;
  clusterName: string;
  place: Place;
  services: Record<string, ServiceConfig>;
  ingress: IngressConfig;
  network: Pick<Network, "loadBalancerCidrBlocks">;
  registries: string[];
  /** Where their images are pushed to: apart from those that are released. */
  repositoryUrl: string;
}

export interface PullRequestsArgs
  extends Omit<
    PreviewEnvironmentSettings,
    "host" | "hostName" | "certificateArn" | "repositoryUrl"
  > {
  domain: Pick<DomainConfig, "hostName"> | undefined;
  edge: Pick<Edge, "certificateArn">;
}

/**
 * What environments of pull requests need of a stack, where it takes any. Each environment is a stack
 * of its own (projects/pull-request/); its namespaces belong to the priority class made here. When that is
 * deleted, Kubernetes deletes them first, and the deletion waits for them: a destroyed stack leaves no
 * environment on its load balancer, and so no load balancer.
 *
 * Must depend on all that the services depend on.
 */
export class PullRequests extends pulumi.ComponentResource {
  /** Nothing where the stack takes no environments. */
  readonly offer: pulumi.Output<PreviewEnvironmentSettings> | undefined;

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
          description: "Environments of pull requests: the stack's own pods come first",
          value: priority,
          preemptionPolicy: "Never",
        },
        // Deleting waits until the load balancer controller has taken the environments' rules away.
        { parent: this, customTimeouts: { delete: "15m" } },
      );
      // Once an environment is gone, nobody asks for its images again.
      const { repositoryUrl } = makeRepository(
        name,
        {
          forceDelete: true,
          forget: {
            tagStatus: "any",
            days: days + 1,
            description: "Images of environments, which are gone by then",
          },
        },
        { parent: this },
      );
      this.offer = pulumi.output({
        environments,
        days,
        clusterName,
        place,
        architecture,
        services,
        ingress,
        registries,
        repositoryUrl,
        host: { name: metadata.name, uid: metadata.uid },
        hostName: domain.hostName,
        certificateArn: edge.certificateArn ?? "",
        network: { loadBalancerCidrBlocks: network.loadBalancerCidrBlocks },
      });
    }
    this.registerOutputs();
  }
}
