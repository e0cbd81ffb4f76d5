/**
 * Waits outside the calls of the program. AWS guarantees none. Sources: [1] Amazon EKS User Guide,
 * "Create an Amazon EKS cluster" ("several minutes"; eksctl's page says 10 to 15 with nodes); [2]
 * apply logs quoted in issues of terraform-aws-modules/terraform-aws-eks and in
 * DevopsArtFactory/terraform-provisioning pull 46 (node group 1m48s to 1m59s); [3] Elastic Load
 * Balancing: a new load balancer is `provisioning` for two to three minutes.
 */
export const waits = {
  /** The control plane moves to the next minor version in about ten minutes [1]. */
  controlPlaneVersion: 540,
  /** From the autoscaler's request until a node is ready [2]. */
  nodeStart: 115,
  /** From Karpenter's decision until its node is ready: no Auto Scaling group is asked. Assumed. */
  nodeClaim: 50,
  /** `consolidateAfter` of our NodePool, and a round of Karpenter's disruption controller. */
  consolidation: 70,
  /** Until Karpenter sees that a node has drifted (nodeclaim/disruption/drift.go, RequeueAfter). */
  driftFound: 300,
  /** From the end of the drain until the instance and its network interfaces are gone. Assumed. */
  instanceTerminated: 60,
  /** A managed node group replaces one node: a new one joins, the old one is drained [1]. */
  nodeReplaced: 150,
  /** From the controller's call until the load balancer is active [3]. */
  loadBalancerActive: 150,
  /** Until the network interfaces of a deleted load balancer are gone [3]. */
  loadBalancerInterfacesGone: 60,
  /** Build of a small Node.js service, and the push of its image. */
  buildAndPush: 87,
  /** Pull of an image of ~60 MB. */
  imagePull: 9,
  /** Start of a container, until its first probe is answered. */
  containerStart: 3,
  /** Pull of an image and start of a container. */
  podStart: 12,
  /** A short job, such as a migration. */
  jobRun: 20,
  /** A pod that has ended is taken out of the target group and has served its drain. */
  podDrain: 60,
  /** An index of an empty table, made or removed (terraform-provider-aws: it asks for ten minutes). */
  tableIndex: 300,
  /** Two health checks of the load balancer find a new pod healthy. */
  targetHealthy: 20,
  /** Until a change of load is in the metrics of pods: the kubelet's window, and metrics-server's 15 s. */
  podMetrics: 30,
  /** Until a node that died is NotReady (--node-monitor-grace-period, by default 50 s since 1.32). */
  nodeUnreachable: 50,
  /**
   * Until Amazon EC2 Auto Scaling replaces an instance that died without notice: status checks run each
   * minute (Amazon EC2 User Guide, status checks). Assumed.
   */
  instanceImpaired: 180,
  /** The controllers' reaction to a change of an object. */
  reconcile: 3,
};

/**
 * Seconds until the pods of a service have left their nodes. Its disruption budget lets one go at a
 * time, until its replacement is healthy; the last one has its whole grace period.
 */
export function evictionSeconds(pods: number, graceSeconds: number): number {
  return pods * (waits.podStart + waits.targetHealthy) + graceSeconds;
}
