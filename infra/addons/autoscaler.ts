import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster/cluster.ts";
import { containerSecurity, podSecurity } from "../cluster/pod-security.ts";
import { ServiceAccountRole } from "../cluster/service-account-role.ts";
import type { AutoscalerConfig, ClusterConfig } from "../config/schema.ts";
import type { Network } from "../network/network.ts";
import { autoscalerPolicy } from "./autoscaler-policy.ts";
import { type Copying, copiedImage } from "./copied-image.ts";
import { Karpenter } from "./karpenter.ts";
import type { StartedNodes } from "./karpenter-nodes.ts";
import { SpareCapacity } from "./spare-capacity.ts";

export interface AutoscalerArgs extends AutoscalerConfig, Pick<ClusterConfig, "kubernetesVersion"> {
  cluster: Pick<Cluster, "name" | "identity" | "securityGroupId">;
  network: Pick<Network, "privateSubnetIds">;
  /** What Karpenter starts. @default the managed group has all nodes */
  karpenter: StartedNodes | undefined;
  /** Whether EKS Auto Mode starts nodes: the component then adds none. @default false */
  auto?: boolean;
  /** Tags of the instances and volumes that Karpenter makes. */
  tags: Record<string, string>;
  /** What its pods need: nodes, names and a way to AWS. Its role does not wait for them. */
  prerequisites: pulumi.Resource[];
  /** The cluster's name as the configuration has it: part of the tags that EKS sets. */
  clusterName: string;
  region: string;
  accountId: string;
  /** Seconds that the slowest pod of any service has from SIGTERM to SIGKILL. */
  longestGraceSeconds: number;
  /** In a stack whose nodes have no way out. */
  copying?: Copying;
}

const namespace = "kube-system";
const serviceAccount = "cluster-autoscaler";
/** The newest one (2026-07-21). It still names 1.35.0 as its image. */
// renovate: datasource=helm depName=cluster-autoscaler registryUrl=https://kubernetes.github.io/autoscaler
const chartVersion = "9.59.0";

/** The scheduler that it simulates is the one of its minor, so the image follows the cluster's. */
export const imageTags: Record<ClusterConfig["kubernetesVersion"], string> = {
  "1.35": "v1.35.2",
  "1.36": "v1.36.1",
};

/**
 * Nodes by demand: the Kubernetes Cluster Autoscaler, or Karpenter. Nothing when both are off, and spare
 * capacity alone in EKS Auto Mode, whose nodes are the cluster's.
 *
 * With the Cluster Autoscaler the node group grows when pods find no room and shrinks when they fit on
 * fewer nodes, between its minimum and its maximum. It only moves the desired size of the managed group,
 * which owns its instances: what it adds goes with the group.
 *
 * Pods that may need a node must depend on the component; it depends on the cluster, and so is gone
 * before the group is deleted.
 */
export class Autoscaler extends pulumi.ComponentResource {
  constructor(name: string, args: AutoscalerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:addons:Autoscaler", name, {}, opts);
    const parent = { parent: this };
    const adds = args.karpenter
      ? new Karpenter("karpenter", { ...args, nodes: args.karpenter }, parent)
      : args.enabled && makeClusterAutoscaler(name, args, parent);
    const dependsOn = args.auto ? args.prerequisites : adds;
    if (dependsOn) {
      const spare = { ...args.spareCapacity, karpenter: args.karpenter !== undefined };
      new SpareCapacity("spare-capacity", spare, { ...parent, dependsOn });
    }
    this.registerOutputs();
  }
}

function makeClusterAutoscaler(
  name: string,
  args: AutoscalerArgs,
  parent: { parent: pulumi.Resource },
): kubernetes.helm.v3.Release {
  const role = new ServiceAccountRole(
    name,
    {
      identity: args.cluster.identity,
      namespace,
      serviceAccount,
      policy: autoscalerPolicy(args),
    },
    parent,
  );
  const tag = imageTags[args.kubernetesVersion];
  const image = `registry.k8s.io/autoscaling/cluster-autoscaler:${tag}`;
  const copied = copiedImage(name, image, args.copying, parent);
  return new kubernetes.helm.v3.Release(
    name,
    {
      name: "cluster-autoscaler",
      namespace,
      chart: "cluster-autoscaler",
      version: chartVersion,
      repositoryOpts: { repo: "https://kubernetes.github.io/autoscaler" },
      // A release that fails is taken back whole, so that the next update starts clean.
      atomic: true,
      timeout: 600,
      values: { ...values(args, role), image: copied ?? { tag } },
    },
    { ...parent, dependsOn: [role, ...args.prerequisites] },
  );
}

function values(args: AutoscalerArgs, role: ServiceAccountRole) {
  return {
    fullnameOverride: "cluster-autoscaler",
    cloudProvider: "aws",
    awsRegion: args.region,
    autoDiscovery: { clusterName: args.clusterName },
    rbac: {
      serviceAccount: {
        create: true,
        name: role.serviceAccount,
        annotations: role.annotations,
      },
    },
    // One leads. The node that is lost may be its own, and then nobody else would replace it.
    replicaCount: 2,
    podDisruptionBudget: { maxUnavailable: 1 },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: { "app.kubernetes.io/instance": "cluster-autoscaler" } },
      },
    ],
    resources: {
      requests: { cpu: "100m", memory: "256Mi" },
      limits: { cpu: "500m", memory: "512Mi" },
    },
    securityContext: { ...podSecurity, runAsUser: 65534, runAsGroup: 65534 },
    containerSecurityContext: containerSecurity,
    // Nothing scrapes it.
    service: { create: false },
    extraArgs: {
      "balance-similar-node-groups": true,
      expander: "least-waste",
      "scale-down-utilization-threshold": 0.5,
      // The agents on every node fill a quarter of a small one, and go with it.
      "ignore-daemonsets-utilization": true,
      // CoreDNS and the controllers have a second replica and a disruption budget.
      "skip-nodes-with-system-pods": false,
      // What is in an emptyDir here may be lost with its pod.
      "skip-nodes-with-local-storage": false,
      // By default a pod is cut off after 600 seconds, however long its drain clock is.
      "max-graceful-termination-sec": Math.max(600, args.longestGraceSeconds),
      v: 2,
    },
  };
}
