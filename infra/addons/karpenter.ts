import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster/cluster.ts";
import { nodeName } from "../cluster/instances.ts";
import { ServiceAccountRole } from "../cluster/service-account-role.ts";
import type { Network } from "../network/network.ts";
import { InterruptionQueue } from "./interruption-queue.ts";
import { KarpenterNodes, type StartedNodes } from "./karpenter-nodes.ts";
import { karpenterPolicy } from "./karpenter-policy.ts";
import { NodeRole } from "./node-role.ts";

export interface KarpenterArgs {
  /** What it starts. */
  nodes: StartedNodes;
  cluster: Pick<Cluster, "name" | "identity" | "securityGroupId">;
  network: Pick<Network, "privateSubnetIds">;
  /** What its pods need: nodes, names and a way to AWS. Its roles and its queue do not wait for them. */
  prerequisites: pulumi.Resource[];
  /** The cluster's name as the configuration has it. */
  clusterName: string;
  region: string;
  accountId: string;
  /** Tags of the instances and volumes, which do not inherit the provider's. */
  tags: Record<string, string>;
}

const namespace = "kube-system";
const serviceAccount = "karpenter";
/** Its compatibility matrix has Kubernetes 1.35 and 1.36 (1.9 and 1.13 on). Chart and image have one version. */
// renovate: datasource=docker depName=public.ecr.aws/karpenter/karpenter
const chartVersion = "1.14.1";

/**
 * Karpenter: starts a node for pods that find no room on the managed group, of the type that costs
 * least, and ends it when it is not needed.
 *
 * Pods that may need a node must depend on the component, so that on the way down they go first, then
 * the nodes, then the controller. What ends the nodes is never deleted before them.
 */
export class Karpenter extends pulumi.ComponentResource {
  constructor(name: string, args: KarpenterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:addons:Karpenter", name, {}, opts);
    const parent = { parent: this };
    const { cluster, network } = args;
    const queue = new InterruptionQueue(`${name}-interruptions`, parent);
    const nodeRole = new NodeRole(`${name}-node`, { clusterName: cluster.name }, parent);
    const policy = karpenterPolicy({ ...args, nodeRoleArn: nodeRole.arn, queueArn: queue.arn });
    const role = new ServiceAccountRole(
      name,
      { identity: cluster.identity, namespace, serviceAccount, policy },
      { ...parent, dependsOn: nodeRole },
    );
    const controller = makeController(name, args, { role, queue }, parent);
    new KarpenterNodes(
      `${name}-nodes`,
      {
        ...args.nodes,
        ...{ cluster, network, role: nodeRole },
        tags: { ...args.tags, Name: nodeName(args.clusterName) },
      },
      { ...parent, dependsOn: controller },
    );
    this.registerOutputs();
  }
}

/**
 * The definitions are a chart of their own: Helm never changes those of a chart's `crds` folder
 * (Karpenter's page "Upgrading", CRD upgrades).
 */
function makeController(
  name: string,
  args: KarpenterArgs,
  { role, queue }: { role: ServiceAccountRole; queue: InterruptionQueue },
  parent: { parent: pulumi.Resource },
): kubernetes.helm.v3.Release {
  const release = {
    namespace,
    version: chartVersion,
    // A release that fails is taken back whole, so that the next update starts clean.
    atomic: true,
    timeout: 600,
  };
  const definitions = new kubernetes.helm.v3.Release(
    `${name}-crd`,
    { ...release, name: "karpenter-crd", chart: "oci://public.ecr.aws/karpenter/karpenter-crd" },
    { ...parent, dependsOn: args.prerequisites },
  );
  return new kubernetes.helm.v3.Release(
    name,
    {
      ...release,
      name: "karpenter",
      chart: "oci://public.ecr.aws/karpenter/karpenter",
      skipCrds: true,
      values: values(args, role, queue.name),
    },
    { ...parent, dependsOn: [role, queue, definitions, ...args.prerequisites] },
  );
}

/**
 * As the chart's values.yaml names them. By the chart's own, its pods run on nodes that Karpenter did
 * not start, no two on one, with a read-only file system and no capabilities.
 */
function values(
  { clusterName }: KarpenterArgs,
  role: ServiceAccountRole,
  interruptionQueue: pulumi.Output<string>,
) {
  return {
    serviceAccount: {
      create: true,
      name: role.serviceAccount,
      annotations: role.annotations,
    },
    // One leads. The node that is lost may be its own, and then nobody else would replace it.
    replicas: 2,
    podDisruptionBudget: { name: "karpenter", maxUnavailable: 1 },
    // It starts the nodes that CoreDNS may need.
    dnsPolicy: "Default",
    controller: {
      resources: {
        requests: { cpu: "250m", memory: "512Mi" },
        limits: { cpu: "1", memory: "1Gi" },
      },
    },
    // In a zonal shift it starts no node in the zone. It does not start itself where the cluster has none on.
    settings: { clusterName, interruptionQueue, enableZonalShift: true },
  };
}
