import { waits } from "../../cloud/durations.ts";
import type { Fleet } from "./fleet.ts";
import { replaceInstance } from "./group-scaling.ts";
import type { FleetNode } from "./pods.ts";

/**
 * What follows the loss of a node: Kubernetes finds it unreachable, and evicts its pods after their
 * tolerations (pkg/controller/nodelifecycle, --node-monitor-grace-period of 50 s since 1.32; a node each
 * 10 s by --node-eviction-rate, none where no node of the cluster is ready). Amazon EC2 Auto Scaling
 * replaces the instance of a group, and the cloud controller then forgets the node. Karpenter does neither
 * (karpenter-provider-aws issue 7634; its NodeRepair is off by default).
 */
export function watchNodes(fleet: Fleet): void {
  const lost = fleet.nodes.filter(({ lostAt }) => lostAt !== undefined);
  lost.forEach((node, at) => {
    const seconds = fleet.now - (node.lostAt ?? 0);
    if (seconds >= waits.nodeUnreachable && node.ready) {
      node.ready = false;
      fleet.say("NodeNotReady", node.name, "Kubelet stopped posting node status.");
    }
    const tainted = seconds - waits.nodeUnreachable - 10 * at;
    if (fleet.nodes.some(({ ready }) => ready)) evictAfter(fleet, node, tainted);
    if (seconds === waits.instanceImpaired && node.group) replaceInstance(fleet, node);
  });
}

function evictAfter(fleet: Fleet, node: FleetNode, seconds: number): void {
  for (const pod of fleet.pods) {
    if (pod.node === node && seconds >= pod.workload.tolerationSeconds) fleet.end(pod);
  }
}
