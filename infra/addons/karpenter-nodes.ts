import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster/cluster.ts";
import { instanceMetadata, nodeVolumes } from "../cluster/instances.ts";
import { deletionTimeout, metadataOf, nodePoolSpec } from "../cluster/node-pool.ts";
import { nodePool as name, podsOfStarted } from "../cluster/started-nodes.ts";
import type { KarpenterConfig, NodeGroupConfig } from "../config/schema.ts";
import type { Network } from "../network/network.ts";
import type { NodeRole } from "./node-role.ts";

/** The settings of the nodes, those that they share with the managed group included. */
export type StartedNodes = KarpenterConfig &
  Pick<NodeGroupConfig, "architecture" | "operatingSystem" | "release" | "diskSizeGiB"> & {
    /** Whether nodes get prefixes of addresses. */
    prefixDelegation: boolean;
  };

export interface KarpenterNodesArgs extends StartedNodes {
  cluster: Pick<Cluster, "name" | "securityGroupId">;
  network: Pick<Network, "privateSubnetIds">;
  role: NodeRole;
  /** Tags of the instances and volumes, which do not inherit the provider's. */
  tags: Record<string, string>;
}

/**
 * The nodes that Karpenter starts for pods without room, and ends when their pods fit on fewer.
 *
 * The deletion of the NodePool ends its nodes first: it owns their NodeClaims, which keep
 * `karpenter.sh/termination` until their instance is gone. So the component must depend on the
 * controller, and all pods that run on its nodes on the component
 * (aws/karpenter-provider-aws issues 1955, 1382 and 5727).
 */
export class KarpenterNodes extends pulumi.ComponentResource {
  constructor(
    resourceName: string,
    args: KarpenterNodesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("platform:addons:KarpenterNodes", resourceName, {}, opts);
    const parent = { parent: this };
    const metadata = metadataOf(name);
    const nodeClass = new kubernetes.apiextensions.CustomResource(
      `${resourceName}-class`,
      {
        apiVersion: "karpenter.k8s.aws/v1",
        kind: "EC2NodeClass",
        metadata,
        spec: nodeClassSpec(args),
      },
      { ...parent, dependsOn: args.role, customTimeouts: deletionTimeout },
    );
    new kubernetes.apiextensions.CustomResource(
      resourceName,
      {
        apiVersion: "karpenter.sh/v1",
        kind: "NodePool",
        metadata,
        spec: nodePoolSpec(args, { group: "karpenter.k8s.aws", kind: "EC2NodeClass", name }),
      },
      { ...parent, dependsOn: nodeClass, customTimeouts: deletionTimeout },
    );
    this.registerOutputs();
  }
}

function nodeClassSpec(args: KarpenterNodesArgs) {
  const { operatingSystem, tags, cluster, network, role } = args;
  return {
    amiSelectorTerms: [{ alias: `${operatingSystem}@${imageVersion(args)}` }],
    instanceProfile: role.instanceProfile,
    subnetSelectorTerms: pulumi
      .output(network.privateSubnetIds)
      .apply((ids) => ids.map((id) => ({ id }))),
    securityGroupSelectorTerms: [{ id: cluster.securityGroupId }],
    blockDeviceMappings: nodeVolumes(args).map(({ deviceName, GiB }) => ({
      deviceName,
      ebs: {
        volumeSize: `${GiB}Gi`,
        volumeType: "gp3",
        encrypted: true,
        deleteOnTermination: true,
      },
    })),
    metadataOptions: instanceMetadata,
    ...(args.prefixDelegation && { kubelet: { maxPods: podsOfStarted(args.instanceTypes) } }),
    tags,
  };
}

/**
 * The version of Karpenter's alias by the release of a managed group's image: `v20261112` of
 * `1.36.2-20261112` (al2023), `v1.53.0` of `1.53.0-0a1b2c3d` (bottlerocket). Karpenter's page "NodeClasses",
 * spec.amiSelectorTerms.
 */
function imageVersion({
  operatingSystem,
  release = "",
}: Pick<StartedNodes, "operatingSystem" | "release">): string {
  const [version, suffix] = release.split("-");
  return `v${operatingSystem === "al2023" ? suffix : version}`;
}
