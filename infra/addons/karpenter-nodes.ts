import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster/cluster.ts";
import { instanceMetadata, nodeVolumes } from "../cluster/instances.ts";
import { nodePool as name } from "../cluster/started-nodes.ts";
import type { KarpenterConfig, NodeGroupConfig } from "../config/schema.ts";
import type { Network } from "../network/network.ts";
import { nodeDeadlines } from "../services/drain.ts";
import type { NodeRole } from "./node-role.ts";

/** The settings of the nodes, those that they share with the managed group included. */
export type StartedNodes = KarpenterConfig &
  Pick<NodeGroupConfig, "architecture" | "operatingSystem" | "release" | "diskSizeGiB">;

export interface KarpenterNodesArgs extends StartedNodes {
  cluster: Pick<Cluster, "name" | "securityGroupId">;
  network: Pick<Network, "privateSubnetIds">;
  role: NodeRole;
  /** Tags of the instances and volumes, which do not inherit the provider's. */
  tags: Record<string, string>;
}

/** Instances that end are waited for: a node drains for 15 minutes at most. */
const deletionTimeout = { delete: "30m" };

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
    const metadata = {
      name,
      annotations: {
        "pulumi.com/waitFor": "condition=Ready",
        "pulumi.com/deletionPropagationPolicy": "foreground",
      },
    };
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
      { apiVersion: "karpenter.sh/v1", kind: "NodePool", metadata, spec: nodePoolSpec(args) },
      { ...parent, dependsOn: nodeClass, customTimeouts: deletionTimeout },
    );
    this.registerOutputs();
  }
}

function nodePoolSpec(args: KarpenterNodesArgs) {
  const among = (key: string, values: string[]) => ({ key, operator: "In", values });
  return {
    template: {
      spec: {
        nodeClassRef: { group: "karpenter.k8s.aws", kind: "EC2NodeClass", name },
        requirements: [
          among("kubernetes.io/os", ["linux"]),
          among("kubernetes.io/arch", [args.architecture]),
          among("karpenter.sh/capacity-type", args.capacityTypes),
          among("node.kubernetes.io/instance-type", args.instanceTypes),
        ],
        expireAfter: `${args.expireAfterHours}h`,
        // A pod that a disruption budget holds is ended then: no drain lasts for ever.
        terminationGracePeriod: `${nodeDeadlines.nodeUpdate}s`,
      },
    },
    disruption: {
      consolidationPolicy: "WhenEmptyOrUnderutilized",
      consolidateAfter: "1m",
      // At least one: Karpenter rounds up.
      budgets: [{ nodes: "10%" }],
    },
    limits: { cpu: String(args.cpuLimit), memory: `${args.memoryLimitGiB}Gi` },
  };
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
